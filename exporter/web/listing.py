"""The issues list: what a request asks for, as a page and for programs, and decisions on several issues at once."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flask import make_response, render_template, request

from errtally import names
from errtally.exporter.search import conditions, cursor, query
from errtally.exporter.store.listing import SPARK_HOURS
from errtally.exporter.store.reading_order import ORDERS, IssueQuery
from errtally.exporter.web import connect, hints, notices, parts
from errtally.exporter.web.parts import part
from errtally.exporter.web.policy import with_own_script
from errtally.exporter.web.sparkline import sparkline

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flask import Response as FlaskResponse

PAGE_SIZE = 50
MAX_LIST = 500
"""Issues that one answer of the API holds."""

STATUSES = ("open", "all", *names.ISSUE_STATUSES)
PLACE = ("query", "status", "project", "environment", "level", "sort", "cursor")
"""Parameters that say what a list shows."""


class ListingError(Exception):
    """A parameter says nothing that a list can show.

    Attributes:
        position: where in the query; None when another parameter is wrong.
    """

    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message)
        self.position = position


def issue_query(parameters: Mapping[str, str], now: float, *, default_status: str, max_limit: int) -> IssueQuery:
    """Read what a list is to show.

    Args:
        parameters: of the address.
        now: seconds since the epoch.
        default_status: where neither ``status`` nor the query say which; ``all`` for any.
        max_limit: the highest ``limit``.

    Raises:
        ListingError: a parameter is wrong; the message names it.
    """
    try:
        terms = query.parse(parameters.get("query", ""), now, part("access").who())
    except query.QueryError as exc:
        raise ListingError(f"query: {exc.place}", exc.position) from exc
    if any(isinstance(term.condition, conditions.State) for term in terms):
        default_status = "all"
    status = _choice(parameters, "status", STATUSES) or default_status
    limit = parameters.get("limit", str(PAGE_SIZE))
    if not (limit.isascii() and limit.isdecimal() and len(limit) <= len(str(max_limit)) and int(limit) <= max_limit):
        raise ListingError(f"limit: {limit[:20]!r} is not a number from 0 to {max_limit}")
    try:
        place = cursor.decode(parameters["cursor"]) if "cursor" in parameters else None
    except cursor.CursorError as exc:
        raise ListingError(f"cursor: {exc}") from exc
    return IssueQuery(
        now=now,
        terms=terms,
        project=_text(parameters, "project"),
        environment=_text(parameters, "environment"),
        level=_choice(parameters, "level", names.LEVELS),
        status=None if status == "all" else status,
        order=_choice(parameters, "sort", ORDERS) or ORDERS[0],
        cursor=place,
        limit=int(limit),
    )


def page() -> FlaskResponse:
    """Show the issues."""
    now = time.time()
    given = {name: value for name, value in request.args.items() if value}  # a form sends what it leaves empty
    error, wanted, issues, found = None, None, list[dict[str, Any]](), None
    try:
        wanted = issue_query(given, now, default_status="open", max_limit=MAX_LIST)
        if "back" in given:
            wanted = replace(wanted, cursor=parts.reader().cursor_before(wanted))
        issues, found = parts.reader().listed(replace(wanted, is_counted=True))
    except ListingError as exc:
        error = exc
    place = {name: value for name in PLACE if (value := request.args.get(name))}
    if "back" in given and wanted is not None:  # what the page links to goes on from where it is
        place.pop("cursor", None)
        if wanted.cursor is not None:
            place["cursor"] = wanted.cursor.encode()
    is_far = wanted is not None and wanted.cursor is not None and len(wanted.cursor.shown) > wanted.limit
    hour, choices = int(now // 3600), parts.reader().choices()
    html = render_template(
        "issues.html",
        issues=issues,
        sparks=[sparkline(issue["hours"], hour, SPARK_HOURS) for issue in issues],
        wanted=wanted,
        found=found,
        next=found.next.encode() if found is not None and found.next is not None else None,
        is_far=is_far,
        error=error,
        hints=hints.of(given.get("query", ""), found.notices if found else (), is_found=bool(issues)),
        place=place,
        without_cursor={name: value for name, value in place.items() if name != "cursor"},
        status=(wanted.status or "all") if wanted is not None else request.args.get("status", ""),
        order=wanted.order if wanted is not None else ORDERS[0],
        choices=choices,
        first=_first(choices) if error is None else None,
        levels=names.LEVELS,
        orders=ORDERS,
        notice=notices.of(request.args, request.args.getlist("issue")),
        new_since=now - conditions.NEW_SECONDS,
        form_token=part("access").form_token(),
        config=part("config"),
        now=now,
    )
    response = make_response(html, 400 if error is not None else 200)
    return with_own_script(response)


def api() -> tuple[list[dict[str, Any]], str | None]:
    """Return the issues that a request asks for, and the cursor of the next page.

    Raises:
        ListingError: a parameter is wrong.
    """
    wanted = issue_query(request.args, time.time(), default_status="all", max_limit=MAX_LIST)
    issues, found = parts.reader().listed(wanted)
    for issue in issues:
        del issue["hours"]
    return issues, found.next.encode() if found.next is not None else None


def _first(choices: Mapping[str, Sequence[str]]) -> connect.Connection | None:
    """Return how to send the first event; None when there was one."""
    if choices["projects"]:
        return None
    config = part("config")
    name = config.projects[0].name if config.projects else names.DEFAULT_PROJECT
    # Whoever sees this page with a login configured has logged in.
    return connect.connection(config, name, is_logged_in=config.has_web_auth)


def _choice(parameters: Mapping[str, str], name: str, choices: Sequence[str]) -> str | None:
    value = parameters.get(name)
    if value is not None and value not in choices:
        raise ListingError(f"{name}: {value[:40]!r} is none of {', '.join(choices)}")
    return value


def _text(parameters: Mapping[str, str], name: str) -> str | None:
    value = parameters.get(name) or None
    if value is not None and any("\ud800" <= character <= "\udfff" for character in value):
        raise ListingError(f"{name}: no text has a half of a pair of characters")
    return value
