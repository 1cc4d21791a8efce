"""What people see instead of a page: a heading that says what happened, the reason, and where to go on."""

from __future__ import annotations

import re
from http import HTTPStatus

from flask import render_template, request

_HEADINGS = {
    400: "That can't be read",
    403: "Not allowed",
    404: "Not there",
    405: "Not done like this",
    409: "Not possible now",
    422: "That can't be",
    500: "The exporter failed",
    503: "Not available now",
}
_FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
_OF_ISSUE = re.compile(r"(/issues/[0-9a-f]{16})/\w+")


def is_for_people() -> bool:
    """Whether the request came from somebody who reads pages, rather than from a program.

    What is sent from a page is a form; Java's own client says that it takes HTML whatever it sends.
    """
    if request.path.startswith("/api/") or "text/html" not in request.headers.get("Accept", ""):
        return False
    return request.method in {"GET", "HEAD"} or request.mimetype in _FORMS


def render(status: int, message: str) -> str:
    """Return the page.

    Args:
        status: of the HTTP answer.
        message: what is wrong, as a program is told it.
    """
    heading = _HEADINGS.get(status) or HTTPStatus(status).phrase
    return render_template("error.html", heading=heading, message=message, back=_back())


def _back() -> str:
    """Return the address of the issue that a form was about, "" when it was about none."""
    found = _OF_ISSUE.fullmatch(request.path)
    return found[1] if found is not None else ""
