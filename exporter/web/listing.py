"""The issues list: what a request asks for, as a page and for programs, and decisions on several issues at once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for

from errtally import names
from errtally.exporter.journal.records import MergeChange, StatusChange
from errtally.exporter.search import conditions, cursor, query
from errtally.exporter.store.listing import ORDERS, SPARK_HOURS, Wanted
from errtally.exporter.web import hints, notices, parts
from errtally.exporter.web.decisions import STATUS_OF
from errtally.exporter.web.journaling import journal, wait
from errtally.exporter.web.parts import part
from errtally.exporter.web.policy import with_own_script
from errtally.exporter.web.sparkline import sparkline

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flask import Response as FlaskResponse
    from werkzeug.wrappers import Response


PAGE_SIZE = 50
MAX_LIST = 500
"""Issues that one answer of the API holds."""

STATUSES = ("open", "all", *names.ISSUE_STATUSES)
_PLACE = ("query", "status", "project", "environment", "level", "sort", "cursor")
"""Parameters that say what a list shows."""

routes = Blueprint("listing", __name__)


class ListingError(Exception):
    """A parameter says nothing that a list can show.

    Attributes:
        position: where in the query; None when another parameter is wrong.
    """

    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message)
        self.position = position


def wanted_of(parameters: Mapping[str, str], now: float, *, default_status: str, max_limit: int) -> Wanted:
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
    return Wanted(
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
        wanted = wanted_of(given, now, default_status="open", max_limit=MAX_LIST)
        issues, found = parts.reader().listed(wanted)
    except ListingError as exc:
        error = exc
    place = {name: value for name in _PLACE if (value := request.args.get(name))}
    hour = int(now // 3600)
    html = render_template(
        "issues.html",
        issues=issues,
        sparks=[sparkline(issue["hours"], hour, SPARK_HOURS) for issue in issues],
        wanted=wanted,
        found=found,
        next=found.next.encode() if found is not None and found.next is not None else None,
        error=error,
        hints=hints.of(given.get("query", ""), found.notices if found else (), is_found=bool(issues)),
        place=place,
        without_cursor={name: value for name, value in place.items() if name != "cursor"},
        status=(wanted.status or "all") if wanted is not None else request.args.get("status", ""),
        order=wanted.order if wanted is not None else ORDERS[0],
        choices=parts.reader().choices(),
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
    wanted = wanted_of(request.args, time.time(), default_status="all", max_limit=MAX_LIST)
    issues, found = parts.reader().listed(wanted)
    for issue in issues:
        del issue["hours"]
    return issues, found.next.encode() if found.next is not None else None


@routes.post("/issues")
def decide_on_selected() -> Response:
    """Resolve, ignore or merge the issues that were selected in the list, and show the list again."""
    action = request.form.get("action", "")
    if action not in notices.DONE:
        abort(400, f"action: one of {', '.join(notices.DONE)}")
    if part("access").is_forged():
        abort(403, "the form is too old, or was made by another site: load the page again")
    place: dict[str, Any] = {name: value for name in _PLACE if (value := request.form.get(name))}
    selected = dict.fromkeys(request.form.getlist("issue")[: notices.MAX_SELECTED])
    issues = [parts.reader().issue(*notices.identity(value)) for value in selected]
    known = [issue for issue in issues if issue is not None]
    if action == "unmerge" and known:
        _take_out(list(selected))
        return redirect(url_for("web.index", **place, done=action, count=len(selected)), 303)
    if not known:
        result: dict[str, Any] = {"failed": "gone" if issues else "none"}
    elif len(known) < len(issues):
        result = {"failed": "gone"}
    elif action == "merge" and len(known) == 1:
        result = {"failed": "one"}
    elif action == "merge" and len({issue["project"] for issue in known}) > 1:
        result = {"failed": "projects"}
    else:
        result = notices.parameters(action, known, _decide_all(action, known))
    return redirect(url_for("web.index", **place, **result), 303)


def _decide_all(action: str, issues: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Journal decisions on issues and wait until they are folded, so that what is read next shows them.

    Returns:
        The issue that the others were merged into, None for other decisions.
    """
    now, who, reader = time.time(), part("access").who(), parts.reader()
    if action == "merge":
        # The one that is known for longest goes on: links to it are the oldest.
        target, *others = sorted(issues, key=lambda issue: (issue["first_seen"], issue["id"]))
        merge_all(target, others)
        return target
    status, changed = STATUS_OF[action], None
    for issue in issues:
        journal(StatusChange(issue["project"], issue["fingerprint"], status, now, who), now)
        if issue["status"] != status or issue["condition"] is not None:
            changed = issue["id"]
    if changed is not None:
        wait(lambda: reader.is_decided(changed, now))
    return None


def _take_out(selected: Sequence[str]) -> None:
    """Take merged fingerprints out of the issues that they are in, and wait until that is folded."""
    now, who, reader = time.time(), part("access").who(), parts.reader()
    merged = [one for one in map(notices.identity, selected) if reader.merge_of(*one)]
    for fingerprint, project in merged:
        journal(MergeChange(project, fingerprint, "", now, who), now)
    if merged:
        wait(lambda: reader.merge_of(*merged[-1]) == "")


def merge_all(target: dict[str, Any], others: Sequence[dict[str, Any]]) -> None:
    """Merge issues into one of the same project, and wait until that is folded."""
    now, who, reader = time.time(), part("access").who(), parts.reader()
    into, last = target["fingerprint"], others[-1]
    for issue in others:
        journal(MergeChange(issue["project"], issue["fingerprint"], into, now, who), now)
    wait(lambda: reader.merge_of(last["fingerprint"], last["project"]) == into)


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
