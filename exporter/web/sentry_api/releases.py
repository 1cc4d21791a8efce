"""Releases, their commits and deploys: as sentry-cli and continuous integration tell of them, and as they are read."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, abort, request

from errtally.exporter.journal.records import ReleaseChange
from errtally.exporter.search import short_ids
from errtally.exporter.web import deploys, parts
from errtally.exporter.web.merges import Refusal
from errtally.exporter.web.parts import part
from errtally.exporter.web.sentry_api import answers, objects, places

if TYPE_CHECKING:
    from collections.abc import Sequence

routes = Blueprint("sentry_releases", __name__, url_prefix=answers.PREFIX)

_STATUSES = ("open", "archived")


@routes.url_value_preprocessor
def any_organization(_: str | None, named: dict[str, Any] | None) -> None:
    """Take the organisation off the address: whoever comes from elsewhere need not change its name."""
    if named is not None:
        named.pop("organization", None)


@routes.errorhandler(Refusal)
def refused(refusal: Refusal) -> Response:
    """Answer with what is wrong, in the one form that clients read."""
    return answers.failure(400, str(refusal))


@routes.get("/organizations/<organization>/releases/")
@routes.get("/projects/<organization>/<project>/releases/")
def releases(project: str = "") -> Response:
    """List the releases that events or sessions named, or that were told of, the newest first."""
    name = places.named(project) if project else None
    chosen = {places.project(one).name for one in answers.parameters("project") if one != places.ALL_PROJECTS}
    query = request.args.get("query", "").casefold()
    found = [
        one
        for one in parts.reader().releases(name)
        if (not chosen or one["project"] in chosen) and query in one["release"].casefold()
    ]
    return answers.listed([_as_json([one]) for one in found[: answers.page_size()]])


@routes.post("/organizations/<organization>/releases/")
@routes.post("/projects/<organization>/<project>/releases/")
def make(project: str = "") -> Response:
    """Tell of a release: 201, or 208 when it was told of before."""
    _guard()
    body = answers.body()
    version = body.get("version")
    named = [places.named(project)] if project else places.listed(body.get("projects"))
    owners = named or [one["project"] for one in _of_version(version)]
    if not owners:
        return answers.failure(400, "projects: has to name at least one project")
    known = [one for one in _of_version(version) if one["project"] in owners and one["told"] is not None]
    _tell(owners, version, body)
    return answers.answer(_as_json(_as_told(owners, str(version))), 208 if len(known) == len(set(owners)) else 201)


@routes.get("/organizations/<organization>/releases/<path:version>/")
@routes.get("/projects/<organization>/<project>/releases/<path:version>/")
def release(version: str, project: str = "") -> Response:
    """Return one release."""
    return answers.answer(_as_json(_existing(version, project)))


@routes.put("/organizations/<organization>/releases/<path:version>/")
@routes.put("/projects/<organization>/<project>/releases/<path:version>/")
def change(version: str, project: str = "") -> Response:
    """Tell more of a release: when it came out, its page, its commits."""
    _guard()
    body = answers.body()
    owners = places.listed(body.get("projects")) or [one["project"] for one in _existing(version, project)]
    _tell(owners, version, body)
    return answers.answer(_as_json(_as_told(owners, version)))


@routes.delete("/organizations/<organization>/releases/<path:version>/")
@routes.delete("/projects/<organization>/<project>/releases/<path:version>/")
def delete(version: str, project: str = "") -> Response:
    """Forget a release of which nothing came in; one that events or sessions named stays."""
    _guard()
    found = _existing(version, project)
    if any(one["seen"] is not None for one in found):
        return answers.failure(409, "events or sessions named this release: it stays as long as they do")
    for one in found:
        deploys.tell(ReleaseChange(one["project"], version, time.time(), part("access").who(), status="deleted"))
        part("uploads").archive.remove_release(one["project"], version)
    return answers.nothing()


@routes.get("/organizations/<organization>/releases/<path:version>/previous-with-commits/")
def previous_with_commits(version: str) -> Response:
    """Return the release before one, of which commits were told; an empty object without one."""
    of_projects = {one["project"] for one in _of_version(version)}
    listed = [one for one in parts.reader().releases() if not of_projects or one["project"] in of_projects]
    at = next((number for number, one in enumerate(listed) if one["release"] == version), -1)
    before = next((one for one in listed[at + 1 :] if one["commits"] and one["release"] != version), None)
    return answers.answer(_as_json([before]) if before is not None else {})


@routes.get("/organizations/<organization>/releases/<path:version>/commits/")
@routes.get("/projects/<organization>/<project>/releases/<path:version>/commits/")
def commits(version: str, project: str = "") -> Response:
    """List the commits of a release, the newest first."""
    [first, *_] = _existing(version, project)
    return answers.listed([_commit(one) for one in parts.reader().commits(first["project"], version)])


@routes.get("/organizations/<organization>/releases/<path:version>/deploys/")
def deploys_of(version: str) -> Response:
    """List the deploys of a release, the last first."""
    found = _existing(version)
    return answers.listed([_deploy(each) for one in found for each in parts.reader().deploys(one["project"], version)])


@routes.post("/organizations/<organization>/releases/<path:version>/deploys/")
def deploy(version: str) -> Response:
    """Tell of a deploy; a release that is not known yet is known from then on."""
    _guard()
    body = answers.body()
    owners = places.listed(body.get("projects")) or list(places.of_release(version))
    if not owners:
        return answers.failure(400, f"no project has a release {version[:200]!r}: make it first, or send projects")
    sent = {
        "environment": body.get("environment"), "name": body.get("name"), "url": body.get("url"),
        "started": body.get("dateStarted"), "finished": body.get("dateFinished"),
    }  # fmt: skip
    told = [deploys.deploy(owner, version, sent) for owner in dict.fromkeys(owners)]
    return answers.answer(_deploy(told[0]), 201)


@routes.get("/organizations/<organization>/repos/")
def repositories() -> Response:
    """List no repositories: commits come with the releases that they belong to."""
    return answers.listed([])


@routes.post("/organizations/<organization>/code-mappings/bulk/")
def code_mappings() -> Response:
    """Say that frames are not linked to a repository; a 404 would read as "no such organisation"."""
    return answers.failure(400, "errtally makes no links from frames to a repository, so it keeps no code mappings")


def _guard() -> None:
    if part("access").is_forged():
        abort(403, "send JSON or a bearer token")


def _of_version(version: object, owners: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return a release in each project that has it, or in those that are asked for."""
    found = parts.reader().releases(None, version) if isinstance(version, str) and version else []
    return [one for one in found if not owners or one["project"] in owners]


def _existing(version: str, project: str = "") -> list[dict[str, Any]]:
    name = places.named(project) if project else None
    found = [one for one in _of_version(version) if name is None or one["project"] == name]
    if not found:
        abort(404)
    return found


def _tell(owners: Sequence[str], version: object, body: dict[str, Any]) -> None:
    status = body.get("status")
    if status is not None and status not in _STATUSES:
        abort(400, f"status: {str(status)[:60]!r} is none of {', '.join(_STATUSES)}")
    refs = (
        [one for one in body.get("refs") or () if isinstance(one, dict)] if isinstance(body.get("refs"), list) else []
    )
    ref = body.get("ref") or next((one.get("commit") for one in refs), None)
    for owner in dict.fromkeys(owners):
        told = ReleaseChange(
            owner,
            deploys.name(version, "version"),
            time.time(),
            part("access").who(),
            released=deploys.parse_time(body.get("dateReleased"), "dateReleased"),
            ref=deploys.ref(ref),
            url=deploys.address(body.get("url")),
            commits=deploys.commits(body.get("commits")),
            status=status or "",
        )
        deploys.tell(told)


def _as_told(owners: Sequence[str], version: str) -> list[dict[str, Any]]:
    """Return a release as it is after it was told of; where the writer is behind, what is certain of it."""
    found = _of_version(version, owners)
    return found or [
        {
            "project": owner, "release": version, "seen": None, "told": time.time(), "released": None, "ref": "",
            "url": "", "status": "open", "new_issues": 0, "commits": 0, "last_commit": None, "deploys": 0,
        }
        for owner in dict.fromkeys(owners)
    ]  # fmt: skip


def _as_json(found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return one release as it is in one project or several."""
    first = found[0]
    begun = min(one["seen"] or one["told"] for one in found)
    seen = [one["seen"] for one in found if one["seen"] is not None]
    released = next((one["released"] for one in found if one["released"] is not None), None)
    last_deploy = next((each for one in found for each in parts.reader().deploys(one["project"], one["release"])), None)
    out = released if released is not None else (min(seen) if seen else None)
    of_commits = next((one for one in found if one["last_commit"]), None)
    commits = parts.reader().commits(of_commits["project"], of_commits["release"]) if of_commits is not None else []
    return {
        "id": str(places.project_id(f"{first['project']}\0{first['release']}")),
        "version": first["release"],
        "shortVersion": objects.short_version(first["release"]),
        "status": first["status"],
        "ref": first["ref"] or None,
        "url": first["url"] or None,
        "dateCreated": objects.iso8601(begun),
        "dateReleased": objects.iso8601(out) if out is not None else None,
        "firstEvent": objects.iso8601(min(seen)) if seen else None,
        "lastEvent": None,
        "newGroups": sum(one["new_issues"] for one in found),
        "commitCount": max(one["commits"] for one in found),
        "deployCount": sum(one["deploys"] for one in found),
        "lastCommit": _commit(commits[0], begun) if commits else None,
        "lastDeploy": _deploy(last_deploy) if last_deploy is not None else None,
        "authors": [],
        "owner": None,
        "data": {},
        "projects": [_project(one["project"]) for one in found],
    }


def _project(name: str) -> dict[str, Any]:
    id_ = next((one.id for one in places.projects() if one.name == name), None) or places.project_id(name)
    return {"id": id_, "slug": short_ids.slug(name), "name": name, "platform": None, "platforms": []}


def _deploy(told: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": str(told["id"]),
        "environment": told["environment"],
        "name": told["name"] or None,
        "url": told["url"] or None,
        "dateStarted": objects.iso8601(told["started"]) if told["started"] is not None else None,
        "dateFinished": objects.iso8601(told["finished"]),
    }


def _commit(told: dict[str, Any], begun: float | None = None) -> dict[str, Any]:
    """Return a commit; Sentry's MCP server insists on a time, which ``begun`` stands in for."""
    at = told["at"] if told["at"] is not None else begun
    return {
        "id": told["id"],
        "message": told["message"],
        "dateCreated": objects.iso8601(at) if at is not None else None,
        "author": {"name": told["author"], "email": ""} if told["author"] else None,
        "repository": {"name": told["repository"]} if told["repository"] else None,
    }
