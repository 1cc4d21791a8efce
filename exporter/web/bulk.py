"""Decisions on several issues at once: those selected in the list, and those picked on an issue's page to be merged."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from flask import Blueprint, abort, redirect, request, url_for

from errtally.exporter.journal.records import MergeChange, StatusChange, Until
from errtally.exporter.web import notices, parts
from errtally.exporter.web.journaling import journal, wait
from errtally.exporter.web.listing import PLACE
from errtally.exporter.web.parts import part

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from werkzeug.wrappers import Response

STATUS_OF: Mapping[str, str] = {
    "resolve": "resolved",
    "resolve_next": "resolved",
    "ignore": "ignored",
    "ignore_events": "ignored",
    "ignore_hours": "ignored",
    "reopen": "unresolved",
}
"""Actions to the status that they give."""

MAX_AMOUNT = 1_000_000_000

routes = Blueprint("bulk", __name__)


@routes.post("/issues")
def decide_on_selected() -> Response:
    """Decide on the issues that were selected, or merge them, and show the page again that this was asked on."""
    action = request.form.get("action", "")
    if action not in notices.DONE:
        abort(400, f"action: one of {', '.join(notices.DONE)}")
    if part("access").is_forged():
        abort(403, "the form is too old, or was made by another site: load the page again")
    selected = list(dict.fromkeys(request.form.getlist("issue")[: notices.MAX_SELECTED]))
    issues = [parts.reader().issue(*notices.identity(value)) for value in selected]
    known = [issue for issue in issues if issue is not None]
    if action == "unmerge" and known:
        _take_out(selected)
        return _back({"done": action, "count": len(selected)})
    target = _target() if action == "merge" else None
    if target is not None:
        known = [target, *(one for one in known if one["id"] != target["id"])]
    if (failed := _problem(action, known, is_gone=None in issues)) is not None:
        return _back({"failed": failed})
    if action == "merge":
        # The one that is known for longest goes on: links to it are the oldest.
        ordered = known if target is not None else sorted(known, key=lambda one: (one["first_seen"], one["id"]))
        target, *others = ordered
        merge_all(target, others)
    else:
        _decide_all(action, known)
    return _back(notices.parameters(action, known, target))


def merge_all(target: dict[str, Any], others: Sequence[dict[str, Any]]) -> None:
    """Merge issues into one of the same project, and wait until that is folded."""
    now, who, reader = time.time(), part("access").who(), parts.reader()
    into, last = target["fingerprint"], others[-1]
    for issue in others:
        journal(MergeChange(issue["project"], issue["fingerprint"], into, now, who), now)
    wait(lambda: reader.merge_of(last["fingerprint"], last["project"]) == into)


def _problem(action: str, known: Sequence[dict[str, Any]], *, is_gone: bool) -> str | None:
    """Return why a decision can't be made, one of `notices.NOT_DONE`; None when it can."""
    projects = {issue["project"] for issue in known}
    is_unreleased = action == "resolve_next" and not all(parts.reader().has_releases(one) for one in projects)
    problems = {
        "gone": is_gone,
        "none": not known,
        "one": action == "merge" and len(known) == 1,
        "projects": action == "merge" and len(projects) > 1,
        "release": is_unreleased,
        "amount": action in {"ignore_events", "ignore_hours"} and _amount() is None,
    }
    return next((name for name, is_so in problems.items() if is_so), None)


def _target() -> dict[str, Any] | None:
    """Return the issue that the form says others are merged into; None where it says nothing."""
    named = request.form.get("into")
    if not named:
        return None
    found = parts.reader().issue(*notices.identity(named))
    if found is None:
        abort(404)
    return found


def _back(told: dict[str, Any]) -> Response:
    """Lead to where the form was: the page of an issue, or the list with its place."""
    if named := request.form.get("back"):
        fingerprint, project = notices.identity(named)
        return redirect(url_for("web.issue", fingerprint=fingerprint, project=project, **told), 303)
    place: dict[str, Any] = {name: value for name in PLACE if (value := request.form.get(name))}
    return redirect(url_for("web.index", **place, **told), 303)


def _amount() -> int | None:
    """Return how many events or hours the form says; None when it says no number."""
    name = {"ignore_events": "events", "ignore_hours": "hours"}.get(request.form.get("action", ""), "")
    text = request.form.get(name, "")
    is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(MAX_AMOUNT))
    return int(text) if is_number and 0 < int(text) <= MAX_AMOUNT else None


def _until(action: str, now: float) -> Until | None:
    amount = _amount() or 0
    return {
        "resolve_next": Until("next_release"),
        "ignore_events": Until("events", amount=amount),
        "ignore_hours": Until("time", amount=now + amount * 3600.0),
    }.get(action)


def _decide_all(action: str, issues: Sequence[dict[str, Any]]) -> None:
    """Journal decisions on issues and wait until they are folded, so that what is read next shows them."""
    now, who, reader = time.time(), part("access").who(), parts.reader()
    status, until, changed = STATUS_OF[action], _until(action, now), None
    for issue in issues:
        journal(StatusChange(issue["project"], issue["fingerprint"], status, now, who, until), now)
        if issue["status"] != status or issue["condition"] is not None or until is not None:
            changed = issue["id"]
    if changed is not None:
        wait(lambda: reader.is_decided(changed, now))


def _take_out(selected: Sequence[str]) -> None:
    """Take merged fingerprints out of the issues that they are in, and wait until that is folded."""
    now, who, reader = time.time(), part("access").who(), parts.reader()
    merged = [one for one in map(notices.identity, selected) if reader.merge_of(*one)]
    for fingerprint, project in merged:
        journal(MergeChange(project, fingerprint, "", now, who), now)
    if merged:
        wait(lambda: reader.merge_of(*merged[-1]) == "")
