"""What every answer has: JSON, one key `detail` in an error, rate headers, links to the pages of a list."""

from __future__ import annotations

import json
import re
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from flask import Response, request

from errtally.exporter.web.parts import part

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.exceptions import HTTPException

PREFIX = "/api/0"
MAX_PAGE = 100
"""Items of one page; a larger limit is lowered to it, as Sentry does."""

_CURSOR = re.compile(r"[\w.:~=-]{1,2000}", re.ASCII)
"""What a cursor of ours may have; anything else has no place in a header."""

_RATE_LIMIT = "100000"
"""Errtally limits what comes in, not what is read; clients insist on numbers."""

_DETAILS = {
    401: "Authentication credentials were not provided.",
    403: "You do not have permission to perform this action.",
    404: "The requested resource does not exist",
}


def is_below(path: str) -> bool:
    """Whether an address is of this API."""
    return path == PREFIX or path.startswith(f"{PREFIX}/")


def answer(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a JSON answer with the headers that all of them have."""
    response = Response(json.dumps(body, ensure_ascii=False), status, content_type="application/json")
    response.headers.update({**_rate_headers(), **(headers or {})})
    return response


def nothing(status: int = 204) -> Response:
    """Return an answer without a body."""
    response = Response(b"", status, content_type="application/json")
    response.headers.update(_rate_headers())
    return response


def failure(status: int, detail: str = "", headers: Mapping[str, str] | None = None) -> Response:
    """Return an error: an object of the one key ``detail``, since sentry-cli reads no other."""
    text = detail or _DETAILS.get(status) or HTTPStatus(status).phrase
    return answer({"detail": text}, status, headers)


def refused(error: HTTPException) -> Response:
    """Return the error that a route ended with, with the headers that go with it (such as Allow)."""
    status = error.code or 500
    kept = {
        name: value
        for name, value in error.get_response().headers.items()
        if name.lower() not in {"content-type", "content-length"}
    }
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        return failure(status, f'Method "{request.method}" not allowed.', kept)
    is_own = error.description and error.description != type(error).description
    return failure(status, str(error.description) if is_own else "", kept)


def page_size() -> int:
    """Return how many items the request asks for, from 1 to `MAX_PAGE`; what can't be read counts as not given."""
    sent = request.args.get("limit") or request.args.get("per_page") or ""
    return min(max(int(sent), 1), MAX_PAGE) if sent.isascii() and sent.isdecimal() and len(sent) < 10 else MAX_PAGE  # noqa: PLR2004


def links(next_cursor: str | None, external_url: str) -> dict[str, str]:
    """Return the header ``Link`` of a list: always the page before and the next, as absolute addresses.

    Args:
        next_cursor: of the next page, None on the last one.
        external_url: how clients reach the exporter.
    """
    here = external_url.rstrip("/") + quote(request.path)
    given = [(name, value) for name, value in request.args.items(multi=True) if name != "cursor"]

    def link(relation: str, cursor: str, *, has_results: bool) -> str:
        query = urlencode([*given, ("cursor", cursor)], quote_via=quote, safe="")
        results = "true" if has_results else "false"
        return f'<{here}?{query}>; rel="{relation}"; results="{results}"; cursor="{cursor}"'

    sent = request.args.get("cursor") or ""
    before = link("previous", sent if _CURSOR.fullmatch(sent) else "0:0:1", has_results=False)
    after = link("next", next_cursor or "0:0:0", has_results=next_cursor is not None)
    return {"Link": f"{before}, {after}"}


def listed(items: list[dict[str, Any]]) -> Response:
    """Return a list that has one page."""
    return answer(items, headers=links(None, part("config").external_url))


def _rate_headers() -> dict[str, str]:
    return {
        "X-Sentry-Rate-Limit-Limit": _RATE_LIMIT,
        "X-Sentry-Rate-Limit-Remaining": _RATE_LIMIT,
        "X-Sentry-Rate-Limit-Reset": str(int(time.time()) + 60),
        "X-Sentry-Rate-Limit-ConcurrentLimit": "100",
        "X-Sentry-Rate-Limit-ConcurrentRemaining": "100",
    }


def parameters(name: str) -> list[str]:
    """Return the values of a parameter that may be repeated, also in the form ``name[]``; without empty ones."""
    return [value for value in (*request.args.getlist(name), *request.args.getlist(f"{name}[]")) if value]


def body() -> dict[str, Any]:
    """Return the JSON object that was sent, {} without one, and for what is nested too deeply to be one."""
    try:
        sent = request.get_json(silent=True, force=True) if request.data else {}
    except RecursionError:
        sent = {}
    return sent if isinstance(sent, dict) else {}
