"""One sample event as the page shows it: sections of plain texts, whatever shape the client sent. Pure.

Nothing of an event becomes a link: its text is a stranger's, and whoever reads it at night must not be led anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from errtally.exporter.web import stack_view
from errtally.exporter.web.shown_text import Allowance, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from errtally.exporter.web.stack_view import ExceptionView

MAX_BREADCRUMBS = 100
MAX_PAIRS = 100
PAIR_CHARACTERS = 1_000
STACK_CHARACTERS = 20_000
_PAIR_MARKUP, _CRUMB_MARKUP = 50, 120
_PLAIN = ("transaction", "logger", "server_name", "platform", "trace_id")
_REQUEST_FIRST = ("method", "url", "query_string", "data", "headers", "cookies", "env")
_OWN_SECTIONS = (("user", "User"), ("contexts", "Contexts"), ("extra", "Extra"), ("sdk", "SDK"))

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Crumb:
    """One thing that happened before; ``time`` is "" where the client sent none that can be read."""

    time: str
    level: str
    category: str
    message: str
    values: str


@dataclass(frozen=True, slots=True)
class Section:
    """Names and values under a heading."""

    id: str
    title: str
    pairs: Pairs


@dataclass(frozen=True, slots=True)
class EventView:
    """What the page shows of one event.

    Attributes:
        message: "" when an exception says the same.
        text: the stack trace as text to copy: the runtime's own, where that is what the client sent.
        request: method and address in one line, "" without a request.
        notice: what of the event is not here, "" when all is.
    """

    event_id: str
    timestamp: float
    level: str
    environment: str
    release: str
    message: str
    exceptions: tuple[ExceptionView, ...]
    text: str
    tags: Pairs
    breadcrumbs: tuple[Crumb, ...]
    request: str
    sections: tuple[Section, ...]
    facts: Pairs
    notice: str


def view(event: Mapping[str, Any], allowance: Allowance | None = None) -> EventView:
    """Return what the page shows of a kept event.

    Args:
        event: its kept page.
        allowance: how much of it may be shown; by default what one page holds.
    """
    allowance = allowance or Allowance()
    # Neither the stack nor its text may take what the breadcrumbs need.
    part = allowance.portion(0.6)
    exceptions = stack_view.exceptions_of(event, part)
    allowance.give_back(part)
    part = allowance.portion(0.4)
    stack = event.get("stack")
    raw = part.take(stack, STACK_CHARACTERS) if isinstance(stack, str) else ""
    copied = "" if raw or not exceptions else part.take(stack_view.as_text(exceptions), STACK_CHARACTERS)
    allowance.give_back(part)
    message = text_of(event.get("message"))
    is_said = any(message in {one.value, f"{one.type}: {one.value}"} for one in exceptions)
    request = event.get("request")
    request = request if isinstance(request, dict) else {}
    # What stands further up on the page comes first, so that it is never cut for what stands below.
    shown_message = "" if is_said else allowance.take(message)
    tags = _pairs(event.get("tags"), allowance)
    crumbs = _breadcrumbs(event.get("breadcrumbs"), allowance)
    sections = _sections(event, request, allowance)
    facts = tuple(
        (name.replace("_", " "), text)
        for name in _PLAIN
        if (text := allowance.take(event.get(name), PAIR_CHARACTERS, markup=_PAIR_MARKUP))
    )
    return EventView(
        event_id=text_of(event.get("event_id")),
        timestamp=float(event.get("timestamp") or 0.0),
        level=text_of(event.get("level")),
        environment=text_of(event.get("environment")),
        release=text_of(event.get("release")),
        message=shown_message,
        exceptions=exceptions,
        text=raw or copied,
        tags=tags,
        breadcrumbs=crumbs,
        request=" ".join(part for part in (text_of(request.get("method")), text_of(request.get("url"))) if part)[
            :PAIR_CHARACTERS
        ],
        sections=sections,
        facts=facts,
        notice=_notice(event, allowance),
    )


def _notice(event: Mapping[str, Any], allowance: Allowance) -> str:
    if isinstance(truncated := event.get("truncated"), str):
        return truncated
    return "the event is longer than a page: the rest is in its JSON" if allowance.is_used_up else ""


def _breadcrumbs(sent: Any, allowance: Allowance) -> tuple[Crumb, ...]:  # noqa: ANN401
    crumbs = [crumb for crumb in sent if isinstance(crumb, dict)] if isinstance(sent, list) else []
    shown: list[Crumb] = []
    for crumb in reversed(crumbs[-MAX_BREADCRUMBS:]):  # the newest stand first, and are the last to be cut
        if allowance.is_empty:
            allowance.is_used_up = True
            break
        shown.append(
            Crumb(
                _clock(crumb.get("timestamp")),
                allowance.take(crumb.get("level"), 20),
                allowance.take(crumb.get("category") or crumb.get("type"), 100, markup=_CRUMB_MARKUP),
                allowance.take(crumb.get("message"), PAIR_CHARACTERS),
                allowance.take(crumb.get("data") or crumb.get("metadata") or None, PAIR_CHARACTERS),
            )
        )
    return tuple(shown)


def _clock(sent: Any) -> str:  # noqa: ANN401
    """Return the time of day, UTC; clients send seconds, milliseconds or a text with date and time."""
    if isinstance(sent, str):
        try:
            moment = datetime.fromisoformat(sent)
        except ValueError:
            return ""
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC).strftime("%H:%M:%S")
    if isinstance(sent, bool) or not isinstance(sent, (int, float)):
        return ""
    seconds = sent / 1000 if sent > 1e11 else sent  # noqa: PLR2004 (seconds until the year 5138)
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return ""


def _sections(event: Mapping[str, Any], request: Mapping[str, Any], allowance: Allowance) -> tuple[Section, ...]:
    ordered = [*(name for name in _REQUEST_FIRST if name in request), *sorted(request.keys() - set(_REQUEST_FIRST))]
    flat = {part: value for name in ordered for part, value in _spread(name, request[name])}
    found = [Section("request", "Request", _pairs(flat, allowance, in_order=True))]
    for name, title in _OWN_SECTIONS:
        sent = event.get(name)
        if isinstance(sent, dict):
            spread = {part: value for key in sent for part, value in _spread(key, sent[key])}
            found.append(Section(name, title, _pairs(spread, allowance)))
    return tuple(section for section in found if section.pairs)


def _spread(name: str, value: Any) -> list[tuple[str, Any]]:  # noqa: ANN401
    """Return one level of nesting as names with a dot; what is nested deeper stays JSON."""
    if isinstance(value, dict) and value:
        return [(f"{name}.{key}", inner) for key, inner in value.items() if not (key == "type" and inner == name)]
    if isinstance(value, list) and value and all(isinstance(one, list) and len(one) == 2 for one in value):  # noqa: PLR2004
        return [(f"{name}.{text_of(key)}", inner) for key, inner in value]  # headers of some SDKs
    return [(name, value)]


def _pairs(sent: Any, allowance: Allowance, *, in_order: bool = False) -> Pairs:  # noqa: ANN401
    if not isinstance(sent, dict):
        return ()
    items = list(sent.items()) if in_order else sorted(sent.items())
    shown = []
    for name, value in items[:MAX_PAIRS]:
        if allowance.is_empty:
            allowance.is_used_up = True
            break
        if value is not None and value not in ("", {}, []):
            shown.append((allowance.take(name, 200, markup=_PAIR_MARKUP), allowance.take(value, PAIR_CHARACTERS)))
    return tuple(shown)
