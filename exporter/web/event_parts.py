"""What of an event its issue's page has no room for: a page for each part, which a script may also put into place.

Each page is bounded as any other and links to what comes after it, so nothing that is kept of an event is out of reach.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from flask import Response as FlaskResponse

from errtally.exporter.web import (
    breadcrumb_view,
    curl_line,
    event_sections,
    event_view,
    exception_tree,
    frame_view,
    parts,
    policy,
    stack_view,
)
from errtally.exporter.web.shown_text import Allowance, text_of, visible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from werkzeug.wrappers import Response

    from errtally.exporter.web.frame_view import FrameView

PART_CHARACTERS = 70_000
"""Of HTML for one part: its page stays under 100 KB too."""

VALUE_CHARACTERS = 20_000
MAX_ROWS = 1_000
MAX_KINDS = 30
_OTHERS = ("calls", "breadcrumbs", "text", "message")

routes = Blueprint("event_parts", __name__)


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls of one exception or thread, all with source and variables, the newest first.

    Attributes:
        start: how many newer ones there are.
        total: how many there are.
        next: where those begin that do not stand here; None when all do.
    """

    title: str
    value: str
    frames: tuple[FrameView, ...]
    start: int
    total: int
    next: int | None


@routes.get("/events/<event_id>")
def find(event_id: str) -> Response:
    """Lead to the issue of a kept event, with that event."""
    kept = parts.reader().kept_event(event_id.replace("-", "").lower()) or parts.reader().kept_event(event_id)
    if kept is None:
        abort(404, "no event of this id is kept: it never came, or it went when newer ones of its issue did")
    address = url_for("web.issue", fingerprint=kept.fingerprint, project=kept.project, event=kept.event_id)
    return redirect(f"{address}#event")


@routes.get("/issues/<fingerprint>/events/<event_id>.json")
def as_json(fingerprint: str, event_id: str) -> FlaskResponse:
    """Return one kept event whole, as far as it was kept."""
    _, event = _issue_and_event(fingerprint, event_id)
    return FlaskResponse(json.dumps(event, indent=1, ensure_ascii=False), content_type="application/json")


@routes.get("/issues/<fingerprint>/events/<event_id>/<part>")
def page(fingerprint: str, event_id: str, part: str) -> FlaskResponse:
    """Show one part of an event, all of it."""
    if part not in {*event_sections.TITLES, *_OTHERS}:
        abort(404)
    issue, event = _issue_and_event(fingerprint, event_id)
    start = max(request.args.get("from", 0, type=int), 0)
    given: dict[str, Any] = {}
    allowance = Allowance(PART_CHARACTERS)
    if part == "calls":
        exceptions = stack_view.kept_exceptions(event)
        given["calls"] = calls_of(event, exceptions, allowance, start)
        given["exception"] = request.args.get("exception", 0, type=int)
        given["thread"] = request.args.get("thread", type=int)
        given["exceptions"] = [
            (place.number, visible(text_of(exceptions[place.number][0].get("type")) or "Stack")[:100])
            for place in exception_tree.ordered([sent for sent, _ in exceptions])
        ]
    elif part == "breadcrumbs":
        sent = stack_view.dicts(event.get("breadcrumbs"))
        kinds = sorted({kind for crumb in sent if (kind := breadcrumb_view.kind_of(crumb))})
        kind = request.args.get("kind", "")
        chosen = [crumb for crumb in sent if not kind or breadcrumb_view.kind_of(crumb) == kind]
        given |= {"kinds": kinds[:MAX_KINDS], "kind": kind}
        given["crumbs"] = breadcrumb_view.breadcrumbs(
            chosen, allowance, start=start, most=MAX_ROWS, characters=VALUE_CHARACTERS
        )
    elif part == "message":
        given["text"] = allowance.take(event.get("message"), PART_CHARACTERS)
    elif part == "text":
        raw = event.get("stack")
        text = raw if isinstance(raw, str) else stack_view.as_text(event)
        given["text"] = allowance.take(text, PART_CHARACTERS)
    else:
        given["section"] = event_sections.section(
            event, part, allowance, most=MAX_ROWS, characters=VALUE_CHARACTERS, start=start
        )
        asked = event.get("request") if part == "request" else None
        given["curl"] = allowance.take(curl_line.curl_line(asked), VALUE_CHARACTERS) if isinstance(asked, dict) else ""
    html = render_template(
        "event_part.html",
        issue=issue,
        heading=event_view.heading(event) or issue["title"],
        event_id=text_of(event.get("event_id")),
        part=part,
        is_cut=allowance.is_used_up,
        **given,
    )
    return policy.with_own_script(make_response(html))


def calls_of(event: Mapping[str, Any], exceptions: stack_view.Exceptions, allowance: Allowance, start: int) -> Calls:
    """Return the calls that the address asks for, with all that is known of each."""
    thread = request.args.get("thread", type=int)
    sent: Mapping[str, Any]
    if thread is not None:
        threads = stack_view.dicts(event.get("threads"))
        if not 0 <= thread < len(threads):
            abort(404)
        sent, frames = threads[thread], stack_view.dicts(threads[thread].get("frames"))
        title, value = text_of(sent.get("name")) or f"Thread {text_of(sent.get('id'))}", ""
    else:
        number = request.args.get("exception", 0, type=int)
        if not 0 <= number < len(exceptions):
            abort(404)
        sent, frames = exceptions[number]
        title, value = text_of(sent.get("type")) or "Stack", text_of(sent.get("value"))
    shown_title, shown_value = allowance.take(title, 300), allowance.take(value, VALUE_CHARACTERS)
    shown = _frames(list(reversed(frames))[start : start + MAX_ROWS], allowance)
    end = start + len(shown)
    return Calls(shown_title, shown_value, shown, start, len(frames), end if end < len(frames) else None)


def _frames(frames: Sequence[Mapping[str, Any]], allowance: Allowance) -> tuple[FrameView, ...]:
    shown: list[FrameView] = []
    for sent in frames:
        trial = allowance.trial()
        line = frame_view.line_of(sent, trial)
        frame = frame_view.with_details(line, sent, trial, most_variables=MAX_ROWS, value_characters=VALUE_CHARACTERS)
        if shown and trial.is_used_up:  # it begins the next page
            break
        allowance.accept(trial)
        shown.append(frame)
    return tuple(shown)


def _issue_and_event(fingerprint: str, event_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return an issue and one of its kept events, or say that there is none."""
    reader = parts.reader()
    found = reader.issue(fingerprint, request.args.get("project"))
    event = reader.sample(found["ids"], event_id) if found is not None else None
    if found is None or event is None:
        abort(404)
    return found, event
