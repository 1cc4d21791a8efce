"""The files of a release one by one: how older clients upload, and how all of them list and remove."""

from __future__ import annotations

from dataclasses import replace
from hashlib import blake2b, sha1
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, abort, request

from errtally.errors import MalformedError, RejectedError
from errtally.exporter.artifacts import scripts
from errtally.exporter.artifacts.artifact import MINIFIED_SOURCE, SOURCE, SOURCE_MAP, url_of
from errtally.exporter.artifacts.bundle import Entry
from errtally.exporter.web import deploys
from errtally.exporter.web.merges import Refusal
from errtally.exporter.web.sentry_api import answers, objects, places, uploads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from errtally.exporter.artifacts.artifact import Artifact

_SCRIPT_ENDINGS = (".js", ".cjs", ".mjs", ".bundle", ".jsbundle")

routes = Blueprint("sentry_release_files", __name__, url_prefix=answers.PREFIX)
routes.before_request(uploads.refresh)
routes.url_value_preprocessor(uploads.any_organization)
routes.register_error_handler(RejectedError, uploads.rejected)
routes.register_error_handler(Refusal, uploads.refused)


@routes.get("/organizations/<organization>/releases/<path:version>/files/")
@routes.get("/projects/<organization>/<project>/releases/<path:version>/files/")
def files(version: str, project: str = "") -> Response:
    """List the files of a release; ``query`` looks for a part of their names."""
    query = request.args.get("query", "").casefold()
    found = [one for one in _of_release(version, project) if query in one.url.casefold()]
    return answers.listed([_as_json(one) for one in found])


@routes.post("/organizations/<organization>/releases/<path:version>/files/")
@routes.post("/projects/<organization>/<project>/releases/<path:version>/files/")
def upload(version: str, project: str = "") -> Response:
    """Take one file: ``file``, ``name`` (its address, with ``~`` for scheme and host), ``dist`` and ``header``."""
    uploads.check_form()
    release = deploys.name(version, "version")
    owners = (places.named(project),) if project else places.of_release(release)
    if not owners:
        raise MalformedError("no_project", f"no project has a release {release[:200]!r}: make it first")
    sent = request.files.get("file")
    if sent is None:
        raise MalformedError("no_file", "the form has no file called file")
    name, content = (request.form.get("name") or sent.filename or "").strip(), sent.read()
    if not name or len(name) > deploys.MAX_URL:
        raise MalformedError("bad_name", f"name: has to have 1 to {deploys.MAX_URL} characters")
    dist = request.form.get("dist", "")
    dist = deploys.name(dist, "dist") if dist else ""
    entry = _entry(name, content, _headers(request.form.getlist("header")))
    digest = sha1(content, usedforsecurity=False).hexdigest()
    if any(
        (one.url, one.dist, one.sha1) == (url_of(name), dist, digest)
        for owner in owners
        for one in uploads.uploads().archive.of_release(owner, release)
    ):
        return answers.failure(409, "this file was uploaded before")
    kept = uploads.uploads().take([(entry, content)], owners, release=release, dist=dist)
    return answers.answer(_as_json(replace(kept[-1], project=owners[0])), 201)


@routes.get("/organizations/<organization>/releases/<path:version>/files/<file>/")
@routes.get("/projects/<organization>/<project>/releases/<path:version>/files/<file>/")
def one_file(version: str, file: str, project: str = "") -> Response:
    """Return what is known of a file, or with ``download`` its content."""
    found = _one(version, project, file)
    if not request.args.get("download"):
        return answers.answer(_as_json(found))
    content = uploads.uploads().archive.content(found.sha1)
    return Response(content, content_type="application/octet-stream", headers={"Content-Disposition": "attachment"})


@routes.delete("/organizations/<organization>/releases/<path:version>/files/<file>/")
@routes.delete("/projects/<organization>/<project>/releases/<path:version>/files/<file>/")
def remove(version: str, file: str, project: str = "") -> Response:
    """Remove one file."""
    found = _one(version, project, file)
    uploads.uploads().archive.remove(found)
    return answers.nothing()


@routes.delete("/projects/<organization>/<project>/files/source-maps/")
def remove_all(project: str) -> Response:
    """Remove all files of the release that ``name`` gives."""
    name, release = places.named(project), request.args.get("name", "")
    if not release:
        raise MalformedError("no_release", "name: has to give a release")
    uploads.uploads().archive.remove_release(name, release)
    return answers.nothing()


def _of_release(version: str, project: str) -> list[Artifact]:
    archive = uploads.uploads().archive
    owners: Sequence[str] = (places.named(project),) if project else archive.projects_of_release(version)
    return [one for owner in owners for one in archive.of_release(owner, version)]


def _one(version: str, project: str, file: str) -> Artifact:
    found = next((one for one in _of_release(version, project) if _id(one) == file), None)
    if found is None:
        abort(404)
    return found


def _headers(sent: list[str]) -> dict[str, str]:
    pairs = [line.partition(":") for line in sent[:100]]
    return {name.strip().lower(): value.strip() for name, _, value in pairs if value.strip()}


def _entry(name: str, content: bytes, headers: dict[str, str]) -> Entry:
    """Say what a file is: nothing tells but its name and what is in it."""
    if url_of(name).endswith(_SCRIPT_ENDINGS):
        kind = MINIFIED_SOURCE
    else:
        kind = SOURCE_MAP if scripts.is_map(content) else SOURCE
    return Entry(name, kind, name, headers)


def _id(one: Artifact) -> str:
    """Return a name for a file that lasts as long as it is the same one."""
    known = repr((one.project, one.debug_id, one.kind, one.release, one.dist, one.url))
    return blake2b(known.encode("utf-8", "replace"), digest_size=8).hexdigest()


def _as_json(one: Artifact) -> dict[str, Any]:
    headers = {"Content-Type": "application/octet-stream"}
    if one.map_url:
        headers["Sourcemap"] = one.map_url
    if one.debug_id:
        headers["debug-id"] = one.debug_id
    return {
        "id": _id(one),
        "name": one.url,
        "dist": one.dist or None,
        "sha1": one.sha1,
        "size": one.size_bytes,
        "headers": headers,
        "dateCreated": objects.iso8601(one.uploaded),
    }
