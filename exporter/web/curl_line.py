"""The request of an event as a line for curl, to send it again. Pure."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from errtally.exporter.web.shown_text import text_of, visible

if TYPE_CHECKING:
    from collections.abc import Mapping

_LEFT_OUT = frozenset({"host", "content-length", "connection", "accept-encoding", "transfer-encoding"})
"""Headers that curl sets itself, as they have to be."""

_METHOD = re.compile(r"[A-Za-z]{1,20}")


def curl_line(request: Mapping[str, Any]) -> str:
    """Return the command; "" where the event says no address of http or https.

    Every part is quoted for a POSIX shell, and control characters are signs, so that what a stranger sent can't run
    anything where the line is pasted. Secrets were scrubbed before, so some headers have to be filled in.

    Args:
        request: as the client sent it, of any shape.
    """
    url = text_of(request.get("url"))
    if not url.startswith(("http://", "https://")):
        return ""
    query = _query(request.get("query_string"))
    if query and "?" not in url:
        url = f"{url}?{query}"
    method = text_of(request.get("method")).upper()
    method = method if _METHOD.fullmatch(method) else "GET"
    headers = _pairs(request.get("headers"))
    body = _body(request.get("data"), {name.lower(): value for name, value in headers})
    parts = ["curl"]
    if method != ("POST" if body else "GET"):
        parts += ["-X", method]
    parts += ["--url", _quoted(url)]
    for name, value in headers:
        if name.lower() not in _LEFT_OUT:
            parts += ["-H", _quoted(f"{name}: {value}")]
    if body:
        parts += ["--data-raw", _quoted(body)]
    return " ".join(parts)


def _quoted(text: str) -> str:
    return shlex.quote(visible(text))


def _query(sent: object) -> str:
    if isinstance(sent, str):
        return sent.lstrip("?")
    return urlencode(_pairs(sent))


def _pairs(sent: object) -> list[tuple[str, str]]:
    """Return names and values of an object, or of a list of pairs as some SDKs send them."""
    items = list(sent.items()) if isinstance(sent, dict) else sent if isinstance(sent, list) else []
    pairs = [item for item in items if isinstance(item, (list, tuple)) and len(item) == 2]  # noqa: PLR2004
    return [(text_of(name), text_of(value)) for name, value in pairs]


def _body(sent: object, headers: Mapping[str, str]) -> str:
    if sent in (None, "", {}, []):
        return ""
    if isinstance(sent, dict) and "form" in headers.get("content-type", ""):
        return urlencode(_pairs(sent))
    return sent if isinstance(sent, str) else json.dumps(sent, ensure_ascii=False, default=str)
