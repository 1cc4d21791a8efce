"""What continuous integration tells of releases and their deploys, on its way into the journal."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from flask import Blueprint, jsonify, request

from errtally.exporter.journal.records import Commit, DeployChange, ReleaseChange, Until
from errtally.exporter.protocols import values
from errtally.exporter.search import short_ids
from errtally.exporter.web import decisions, fixes, parts
from errtally.exporter.web.journaling import journal, wait
from errtally.exporter.web.merges import Refusal
from errtally.exporter.web.parts import part
from errtally.exporter.web.sayings import guard, is_address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Response

MAX_COMMITS = 500
"""Commits of one release that are kept, the newest ones."""

MAX_PATHS = 100
"""Files of one commit."""

MAX_MESSAGE, MAX_PATH = 1_000, 300
_SHORT = 12
"""Characters of a commit's id that people tell it by."""
MAX_URL = 2_000
"""Characters of the address of an uploaded file."""

routes = Blueprint("deploys", __name__)


@routes.post("/api/deploys")
def api_deploy() -> tuple[Response, int]:
    """Tell of a deploy: ``{"project": "shop", "release": "shop@1.4.2", "environment": "production"}``.

    May have ``name`` and ``url``, and ``started`` and ``finished`` (RFC 3339 or seconds since the epoch).
    """
    guard()
    sent = request.get_json(silent=True)
    if not isinstance(sent, dict):
        raise Refusal(400, "malformed", 'the body has to be {"project": "...", "release": "...", "environment": "..."}')
    project = values.label(sent.get("project"))
    if project is None or (part("config").projects and project not in _configured()):
        raise _unprocessable("has to name a project that is configured" if project else "is missing", "project")
    return jsonify(deploy(project, sent.get("release"), sent)), 201


@routes.get("/api/deploys")
def api_deploys() -> Response:
    """List the deploys of a project, or of one of its releases, the last first."""
    project = request.args.get("project", "")
    found = parts.reader().deploys(project, request.args.get("release") or None)
    return jsonify({"deploys": [{**one, "project": project} for one in found]})


def deploy(project: str, release: object, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Tell of a deploy and wait until it can be read.

    Args:
        project: its name.
        release: its name.
        sent: ``environment``, and what else is told: ``name``, ``url``, ``started``, ``finished``.

    Returns:
        The deploy, as `StoreReader.deploys` has them.

    Raises:
        Refusal: 422 that names the field that is wrong.
    """
    now, reader = time.time(), parts.reader()
    record = DeployChange(
        project,
        name(release, "release"),
        name(sent.get("environment"), "environment"),
        now,
        finished=parse_time(sent.get("finished"), "finished") or now,
        started=parse_time(sent.get("started"), "started"),
        name=values.label(sent.get("name")) or "",
        url=address(sent.get("url")),
        by=part("access").who(),
    )
    known = {one["id"] for one in reader.deploys(project, record.release)}
    journal(record, now)

    def own() -> list[dict[str, Any]]:
        found = reader.deploys(project, record.release)
        return [one for one in found if one["id"] not in known and one["finished"] == record.finished]

    wait(lambda: bool(own()))
    found = own()
    return {"project": project, **(found[0] if found else {"id": 0, **_as_stored(record)})}


def tell(record: ReleaseChange) -> None:
    """Tell of a release and wait until that can be read; issues that new commits of it fix are resolved in it."""
    reader = parts.reader()
    before = {one["id"] for one in reader.commits(record.project, record.release)}
    journal(record, record.at)

    def is_folded() -> bool:
        found = next(iter(reader.releases(record.project, record.release)), None)
        if found is None or record.status == "deleted":
            return (found is None) == (record.status == "deleted")
        asked = {
            "released": record.released, "ref": record.ref, "url": record.url, "status": record.status,
            "commits": len(record.commits),
        }  # fmt: skip
        return found["told"] is not None and all(not value or found[name] == value for name, value in asked.items())

    wait(is_folded)
    for commit in record.commits:
        if commit.id not in before:  # else whoever reopened an issue meanwhile would have to do so again
            _fix(record, commit)


def _fix(record: ReleaseChange, commit: Commit) -> None:
    """Resolve the issues of the project that a commit says it fixes, in the release that it is in."""
    reader = parts.reader()
    for slug, number in fixes.fixed(commit.message):
        key = reader.issue_key(number)
        if key is None or key[0] != record.project or short_ids.slug(key[0]) != slug:
            continue
        found = reader.issue(key[1], key[0])
        if found is not None and found["status"] != "resolved":
            by = f"{commit.author or part('access').who()}, commit {commit.id[:_SHORT]}"
            decisions.take(found, "resolved", Until("in_release", record.release), time.time(), by)


def commits(sent: object) -> tuple[Commit, ...]:
    """Read the commits of a release as Sentry's clients send them, the newest first; what is no commit is left out."""
    listed = [one for one in sent if isinstance(one, dict)] if isinstance(sent, list) else []
    return tuple(
        Commit(
            id_,
            values.label(one.get("author_name")) or "",
            (values.text(one.get("message"), MAX_MESSAGE) or "").replace("\0", ""),
            values.label(one.get("repository")) or "",
            values.parse_time(one.get("timestamp")),
            _paths(one.get("patch_set")),
        )
        for one in listed[:MAX_COMMITS]
        if (id_ := values.label(one.get("id"))) is not None
    )


def parse_time(sent: object, field: str) -> float | None:
    """Read a time that need not be there; 422 for what is none."""
    if sent is None or sent == "":
        return None
    found = values.parse_time(sent)
    if found is None:
        raise _unprocessable("is no time such as 2026-11-28T19:10:57Z", field)
    return found


def address(sent: object) -> str:
    """Read the address of a page that need not be there; 422 for what is none."""
    if sent is None or sent == "":
        return ""
    if not isinstance(sent, str) or not is_address(sent):
        raise _unprocessable("is no address such as https://ci.example/42", "url")
    return sent


def ref(sent: object) -> str:
    """Read the branch, tag or commit that a release was built of; "" for what names none."""
    return (values.label(sent) or "") if isinstance(sent, str) else ""


def _paths(sent: object) -> tuple[str, ...]:
    listed = [one for one in sent if isinstance(one, dict)] if isinstance(sent, list) else []
    paths = (values.text(one.get("path"), MAX_PATH) for one in listed[:MAX_PATHS])
    return tuple(path for path in paths if path)


def name(sent: object, field: str) -> str:
    """Read the name of a release or an environment; 422 for what is none."""
    found = values.label(sent) if isinstance(sent, str) else None
    if found is None or not isinstance(sent, str):
        raise _unprocessable("is missing" if sent is None or sent == "" else "has to be a text", field)
    if len(sent.strip()) > values.MAX_LABEL:
        raise _unprocessable(f"has at most {values.MAX_LABEL} characters", field)
    return found


def _configured() -> set[str]:
    return {one.name for one in part("config").projects}


def _as_stored(record: DeployChange) -> dict[str, Any]:
    return {
        name: getattr(record, name) for name in ("release", "environment", "name", "url", "started", "finished", "by")
    }


def _unprocessable(message: str, field: str) -> Refusal:
    return Refusal(422, "unprocessable", f"{field} {message} - at `$.{field}`")
