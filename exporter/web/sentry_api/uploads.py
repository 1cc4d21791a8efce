"""Uploads that come in pieces, as sentry-cli and Sentry's bundler plugins send artifact bundles and debug files.

A client asks how to send, asks what of its upload is missing, sends that, and asks again until it is put together.
Which organisation it names does not matter.
"""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, request

from errtally.errors import MalformedError, RejectedError, TooLargeError
from errtally.exporter.artifacts.assembling import Order, State
from errtally.exporter.artifacts.chunks import CHUNK_BYTES
from errtally.exporter.artifacts.contents import DIGEST
from errtally.exporter.ingest import body
from errtally.exporter.web import deploys
from errtally.exporter.web.merges import Refusal
from errtally.exporter.web.parts import part
from errtally.exporter.web.sentry_api import answers, places

if TYPE_CHECKING:
    from errtally.exporter.artifacts.uploads import Uploads

CHUNKS_PER_REQUEST = 64
CONCURRENCY = 4
MAX_REQUEST_BYTES = 16 * 1024 * 1024
"""What a request of pieces may hold: a proxy that takes 20 MB, as those of ``deploy/proxy`` do, lets it through."""

MAX_CHUNKS = 10_000
"""Of one upload: more than a bundle of the largest size has."""

MAX_FILES = 1_000
"""Debug files that one request may ask for."""

routes = Blueprint("sentry_uploads", __name__, url_prefix=answers.PREFIX)


@routes.url_value_preprocessor
def any_organization(_: str | None, named: dict[str, Any] | None) -> None:
    """Take the organisation off the address: whoever comes from elsewhere need not change its name."""
    if named is not None:
        named.pop("organization", None)


def uploads() -> Uploads:
    """Return what takes uploads."""
    found: Uploads = part("uploads")
    return found


def refresh() -> None:
    """Know what other exporters on the database took until now."""
    uploads().archive.refresh()


@routes.errorhandler(RejectedError)
def rejected(error: RejectedError) -> Response:
    """Refuse an upload with what is wrong, in the one form that clients read; count it."""
    uploads().refused(error.reason)
    return answers.failure(error.status if error.status < 500 else 400, str(error))  # noqa: PLR2004 (it is the client's)


@routes.errorhandler(Refusal)
def refused(refusal: Refusal) -> Response:
    """Refuse what a field holds, in the same form."""
    return answers.failure(400, str(refusal))


@routes.get("/organizations/<organization>/chunk-upload/")
def options() -> Response:
    """Say where pieces go and how large they may be."""
    request_bytes = min(MAX_REQUEST_BYTES, uploads().settings.request_bytes)
    chunk_bytes = CHUNK_BYTES
    while chunk_bytes > request_bytes // 2:  # a power of two, with room for what stands around it
        chunk_bytes //= 2
    return answers.answer(
        {
            "url": _here() + request.path,
            "chunkSize": chunk_bytes,
            "chunksPerRequest": CHUNKS_PER_REQUEST,
            "maxFileSize": uploads().settings.bundle_bytes,
            "maxRequestSize": request_bytes,
            "concurrency": CONCURRENCY,
            "hashAlgorithm": "sha1",
            "compression": ["gzip"],
            "accept": [
                "debug_files", "release_files", "pdbs", "sources", "portablepdbs", "artifact_bundles",
                "artifact_bundles_v2", "proguard",
            ],
        }
    )  # fmt: skip


@routes.post("/organizations/<organization>/chunk-upload/")
def chunks() -> Response:
    """Take pieces: files called ``file``, or ``file_gzip`` when they are compressed, each under its SHA-1."""
    check_form()
    uploads().check_room()
    sent = [(name, file) for name in ("file", "file_gzip") for file in request.files.getlist(name)]
    if not sent:
        raise MalformedError("no_chunk", "the form has no file called file or file_gzip")
    if len(sent) > CHUNKS_PER_REQUEST:
        raise TooLargeError("too_many_chunks", f"{len(sent)} chunks in a request; the limit is {CHUNKS_PER_REQUEST}")
    for name, file in sent:
        content = file.read()
        if name == "file_gzip":
            content = _gunzipped(content)
        uploads().chunks.keep(file.filename or "", content)
    return answers.nothing(200)


@routes.post("/organizations/<organization>/artifactbundle/assemble/")
def artifact_bundle() -> Response:
    """Put an artifact bundle together: scripts and source maps of one or several projects."""
    check_form()
    sent = answers.body()
    return _bundle(sent, tuple(places.listed(sent.get("projects"))), _label(sent.get("version"), "version"))


@routes.post("/organizations/<organization>/releases/<path:version>/assemble/")
def release_bundle(version: str) -> Response:
    """Put a bundle of release files together, as sentry-cli before 2.17 sends it: for the projects of the release."""
    check_form()
    return _bundle(answers.body(), places.of_release(version), deploys.name(version, "version"))


def check_form() -> None:
    """Refuse what another site's page may have sent, and what was not read because it is too large."""
    limit = max(uploads().settings.request_bytes, part("config").limits.body_bytes)
    if (request.content_length or 0) > limit:
        raise TooLargeError("body_too_large", f"a request of {request.content_length} bytes; the limit is {limit}")
    if part("access").is_forged():
        raise RejectedError("forged", "send JSON or a bearer token", status=403)


def order(checksum: object, sent: dict[str, Any], projects: tuple[str, ...], **more: str) -> Order:
    """Read what is to be put together.

    Args:
        checksum: of the whole.
        sent: has ``chunks``.
        projects: whose files they are.
        more: further fields of `Order`.

    Raises:
        MalformedError: a checksum is none.
        TooLargeError: there are too many chunks.
    """
    listed = sent.get("chunks")
    if not isinstance(listed, list):
        raise MalformedError("bad_request", "chunks: has to be a list of SHA-1 sums")
    if len(listed) > MAX_CHUNKS:
        raise TooLargeError("too_many_chunks", f"{len(listed)} chunks; the limit is {MAX_CHUNKS}")
    sums = [one.lower() if isinstance(one, str) else "" for one in (checksum, *listed)]
    if not all(map(DIGEST.fullmatch, sums)):
        raise MalformedError("bad_checksum", "checksum and chunks: have to be SHA-1 sums of 40 hexadecimal digits")
    if len(sums) == 1:
        raise MalformedError("bad_request", "chunks: has to name at least one")
    return Order(sums[0], tuple(sums[1:]), tuple(dict.fromkeys(projects)), **more)


def shown(state: State) -> dict[str, Any]:
    """Return how far an upload is, as clients read it."""
    return {"state": state.state, "missingChunks": list(state.missing), "detail": state.detail or None}


def _bundle(sent: dict[str, Any], projects: tuple[str, ...], release: str) -> Response:
    if not projects:
        raise MalformedError("no_project", "projects: has to name at least one project")
    dist = _label(sent.get("dist"), "dist")
    asked = order(sent.get("checksum"), sent, projects, release=release, dist=dist)
    return answers.answer(shown(uploads().assembler.ask(asked)))


def _label(sent: object, field: str) -> str:
    return deploys.name(sent, field) if sent not in (None, "") else ""


def _gunzipped(content: bytes) -> bytes:
    try:
        return body.decompress(content, "gzip", CHUNK_BYTES)
    except (gzip.BadGzipFile, zlib.error) as exc:
        raise MalformedError("bad_compression", f"a chunk is not valid gzip: {exc}") from exc


def _here() -> str:
    """Return the address of this exporter as the client has it: what it came to, with the configured scheme."""
    external: str = part("config").external_url.rstrip("/")
    is_known = urlsplit(external).netloc.lower() == request.host.lower()
    return external if is_known else request.host_url.rstrip("/")
