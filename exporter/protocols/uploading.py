"""Uploads of source maps and reports of deploys, as the forms of Bugsnag, Honeybadger and Rollbar have them.

The three agree on what they send: a source map, the address of the script that it is of (with ``*`` for any
characters), maybe the script and its sources, and the version that they belong to.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from errtally.errors import MalformedError, TooLargeError
from errtally.exporter.artifacts import scripts
from errtally.exporter.artifacts.artifact import MINIFIED_SOURCE, SOURCE, SOURCE_MAP, url_of
from errtally.exporter.artifacts.bundle import Entry
from errtally.exporter.artifacts.members import MAP_SUFFIX
from errtally.exporter.protocols import values

if TYPE_CHECKING:
    from errtally.exporter.ingest.request import Request

MAX_PARTS = 1_000
MAX_FIELD_BYTES = 1024 * 1024
MAX_URL = 2_000
DEFAULT_ENVIRONMENT = "production"


@dataclass(frozen=True, slots=True)
class Form:
    """What a request carries.

    Attributes:
        fields: texts by name; of one that comes twice, the first.
        files: contents by name.
    """

    fields: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)

    def text(self, name: str) -> str | None:
        """Return a field that is fit for a label, None without one."""
        return values.label(self.fields.get(name))


def read(request: Request) -> Form:
    """Read a form: multipart, or of fields alone, or a JSON object.

    Raises:
        MalformedError: it is none.
        TooLargeError: it has too many parts, or a field is too large.
    """
    content_type, body = request.header("content-type"), request.body()
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return _multipart(content_type, body)
    if kind == "application/x-www-form-urlencoded":
        try:
            pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_PARTS)
        except ValueError as exc:
            raise MalformedError("bad_form", f"the body is no form: {exc}") from exc
        return Form(dict(reversed(pairs)))
    return Form({name: value for name, value in document(body).items() if isinstance(value, str)})


def document(body: bytes) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        MalformedError: it is none.
    """
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise MalformedError("bad_json", "the body is neither a form nor a JSON object") from exc
    if not isinstance(found, dict):
        raise MalformedError("bad_json", "the body has to be a JSON object")
    return found


def name_of(sent: object, limit: int = values.MAX_LABEL) -> str | None:
    """Return a name that a JSON object has, None for what is no text or number."""
    return values.label(sent, limit) if isinstance(sent, str | int) and not isinstance(sent, bool) else None


def script_and_map(url: str | None, source_map: bytes | None, script: bytes | None) -> list[tuple[Entry, bytes]]:
    """Return a script and its map as they are kept: the map stands beside the script.

    Args:
        url: of the script, or what its address looks like.
        source_map: its content.
        script: its content, None where only the map was sent.

    Raises:
        MalformedError: the address is missing or too long, or the map is none.
    """
    if not url:
        raise MalformedError("no_url", "the address of the minified file is missing", status=422)
    if len(url) > MAX_URL:
        raise MalformedError("no_url", f"the address has more than {MAX_URL} characters", status=422)
    if not source_map:
        raise MalformedError("no_map", "the source map is missing or empty", status=422)
    if not scripts.is_map(source_map):
        raise MalformedError("bad_map", "the source map is not JSON with a version", status=422)
    place = url_of(url)
    map_url = f"{place.rpartition('/')[2]}{MAP_SUFFIX}"
    return [
        (Entry("", MINIFIED_SOURCE, place, {"sourcemap": map_url}), script or b""),
        (Entry("", SOURCE_MAP, f"{place}{MAP_SUFFIX}", {}), source_map),
    ]


def sources(form: Form, known: frozenset[str]) -> list[tuple[Entry, bytes]]:
    """Return the further files of a form, which are sources under their paths."""
    return [
        (Entry("", SOURCE, name[:MAX_URL], {}), content) for name, content in form.files.items() if name not in known
    ]


def _multipart(content_type: str, body: bytes) -> Form:
    # Only for uploads: workers that take events alone do not carry it.
    from werkzeug.exceptions import RequestEntityTooLarge  # noqa: PLC0415
    from werkzeug.formparser import FormDataParser  # noqa: PLC0415
    from werkzeug.http import parse_options_header  # noqa: PLC0415

    kind, options = parse_options_header(content_type)
    parser = FormDataParser(
        stream_factory=lambda *_, **__: io.BytesIO(),  # all of it is in memory already
        max_form_parts=MAX_PARTS,
        max_form_memory_size=MAX_FIELD_BYTES,
        silent=False,
    )
    try:
        _, fields, files = parser.parse(io.BytesIO(body), kind, len(body), options)
    except RequestEntityTooLarge as exc:
        raise TooLargeError("form_too_large", f"a form has at most {MAX_PARTS} parts") from exc
    except ValueError as exc:
        raise MalformedError("bad_form", f"the body is no multipart form: {exc}") from exc
    if None in fields or None in files:  # RFC 7578 section 4.2: each part has one
        raise MalformedError("bad_form", "the body is no multipart form: a part has no name")
    return Form(dict(fields.items()), {name: file.read() for name, file in files.items()})
