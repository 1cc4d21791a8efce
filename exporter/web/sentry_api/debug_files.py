"""ProGuard mappings and native debug files: in pieces, and in the archives that older clients send."""

from __future__ import annotations

import io
import zipfile
from hashlib import sha1
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, abort, request

from errtally.errors import MalformedError, RejectedError, TooLargeError
from errtally.exporter.artifacts import bundle
from errtally.exporter.artifacts.artifact import PROGUARD, debug_id_of
from errtally.exporter.artifacts.contents import DIGEST
from errtally.exporter.web import deploys
from errtally.exporter.web.merges import Refusal
from errtally.exporter.web.sentry_api import answers, objects, places, uploads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from errtally.exporter.artifacts.artifact import Artifact
    from errtally.exporter.artifacts.debug_files import DebugFile

MAX_CHECKSUMS = 1_000

routes = Blueprint("sentry_debug_files", __name__, url_prefix=answers.PREFIX)
routes.before_request(uploads.refresh)
routes.url_value_preprocessor(uploads.any_organization)
routes.register_error_handler(RejectedError, uploads.rejected)
routes.register_error_handler(Refusal, uploads.refused)


@routes.post("/projects/<organization>/<project>/files/difs/assemble/")
def assemble(project: str) -> Response:
    """Put debug files together; the answer tells of each."""
    uploads.check_form()
    name, sent = places.named(project), answers.body()
    if len(sent) > uploads.MAX_FILES:
        raise TooLargeError("too_many_files", f"{len(sent)} debug files; the limit is {uploads.MAX_FILES}")
    orders = {}
    for checksum, asked in sent.items():
        if not isinstance(asked, dict) or not isinstance(asked.get("name"), str) or not asked["name"]:
            raise MalformedError("bad_request", f"{checksum[:60]!r}: has to be an object with a name and chunks")
        orders[checksum] = uploads.order(checksum, asked, (name,), name=asked["name"])
    told = {}
    for checksum, order in orders.items():
        state = uploads.uploads().assembler.ask(order)
        dif = _as_json(state.debug_file, order.name, order.checksum, 0) if state.debug_file is not None else None
        told[checksum] = {**uploads.shown(state), "dif": dif}
    return answers.answer(told)


@routes.post("/projects/<organization>/<project>/files/dsyms/")
def archive(project: str) -> Response:
    """Take a ZIP of debug files, or one file, as sentry-cli before 3 sends them."""
    uploads.check_form()
    name, found = places.named(project), []
    sent = request.files.getlist("file")
    if not sent:
        raise MalformedError("no_file", "the form has no file called file")
    for file in sent:
        for path, one in _members(file.filename or "file", file.read()):
            digest = sha1(one, usedforsecurity=False).hexdigest()
            taken = uploads.uploads().take_debug_file(path, one, name)
            found += [_as_json(known, path, digest, len(one)) for known in taken]
    return answers.answer(found, 201)


@routes.get("/projects/<organization>/<project>/files/dsyms/")
@routes.get("/projects/<organization>/<project>/files/difs/")
def listed(project: str) -> Response:
    """List the files that have a debug id, the newest first: debug files, mappings, scripts and their maps."""
    return answers.listed([_listed(one) for one in _debug_files(places.named(project))])


@routes.delete("/projects/<organization>/<project>/files/dsyms/")
def remove(project: str) -> Response:
    """Remove the files of the debug id ``id``."""
    name, debug_id = places.named(project), request.args.get("id", "").lower()
    if not debug_id or not uploads.uploads().archive.remove_debug_id(name, debug_id):
        abort(404, "no file was uploaded under this debug id")
    return answers.nothing()


@routes.get("/projects/<organization>/<project>/files/dsyms/unknown/")
@routes.get("/projects/<organization>/<project>/files/difs/unknown/")
def unknown(project: str) -> Response:
    """Say which of some debug files were not uploaded, by their ``checksums``."""
    known = {one.sha1 for one in _debug_files(places.named(project))}
    asked = [one.lower() for one in request.args.getlist("checksums")[:MAX_CHECKSUMS]]
    return answers.answer({"missing": [one for one in asked if DIGEST.fullmatch(one) and one not in known]})


@routes.get("/projects/<organization>/<project>/files/proguard-artifact-releases/")
def proguard_releases(project: str) -> Response:
    """List the releases that were told of a mapping, by ``proguard_uuid``."""
    debug_id = debug_id_of(request.args.get("proguard_uuid"))
    found = uploads.uploads().archive.by_debug_id(places.named(project), debug_id) if debug_id else []
    return answers.answer({"releases": sorted({one.release for one in found if one.release})})


@routes.post("/projects/<organization>/<project>/files/proguard-artifact-releases/")
def proguard_release(project: str) -> Response:
    """Take note of the release that a mapping belongs to, so that it is listed with it and goes with it."""
    uploads.check_form()
    name, sent = places.named(project), answers.body()
    release, debug_id = deploys.name(sent.get("release_name"), "release_name"), debug_id_of(sent.get("proguard_uuid"))
    archive = uploads.uploads().archive
    found = [one for one in archive.by_debug_id(name, debug_id) if one.kind == PROGUARD] if debug_id else []
    if not found:
        raise MalformedError("unknown_mapping", "proguard_uuid: no mapping was uploaded under it")
    archive.assign_release(name, debug_id, release)
    return answers.answer({"proguard_uuid": debug_id, "release_name": release}, 201)


def _debug_files(project: str) -> list[Artifact]:
    return [one for one in uploads.uploads().archive.of_project(project) if one.debug_id]


def _members(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a ZIP, or the one file that is none.

    Raises:
        MalformedError, TooLargeError: as `bundle.check`, or it can't be unpacked.
    """
    if not content.startswith(b"PK"):
        yield name, content
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as opened:
            members = [member for member in opened.infolist() if not member.is_dir()]
            bundle.check(members, len(content), uploads.uploads().settings)
            for member in members:
                yield member.filename, opened.read(member)
    except bundle.BROKEN as exc:
        raise MalformedError("bad_archive", f"not a ZIP archive: {exc}") from exc


def _as_json(known: DebugFile, name: str, digest: str, size: int) -> dict[str, Any]:
    return {
        "id": digest,
        "uuid": known.debug_id,
        "debugId": known.debug_id,
        "codeId": None,
        "objectName": name,
        "cpuName": known.cpu,
        "sha1": digest,
        "size": size,
        "symbolType": known.symbol_type,
        "data": {**({"type": known.object_kind} if known.object_kind else {}), "features": []},
        "headers": {"Content-Type": "text/x-proguard+plain" if known.kind == PROGUARD else "application/octet-stream"},
    }


def _listed(one: Artifact) -> dict[str, Any]:
    return {
        "id": one.sha1,
        "uuid": one.debug_id,
        "debugId": one.debug_id,
        "codeId": None,
        "objectName": one.url,
        "cpuName": "any",
        "sha1": one.sha1,
        "size": one.size_bytes,
        "symbolType": one.kind,
        "dateCreated": objects.iso8601(one.uploaded),
        "data": {"features": []},
        "headers": {},
    }
