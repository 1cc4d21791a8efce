"""Issues: lists, one, what is decided about them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, abort, request

from errtally.exporter.search import cursor as cursors
from errtally.exporter.search import query, short_ids
from errtally.exporter.search.conditions import AnyOf, Field, Identity, Moment, State, Term, Wording
from errtally.exporter.store.reading_order import IssueQuery
from errtally.exporter.web import bulk, decisions, parts, sayings
from errtally.exporter.web.merges import Refusal
from errtally.exporter.web.parts import part
from errtally.exporter.web.sentry_api import answers, objects, places, updates
from errtally.exporter.web.sentry_api.periods import PeriodError, period_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from errtally.exporter.web.sentry_api.places import ProjectPlace

routes = Blueprint("sentry_issues", __name__, url_prefix=answers.PREFIX)

ORDERS = {
    "date": "last_seen",
    "-last_seen": "last_seen",
    "new": "first_seen",
    "-first_seen": "first_seen",
    "freq": "events",
    "-count": "events",
    "user": "users",
    "trends": "trend",
    "recommended": "last_seen",
    "inbox": "last_seen",
    "priority": "trend",
}
"""Sentry's and GlitchTip's words for the orders of the list."""

DEFAULT_QUERY = "is:unresolved"
MAX_UPDATED = 1000
"""Issues that one update changes."""

_HOURS, _DAYS = 24, 14


@routes.get("/organizations/<organization>/issues/")
def of_organization(organization: str) -> Response:
    """List the issues of all projects, or of those that the request names."""
    places.check_organization(organization)
    return _list(None, seen_within=True)


@routes.get("/projects/<organization>/<project>/issues/")
def of_project(organization: str, project: str) -> Response:
    """List the issues of a project."""
    places.check_organization(organization)
    return _list(places.project(project), seen_within=False)


@routes.get("/issues/<issue>/")
@routes.get("/groups/<issue>/")
@routes.get("/organizations/<organization>/issues/<issue>/")
def one(issue: str, organization: str = places.ORGANIZATION) -> Response:
    """Return one issue by its number or short id."""
    places.check_organization(organization)
    return answers.answer(whole(places.issue(issue)))


@routes.put("/issues/<issue>/")
@routes.put("/groups/<issue>/")
@routes.put("/organizations/<organization>/issues/<issue>/")
def update_one(issue: str, organization: str = places.ORGANIZATION) -> Response:
    """Change an issue's status, and return it."""
    places.check_organization(organization)
    found = places.issue(issue)
    update = _update(found["project"])
    _carry_out([found], update)
    shown = whole(places.issue(issue))
    if update.details:
        shown["statusDetails"] = {**shown["statusDetails"], **update.details}
    return answers.answer(shown)


@routes.put("/organizations/<organization>/issues/")
def update_of_organization(organization: str) -> Response:
    """Change several issues' status, or merge them."""
    places.check_organization(organization)
    return _update_several(None)


@routes.put("/projects/<organization>/<project>/issues/")
def update_of_project(organization: str, project: str) -> Response:
    """Change several issues' status, or merge them."""
    places.check_organization(organization)
    return _update_several(places.project(project))


@routes.delete("/issues/<issue>/")
@routes.delete("/groups/<issue>/")
@routes.delete("/organizations/<organization>/issues/<issue>/")
def delete_one(issue: str, organization: str = places.ORGANIZATION) -> Response:
    """Delete an issue."""
    places.check_organization(organization)
    sayings.guard()
    sayings.delete(places.issue(issue))
    return answers.nothing(202)


@routes.delete("/organizations/<organization>/issues/")
@routes.delete("/projects/<organization>/<project>/issues/")
def delete_several(organization: str, project: str | None = None) -> Response:
    """Delete the issues that ``id`` names; never what a query finds."""
    places.check_organization(organization)
    sayings.guard()
    place = places.project(project) if project is not None else None
    named = answers.parameters("id")
    if not named:
        abort(400, "id: name the issues to delete, as in ?id=1&id=2")
    found = [places.issue(one) for one in named[:MAX_UPDATED]]
    for one in found:
        if place is None or one["project"] == place.name:
            sayings.delete(one)
    return answers.nothing()


@routes.get("/organizations/<organization>/shortids/<short_id>/")
def by_short_id(organization: str, short_id: str) -> Response:
    """Return the issue that a short id names."""
    places.check_organization(organization)
    found = places.issue(short_id)
    shown = whole(found)
    return answers.answer(
        {
            "organizationSlug": places.ORGANIZATION,
            "projectSlug": shown["project"]["slug"],
            "groupId": shown["id"],
            "group": shown,
            "shortId": shown["shortId"],
        }
    )


def whole(found: dict[str, Any]) -> dict[str, Any]:
    """Return one issue with what only its own address tells."""
    place = places.project(found["project"])
    now = time.time()
    reader = parts.reader()
    hours = reader.hours(found["ids"], int(now // 3600) + 1 - _HOURS)
    days = reader.days(found["ids"], int(now // 86400) + 1 - 30)
    shown = objects.issue(
        found,
        place,
        external_url=part("config").external_url,
        now=now,
        condition=found["condition"],
        stats={
            "24h": _pairs({hour: events for hour, (events, _) in hours.items()}, now, 3600, _HOURS),
            "30d": _pairs({day: events for day, (events, _) in days.items()}, now, 86400, 30),
        },
    )
    return {
        **shown,
        "activity": activity(found),
        "seenBy": [],
        "participants": [],
        "pluginIssues": [],
        "pluginActions": [],
        "pluginContexts": [],
        "userReportCount": 0,
        "tags": [
            {"key": tag, "name": tag, "totalValues": sum(n for _, n in values), "uniqueValues": len(values)}
            for tag, values in reader.tags(found["ids"]).items()
        ],
    }


def activity(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what was done about an issue, the newest first; at the end its first event."""
    done = [objects.deed(entry) for entry in found["history"]]
    seen = objects.iso8601(found["first_seen"])
    return [*done, {"id": "0", "type": "first_seen", "user": None, "data": {}, "dateCreated": seen}]


def _list(place: ProjectPlace | None, *, seen_within: bool) -> Response:
    now = time.time()
    sent = request.args.get("query")
    if sent is not None and (direct := _direct(sent.strip(), place)) is not None:
        issue, event_id = direct
        shown = {**_as_json([issue], now)[0], **({"matchingEventId": event_id} if event_id else {})}
        headers = {**answers.links(None, part("config").external_url), "X-Sentry-Direct-Hit": "1", "X-Hits": "1"}
        return answers.answer([shown], headers=headers)
    wanted = _issue_query(DEFAULT_QUERY if sent is None else sent, place, now, seen_within=seen_within)
    issues, found = parts.reader().listed(wanted)
    next_ = found.next.encode() if found.next is not None else None
    headers = answers.links(next_, part("config").external_url)
    if found.next is None and wanted.cursor is None:
        headers["X-Hits"] = str(len(issues))
    return answers.answer(_as_json(issues, now), headers=headers)


def _issue_query(sent: str, place: ProjectPlace | None, now: float, *, seen_within: bool) -> IssueQuery:
    """Read what a list is to show; a parameter that can't be read is a 400."""
    try:
        terms = list(query.parse(sent, now, part("access").who()))
        since, until = period_of(request.args, now)
    except query.QueryError as exc:
        abort(400, f"Error parsing search query: {exc.place}")
    except PeriodError as exc:
        abort(400, str(exc))
    if place is not None:
        terms.append(_is("project", [place.name]))
    elif chosen := [name for name in answers.parameters("project") if name != places.ALL_PROJECTS]:
        terms.append(_is("project", [places.project(name).name for name in chosen]))
    if environments := answers.parameters("environment"):
        terms.append(_is("environment", environments))
    if groups := answers.parameters("group"):
        numbers = [number for one in groups if (number := short_ids.number(one)) is not None]
        terms.append(Term(AnyOf(tuple(Identity(number) for number in numbers))))
    if seen_within and since is not None:
        terms.append(Term(Moment("last_seen", since, None)))
    if seen_within and until is not None:
        terms.append(Term(Moment("first_seen", None, until)))
    order = request.args.get("sort") or "date"
    if order not in ORDERS:
        abort(400, f"sort: {order[:40]!r} is none of {', '.join(ORDERS)}")
    cursor = request.args.get("cursor") or ""
    try:
        place_in_list = cursors.decode(cursor) if cursor and ":" not in cursor else None
    except cursors.CursorError as exc:
        abort(400, f"Invalid cursor parameter: {exc}")
    return IssueQuery(now, terms, order=ORDERS[order], cursor=place_in_list, limit=answers.page_size())


def _is(name: str, texts: Sequence[str]) -> Term:
    return Term(AnyOf(tuple(Field(name, Wording((text,))) for text in texts)))


def _direct(text: str, place: ProjectPlace | None) -> tuple[dict[str, Any], str | None] | None:
    """Return the issue that a query names by an event's id or a short id alone, and the event's id."""
    reader = parts.reader()
    compact = text.replace("-", "").lower()
    if len(compact) == 32 and all(character in "0123456789abcdef" for character in compact):  # noqa: PLR2004
        event = reader.kept_event(compact)
        issue = reader.issue(event.fingerprint, event.project) if event is not None else None
        event_id = event.event_id if event is not None else None
    else:
        issue, event_id = (places.find_issue(text) if short_ids.decode(text) is not None else None), None
    if issue is None or (place is not None and issue["project"] != place.name):
        return None
    return issue, event_id


def _as_json(issues: Sequence[dict[str, Any]], now: float) -> list[dict[str, Any]]:
    """Return issues as a list has them; the period of their numbers is the one that the request names."""
    known = {place.name: place for place in places.projects()}
    reader = parts.reader()
    decided = reader.conditions([one for one in issues if one["status"] in {"resolved", "ignored"}])
    period = request.args.get("groupStatsPeriod") or request.args.get("statsPeriod") or ""
    stats: dict[int, dict[str, list[list[int]]]] = {}
    if period == f"{_DAYS}d":
        by_day = reader.events_by_day(issues, int(now // 86400) + 1 - _DAYS)
        stats = {one["id"]: {period: _pairs(by_day[one["id"]], now, 86400, _DAYS)} for one in issues}
    else:
        for one in issues:
            hours = one.get("hours")
            if hours is None:
                read = reader.hours(one["ids"], int(now // 3600) + 1 - _HOURS)
                hours = {hour: events for hour, (events, _) in read.items()}
            stats[one["id"]] = {f"{_HOURS}h": _pairs(hours, now, 3600, _HOURS)}
    return [
        objects.issue(
            one,
            known[one["project"]],
            external_url=part("config").external_url,
            now=now,
            condition=decided.get(one["id"]),
            stats=stats[one["id"]],
        )
        for one in issues
    ]


def _pairs(counts: dict[int, int], now: float, step_seconds: int, steps: int) -> list[list[int]]:
    """Return events by step until now, oldest first, with the moment at which each step begins."""
    last = int(now // step_seconds)
    return [[step * step_seconds, counts.get(step, 0)] for step in range(last + 1 - steps, last + 1)]


def _update(project: str) -> updates.Update:
    reader = parts.reader()
    releases = [one for one in reader.releases(project) if one["seen"] is not None]
    newest = releases[0]["release"] if releases else None
    if part("access").is_forged():
        abort(403, "send JSON or a bearer token")
    try:
        return updates.read(
            answers.body(), newest, part("access").who(), lambda commit: reader.release_of_commit(project, commit)
        )
    except updates.UpdateError as exc:
        abort(400, f"{exc.field}: {exc}")


def _carry_out(issues: Sequence[dict[str, Any]], update: updates.Update) -> None:
    for found in issues:
        try:
            if update.status is not None:
                decisions.take(found, update.status, update.until, time.time())
            if update.assignee is not None:
                sayings.say(found, "assignee", update.assignee)
            if update.priority is not None:
                sayings.say(found, "priority", update.priority)
        except Refusal as refusal:
            abort(refusal.status, str(refusal))


def _update_several(place: ProjectPlace | None) -> Response:
    reader = parts.reader()
    if named := answers.parameters("id"):
        issues = [places.issue(number) for number in named[:MAX_UPDATED]]
        if place is not None:
            issues = [one for one in issues if one["project"] == place.name]
    else:
        sent = request.args.get("query", DEFAULT_QUERY)
        wanted = _issue_query(sent, place, time.time(), seen_within=False)
        if status := request.args.get("status"):
            wanted = _with_status(wanted, status)
        listed, _ = reader.listed(IssueQuery(wanted.now, wanted.terms, order=wanted.order, limit=MAX_UPDATED))
        issues = [full for one in listed if (full := reader.issue(one["fingerprint"], one["project"])) is not None]
    if not issues:
        return answers.nothing()
    body = answers.body()
    if body.get("merge"):
        return _merge(issues)
    update = _update(issues[0]["project"])
    _carry_out(issues, update)
    shown: dict[str, Any] = {}
    if update.status is not None:
        shown |= {"status": update.status, "statusDetails": update.details}
    if update.assignee is not None:
        shown["assignedTo"] = objects.assignee(update.assignee)
    if update.priority is not None:
        shown["priority"] = update.priority
    return answers.answer(shown)


def _with_status(wanted: IssueQuery, status: str) -> IssueQuery:
    if status not in {"resolved", "unresolved", "ignored"}:
        abort(400, f"status: {status[:40]!r} is none of resolved, unresolved, ignored")
    return IssueQuery(wanted.now, (*wanted.terms, Term(State(status))), order=wanted.order, limit=wanted.limit)


def _merge(issues: Sequence[dict[str, Any]]) -> Response:
    if part("access").is_forged():
        abort(403, "send JSON or a bearer token")
    if len(issues) < 2:  # noqa: PLR2004 (two make one)
        abort(400, "merge: name at least two issues")
    if len({one["project"] for one in issues}) > 1:
        abort(400, "merge: issues of different projects can't be merged")
    target, *others = sorted(issues, key=lambda one: (one["first_seen"], one["id"]))
    bulk.merge_all(target, others)
    return answers.answer({"merge": {"parent": str(target["id"]), "children": [str(one["id"]) for one in others]}})
