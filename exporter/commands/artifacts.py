"""`errtally artifacts`: upload a build's source maps and mappings, list them, remove them."""

from __future__ import annotations

import json
import time
import uuid
from hashlib import sha1
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import click

from errtally.exporter.artifacts.artifact import MINIFIED_SOURCE, debug_id_of
from errtally.exporter.commands import artifact_bundle
from errtally.exporter.commands.remote import fail, format_option, remote_options, write_json, write_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from errtally.exporter.commands.artifact_bundle import BundleFile, Mapping
    from errtally.exporter.commands.remote import Remote

_ORGANIZATION: Final = "/api/0/organizations/errtally"
_WAIT_SECONDS: Final = 300.0
_LOOK_SECONDS: Final = 0.5
_WORKING: Final = frozenset({"created", "assembling"})


@click.group()
def command() -> None:
    """Upload what stack traces are read by: source maps and ProGuard or R8 mappings. List them, remove them.

    Exit codes: 0 done, 1 refused, 2 wrong call, 3 not allowed, 4 nothing there, 5 the exporter can't be reached.
    """


@command.command()
@remote_options
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--project", required=True, help="Whose events the files are for.")
@click.option("--release", default="", help="That the build is; needed for scripts without debug ids.")
@click.option("--dist", default="", help="Distribution of the release, as events name it.")
@click.option("--url-prefix", default="~/", show_default=True, help="Where browsers load PATH; ~ is scheme and host.")
@click.option("--uuid", "uuid_", default="", help="Of the one mapping that PATH is; else made of its content.")
def upload(*, remote: Remote, path: Path, project: str, release: str, dist: str, url_prefix: str, uuid_: str) -> None:
    """Upload the scripts, source maps and mappings of PATH, a folder or a file. Nothing in it is changed."""
    found, mappings = artifact_bundle.files(path, url_prefix), artifact_bundle.mappings(path)
    if not found and not mappings:
        fail(f"{path}: no script, source map or mapping in it")
    if uuid_ and (len(mappings) != 1 or not debug_id_of(uuid_)):
        raise click.BadParameter("has to be the UUID of the one mapping that PATH is", param_hint="--uuid")
    lost = [] if release else [one for one in found if not one.debug_id]
    found = [one for one in found if one not in lost]
    if found:
        content = artifact_bundle.bundle(found)
        asked = {"projects": [project], **({"version": release} if release else {}), **({"dist": dist} if dist else {})}
        _assemble(remote, content, f"{_ORGANIZATION}/artifactbundle/assemble/", lambda sums: asked | sums, None)
    for each in mappings:
        name, digest = f"proguard/{debug_id_of(uuid_) or each.debug_id}.txt", _sum(each.content)
        address = f"/api/0/projects/errtally/{quote(project, safe='')}/files/difs/assemble/"
        asked = {"name": name}
        _assemble(
            remote, each.content, address, lambda sums, digest=digest, asked=asked: {digest: asked | sums}, digest
        )
    _say(found, mappings, uuid_)
    for one in lost:
        click.echo(f"not taken: {one.path}: it has no debug id, and without --release nothing could find it", err=True)
    if lost:
        raise SystemExit(1)


@command.command("list")
@remote_options
@format_option
@click.option("--project", required=True, help="Whose files.")
@click.option("--release", default="", help="Of this release; without it those with debug ids.")
def list_(*, remote: Remote, format_: str, project: str, release: str) -> None:
    """List the uploaded files of a release, or those of a project that have a debug id."""
    here = f"/api/0/projects/errtally/{quote(project, safe='')}"
    if release:
        found = remote.get(f"{here}/releases/{quote(release, safe='')}/files/")
        rows = [
            (one["name"], one["dist"], one["size"], one["headers"].get("debug-id", ""), one["dateCreated"][:19] + "Z")
            for one in found
        ]
        head = ("NAME", "DIST", "BYTES", "DEBUG ID", "UPLOADED")
    else:
        found = remote.get(f"{here}/files/difs/")
        rows = [
            (one["objectName"], one["symbolType"], one["size"], one["debugId"], one["dateCreated"][:19] + "Z")
            for one in found
        ]
        head = ("NAME", "KIND", "BYTES", "DEBUG ID", "UPLOADED")
    if format_ == "json":
        write_json(found)
        return
    write_rows(head, rows, format_)


@command.command()
@remote_options
@click.option("--project", required=True, help="Whose files.")
@click.option("--release", default="", help="All files of this release go.")
@click.option("--debug-id", default="", help="All files of this debug id go.")
def delete(*, remote: Remote, project: str, release: str, debug_id: str) -> None:
    """Remove the uploaded files of a release, or of a debug id; the release itself stays."""
    if bool(release) == bool(debug_id):
        raise click.UsageError("say either --release or --debug-id")
    here = f"/api/0/projects/errtally/{quote(project, safe='')}"
    if debug_id:
        remote.open("DELETE", f"{here}/files/dsyms/", {"id": debug_id}).close()
        click.echo(f"{debug_id}: removed")
        return
    number = len(remote.get(f"{here}/releases/{quote(release, safe='')}/files/"))
    remote.open("DELETE", f"{here}/files/source-maps/", {"name": release}).close()
    click.echo(f"{release}: {number} files removed")


def _assemble(remote: Remote, content: bytes, address: str, body: Any, digest: str | None) -> None:  # noqa: ANN401 (a function)
    """Send what is missing of an upload, and wait until it is put together; ends the command when that fails."""
    options = remote.get(f"{_ORGANIZATION}/chunk-upload/")
    size = options["chunkSize"]
    pieces = {_sum(piece): piece for piece in (content[at : at + size] for at in range(0, len(content), size))}
    order = [_sum(content[at : at + size]) for at in range(0, len(content), size)]
    asked = body({"checksum": _sum(content), "chunks": order})
    deadline = time.monotonic() + _WAIT_SECONDS
    sent: set[str] = set()
    while True:
        answer = remote.send("POST", address, asked)
        state = answer[digest] if digest is not None else answer
        if state["state"] == "ok":
            return
        if state["state"] == "error":
            fail(f"the upload was refused: {state['detail']}")
        missing = [one for one in state["missingChunks"] if one not in sent]
        if state["state"] not in _WORKING and not missing:
            fail(f"the upload was not taken: {json.dumps(state)}")
        for one in missing:
            _send_chunk(remote, one, pieces[one])
            sent.add(one)
        if time.monotonic() > deadline:
            fail(f"the upload is not done after {_WAIT_SECONDS:.0f} s: ask again, it is not sent twice")
        if not missing:
            time.sleep(_LOOK_SECONDS)


def _send_chunk(remote: Remote, digest: str, piece: bytes) -> None:
    """Send one piece as a form of one file."""
    mark = uuid.uuid4().hex
    head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{digest}"\r\n'
    form = f"{head}Content-Type: application/octet-stream\r\n\r\n".encode() + piece + f"\r\n--{mark}--\r\n".encode()
    remote.post_bytes(f"{_ORGANIZATION}/chunk-upload/", form, f"multipart/form-data; boundary={mark}")


def _say(found: Sequence[BundleFile], mappings: Sequence[Mapping], uuid_: str) -> None:
    maps = {one.debug_id for one in found if one.kind != MINIFIED_SOURCE and one.debug_id}
    for one in found:
        by = f"debug id {one.debug_id}" if one.debug_id else "release and address"
        lacks = one.kind == MINIFIED_SOURCE and one.debug_id and one.debug_id not in maps
        click.echo(f"{one.url}  {one.kind}  by {by}{'  (its map is not among the files)' if lacks else ''}")
    for each in mappings:
        click.echo(f"{each.path.name}  proguard  by UUID {debug_id_of(uuid_) or each.debug_id}")


def _sum(content: bytes) -> str:
    return sha1(content, usedforsecurity=False).hexdigest()
