"""The audit log over all issues, as a page and for programs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from flask import Blueprint, jsonify, render_template, request

from errtally.exporter.store.audit import AuditQuery
from errtally.exporter.web import parts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Response as FlaskResponse


PAGE_SIZE = 50
MAX_ENTRIES = 500
_MAX_DIGITS = 18

routes = Blueprint("audit", __name__)


class ParameterError(Exception):
    """A parameter is wrong; the message names it."""


@routes.get("/history")
def page() -> str | tuple[str, int]:
    """Show what was done, the newest first."""
    error, entries, next_ = None, list[dict[str, Any]](), None
    try:
        entries, next_ = _entries()
    except ParameterError as exc:
        error = str(exc)
    html = render_template(
        "history.html",
        entries=entries,
        next=next_,
        error=error,
        project=request.args.get("project", ""),
        by=request.args.get("by", ""),
        projects=parts.reader().choices()["projects"],
        now=time.time(),
    )
    return (html, 400) if error is not None else html


@routes.get("/api/history")
def api() -> FlaskResponse | tuple[FlaskResponse, int]:
    """List what was done, the newest first."""
    try:
        entries, next_ = _entries()
    except ParameterError as exc:
        return jsonify({"error": {"code": "malformed_query", "message": str(exc)}}), 400
    return jsonify({"entries": entries, "next": next_})


def _entries() -> tuple[list[dict[str, Any]], int | None]:
    """Return the entries that the request asks for, and the ``before`` of the next page.

    Raises:
        ParameterError: a parameter is wrong.
    """
    limit = _number(request.args, "limit", MAX_ENTRIES)
    limit = PAGE_SIZE if limit is None else limit
    wanted = AuditQuery(
        project=_text(request.args, "project"),
        by=_text(request.args, "by"),
        before=_number(request.args, "before", 10**_MAX_DIGITS),
        limit=limit + 1,
    )
    found = parts.reader().audit(wanted)
    entries = found[:limit]
    return entries, entries[-1]["id"] if len(found) > limit and entries else None


def _number(parameters: Mapping[str, str], name: str, most: int) -> int | None:
    value = parameters.get(name)
    if not value:
        return None
    if not (value.isascii() and value.isdecimal() and len(value) <= _MAX_DIGITS and int(value) <= most):
        raise ParameterError(f"{name}: {value[:20]!r} is not a number from 0 to {most}")
    return int(value)


def _text(parameters: Mapping[str, str], name: str) -> str | None:
    value = parameters.get(name) or None
    if value is not None and any("\ud800" <= character <= "\udfff" for character in value):
        raise ParameterError(f"{name}: no text has a half of a pair of characters")
    return value
