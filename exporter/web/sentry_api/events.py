"""Events that were kept: of an issue, of a project, by id; tags, fingerprints and history of an issue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, abort, request

from errtally.exporter.digest.sayings import NOTE
from errtally.exporter.web import parts, sayings
from errtally.exporter.web.merges import Refusal
from errtally.exporter.web.parts import part
from errtally.exporter.web.sentry_api import answers, event_objects, issues, objects, places
from errtally.exporter.web.sentry_api.objects import iso8601

if TYPE_CHECKING:
    from errtally.exporter.store.lookup import KeptEvent

routes = Blueprint("sentry_events", __name__, url_prefix=answers.PREFIX)

_NAMED = frozenset({"latest", "recommended", "oldest"})
_OF_ISSUE = ("/issues/<issue>", "/groups/<issue>", "/organizations/<organization>/issues/<issue>")


@routes.get(f"{_OF_ISSUE[0]}/events/")
@routes.get(f"{_OF_ISSUE[1]}/events/")
@routes.get(f"{_OF_ISSUE[2]}/events/")
def of_issue(issue: str, organization: str = places.ORGANIZATION) -> Response:
    """List the kept events of an issue, the newest first."""
    places.check_organization(organization)
    found = places.issue(issue)
    return _list(issue_ids=found["ids"])


@routes.get(f"{_OF_ISSUE[0]}/events/<event>/")
@routes.get(f"{_OF_ISSUE[1]}/events/<event>/")
@routes.get(f"{_OF_ISSUE[2]}/events/<event>/")
def one_of_issue(issue: str, event: str, organization: str = places.ORGANIZATION) -> Response:
    """Return one event of an issue: ``latest``, ``oldest``, ``recommended`` or by its id."""
    places.check_organization(organization)
    found = places.issue(issue)
    if event in _NAMED:
        ids = [sample["event_id"] for sample in found["samples"]]
        event = (ids[-1] if event == "oldest" else ids[0]) if ids else ""
    kept = parts.reader().kept_event(_compact(event))
    if kept is None or kept.issue not in found["ids"]:
        abort(404, "Event not found")
    return answers.answer(_whole(kept, found))


@routes.get("/projects/<organization>/<project>/events/")
def of_project(organization: str, project: str) -> Response:
    """List the kept events of a project, the newest first."""
    places.check_organization(organization)
    return _list(project=places.project(project).name)


@routes.get("/projects/<organization>/<project>/events/<event>/")
def one_of_project(organization: str, project: str, event: str) -> Response:
    """Return a kept event of a project by its id."""
    places.check_organization(organization)
    place = places.project(project)
    kept = parts.reader().kept_event(_compact(event))
    if kept is None or kept.project != place.name:
        abort(404, "Event not found")
    return answers.answer(_whole(kept, _issue_of(kept)))


@routes.get("/projects/<organization>/<project>/events/<event>/json/")
def as_json(organization: str, project: str, event: str) -> Response:  # noqa: ARG001 (whoever explains comes from uploading)
    """Return a kept event of a project in the form that clients send it in."""
    place = places.project(project)
    kept = parts.reader().kept_event(_compact(event))
    if kept is None or kept.project != place.name:
        abort(404, "Event not found")
    return answers.answer(event_objects.as_sent(kept, place))


@routes.get("/organizations/<organization>/eventids/<event>/")
def by_event_id(organization: str, event: str) -> Response:
    """Return the event that an id names, and where it is."""
    places.check_organization(organization)
    kept = parts.reader().kept_event(_compact(event))
    if kept is None:
        abort(404, "Event not found")
    whole = _whole(kept, _issue_of(kept))
    return answers.answer(
        {
            "organizationSlug": places.ORGANIZATION,
            "projectSlug": whole["projectSlug"],
            "groupId": whole["groupID"],
            "eventId": kept.event_id,
            "event": whole,
        }
    )


@routes.get(f"{_OF_ISSUE[0]}/tags/")
@routes.get(f"{_OF_ISSUE[2]}/tags/")
def tags(issue: str, organization: str = places.ORGANIZATION) -> Response:
    """List the tags of an issue's events with their most frequent values."""
    places.check_organization(organization)
    found = places.issue(issue)
    times = parts.reader().tag_times(found["ids"])
    return answers.answer([_tag(name, values, times) for name, values in parts.reader().tags(found["ids"]).items()])


@routes.get(f"{_OF_ISSUE[0]}/tags/<path:tag>/")
@routes.get(f"{_OF_ISSUE[2]}/tags/<path:tag>/")
def one_tag(issue: str, tag: str, organization: str = places.ORGANIZATION) -> Response:
    """Return one tag of an issue's events, or (``KEY/values/``) only its values."""
    places.check_organization(organization)
    name = tag.removesuffix("/values")
    ids = places.issue(issue)["ids"]
    values = parts.reader().tags(ids).get(name)
    if values is None:
        abort(404)
    shown = _tag(name, values, parts.reader().tag_times(ids))
    return answers.answer(shown["topValues"] if name != tag else shown)


@routes.get(f"{_OF_ISSUE[0]}/hashes/")
@routes.get(f"{_OF_ISSUE[2]}/hashes/")
def hashes(issue: str, organization: str = places.ORGANIZATION) -> Response:
    """List the fingerprints of an issue, its own and those merged into it."""
    places.check_organization(organization)
    found = places.issue(issue)
    newest = parts.reader().kept_events(issues=found["ids"], limit=1)
    event = _whole(newest[0], found) if newest else None
    fingerprints = [found["fingerprint"], *(one["fingerprint"] for one in found["merged_fingerprints"])]
    return answers.answer([{"id": fingerprint, "latestEvent": event} for fingerprint in fingerprints])


@routes.get(f"{_OF_ISSUE[0]}/notes/")
@routes.get(f"{_OF_ISSUE[2]}/notes/")
@routes.get(f"{_OF_ISSUE[0]}/comments/")
@routes.get(f"{_OF_ISSUE[2]}/comments/")
def notes(issue: str, organization: str = places.ORGANIZATION) -> Response:
    """List the notes that people left at an issue, the newest first."""
    places.check_organization(organization)
    found = [objects.deed(entry) for entry in places.issue(issue)["history"] if entry["what"] == NOTE]
    return answers.listed(found)


@routes.post(f"{_OF_ISSUE[0]}/notes/")
@routes.post(f"{_OF_ISSUE[2]}/notes/")
@routes.post(f"{_OF_ISSUE[0]}/comments/")
@routes.post(f"{_OF_ISSUE[2]}/comments/")
def add_note(issue: str, organization: str = places.ORGANIZATION) -> Response:
    """Leave a note, ``text`` of the body, and return it."""
    places.check_organization(organization)
    sayings.guard()
    text = answers.body().get("text")
    if not isinstance(text, str) or not text.strip():
        return answers.failure(400, "text: this field is required.")
    try:
        sayings.add_note(places.issue(issue), text)
    except Refusal as refusal:
        abort(400, str(refusal))
    kept = next((entry for entry in places.issue(issue)["history"] if entry["what"] == NOTE), None)
    if kept is None:
        abort(503, "the note is in the journal, and not counted yet")
    return answers.answer(objects.deed(kept), 201)


@routes.get(f"{_OF_ISSUE[0]}/external-issues/")
@routes.get(f"{_OF_ISSUE[2]}/external-issues/")
def external_issues(issue: str, organization: str = places.ORGANIZATION) -> Response:
    """List the ticket that an issue is linked to."""
    places.check_organization(organization)
    found = places.issue(issue)
    return answers.answer([objects.external_issue(found)] if found["ticket"] else [])


@routes.get(f"{_OF_ISSUE[0]}/activities/")
@routes.get(f"{_OF_ISSUE[2]}/activities/")
def activities(issue: str, organization: str = places.ORGANIZATION) -> Response:
    """List what was done about an issue."""
    places.check_organization(organization)
    return answers.answer({"activity": issues.activity(places.issue(issue))})


def _list(issue_ids: tuple[int, ...] | list[int] = (), project: str | None = None) -> Response:
    size = answers.page_size()
    cursor = request.args.get("cursor") or ""
    before = int(cursor) if cursor.isascii() and cursor.isdecimal() and len(cursor) < 19 else None  # noqa: PLR2004
    found = parts.reader().kept_events(
        issues=issue_ids,
        project=project,
        environments=answers.parameters("environment"),
        before=before,
        limit=size + 1,
    )
    page, reader = found[:size], parts.reader()
    next_ = str(page[-1].number) if len(found) > size else None
    is_full = request.args.get("full", "").lower() in {"true", "1"}
    of_key: dict[tuple[str, str], dict[str, Any]] = {}
    shown = []
    for kept in page:
        key = (kept.project, kept.fingerprint)
        if key not in of_key:
            issue = reader.issue(kept.fingerprint, kept.project)
            if issue is None:
                continue  # deleted between the two reads
            of_key[key] = issue
        shown.append(_whole(kept, of_key[key]) if is_full else _row(kept, of_key[key]))
    return answers.answer(shown, headers=answers.links(next_, part("config").external_url))


def _row(kept: KeptEvent, issue: dict[str, Any]) -> dict[str, Any]:
    place = places.project(kept.project)
    return event_objects.row(kept, place, str(issue["id"]), issue["title"], issue["culprit"])


def _whole(kept: KeptEvent, issue: dict[str, Any]) -> dict[str, Any]:
    neighbours = parts.reader().neighbours(issue["ids"], kept.number)
    place = places.project(kept.project)
    return event_objects.whole(kept, place, str(issue["id"]), issue["title"], issue["culprit"], neighbours)


def _issue_of(kept: KeptEvent) -> dict[str, Any]:
    issue = parts.reader().issue(kept.fingerprint, kept.project)
    if issue is None:
        abort(404, "Event not found")
    return issue


def _tag(
    name: str,
    values: list[tuple[str, int]],
    times: dict[tuple[str, str], tuple[float | None, float | None]],
) -> dict[str, Any]:
    def shown(value: str, events: int) -> dict[str, Any]:
        first, last = (None if at is None else iso8601(at) for at in times.get((name, value), (None, None)))
        return {"key": name, "name": value, "value": value, "count": events, "firstSeen": first, "lastSeen": last}

    return {
        "key": name,
        "name": name,
        "totalValues": sum(events for _, events in values),
        "uniqueValues": len(values),
        "topValues": [shown(value, events) for value, events in values],
    }


def _compact(event_id: str) -> str:
    return event_id.replace("-", "").lower()
