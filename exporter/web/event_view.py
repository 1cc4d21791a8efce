"""One sample event as the page shows it: the stack first, then plain texts, whatever shape the client sent. Pure.

Nothing of an event becomes a link: its text is a stranger's, and whoever reads it at night must not be led anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from errtally.exporter.symbols.pages import UNREAD
from errtally.exporter.web import breadcrumb_view, event_sections, stack_view
from errtally.exporter.web.curl_line import curl_line
from errtally.exporter.web.shown_text import Allowance, text_of, visible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from errtally.exporter.web.breadcrumb_view import Crumbs
    from errtally.exporter.web.event_sections import Section
    from errtally.exporter.web.stack_view import ExceptionView

FIRST_BREADCRUMBS = 10
MAX_PAIRS = 40
PAIR_CHARACTERS = 600
PROCESS_CHARACTERS = 120
CURL_CHARACTERS = 2_000
TEXT_CHARACTERS = 12_000
HEADING_CHARACTERS = 300
MAX_THREADS = 50
NOTE_CHARACTERS = 1_000
_NOTE_MARKUP = 30
_STACK_SHARE = 0.7
_THREAD_MARKUP = 250


@dataclass(frozen=True, slots=True)
class ThreadView:
    """A thread of the program when the event happened; ``note`` says which it is."""

    number: int
    name: str
    note: str
    calls: int


@dataclass(frozen=True, slots=True)
class EventView:
    """What the page shows of one event.

    Attributes:
        message: "" when an exception says the same.
        left_out_exceptions: how many exceptions of the event do not stand here.
        text: the stack trace as text to copy, the runtime's own where that is what the client sent; "" where it is too
            long for the page, or there is none.
        has_text: whether there is any.
        request: method and address in one line, "" without a request.
        curl: a line that sends the request again, "" where it can't be made or is too long for the page.
        sections: by their ids, those with something in them.
        notice: what of the event was not kept, "" when all was.
        unread: files that its calls could not be read by, each with the reason.
    """

    event_id: str
    timestamp: float
    level: str
    environment: str
    release: str
    message: str
    is_message_cut: bool
    exceptions: tuple[ExceptionView, ...]
    left_out_exceptions: int
    threads: tuple[ThreadView, ...]
    text: str
    has_text: bool
    request: str
    curl: str
    sections: Mapping[str, Section]
    breadcrumbs: Crumbs
    notice: str
    unread: tuple[str, ...] = ()


def view(event: Mapping[str, Any], allowance: Allowance | None = None) -> EventView:
    """Return what the page shows of a kept event.

    Args:
        event: its kept page.
        allowance: how much of it may be shown; by default what one page holds.
    """
    allowance = allowance or Allowance()
    part = allowance.portion(_STACK_SHARE)  # the stack may not take what all else needs
    message = text_of(event.get("message"))
    exceptions = stack_view.exceptions_of(event, part)
    is_said = any(message in {one.value, f"{one.type}: {one.value}"} for one in exceptions)
    shown_message = "" if is_said else part.take(message)
    threads = _threads(event, part)
    allowance.give_back(part)
    request = event.get("request")
    request = request if isinstance(request, dict) else {}
    line = " ".join(one for one in (text_of(request.get("method")), text_of(request.get("url"))) if one)
    curl = curl_line(request)
    sections: dict[str, Section] = {}
    for name in event_sections.TITLES:
        if name == "extra":  # stands below the breadcrumbs
            crumbs = _breadcrumbs(event, allowance)
        characters = PROCESS_CHARACTERS if name == "process" else PAIR_CHARACTERS
        found = event_sections.section(event, name, allowance, most=MAX_PAIRS, characters=characters)
        if found.pairs or found.left_out:
            sections[name] = found
    text = visible(raw if isinstance(raw := event.get("stack"), str) else stack_view.as_text(event))
    return EventView(
        event_id=text_of(event.get("event_id")),
        timestamp=float(event.get("timestamp") or 0.0),
        level=text_of(event.get("level")),
        environment=visible(text_of(event.get("environment"))),
        release=visible(text_of(event.get("release"))),
        message=shown_message,
        is_message_cut=not is_said and shown_message != visible(message),
        exceptions=exceptions,
        left_out_exceptions=len(stack_view.kept_exceptions(event)) - len(exceptions),
        threads=threads,
        text=_whole(text, TEXT_CHARACTERS, allowance),
        has_text=bool(text),
        request=allowance.take(line, PAIR_CHARACTERS),
        curl=_whole(curl, CURL_CHARACTERS, allowance),
        sections=sections,
        breadcrumbs=crumbs,
        notice=text_of(event.get("truncated")),
        unread=tuple(allowance.take(note, NOTE_CHARACTERS, markup=_NOTE_MARKUP) for note in unread_notes(event)),
    )


def unread_notes(event: Mapping[str, Any]) -> list[str]:
    """Return in words which files calls of an event could not be read by, and why (see `symbols.late`)."""
    return [_note(one) for one in stack_view.dicts(event.get(UNREAD))]


def _note(unread: Mapping[str, Any]) -> str:
    file, message = text_of(unread.get("file")), text_of(unread.get("message"))
    note = f"{file}: {message}" if file else message
    uploaded, count = unread.get("uploaded"), unread.get("uploaded_count")
    if not isinstance(uploaded, list) or not isinstance(count, int):
        return note
    if not uploaded:
        return f"{note}; nothing of the kind is uploaded for this project"
    more = f" and {count - len(uploaded)} more" if count > len(uploaded) else ""
    return f"{note}; uploaded are {', '.join(map(text_of, uploaded))}{more}"


def _whole(text: str, limit: int, allowance: Allowance) -> str:
    """Return a text where there is room for all of it, else "": part of it would be of no use."""
    if len(text) > limit or not allowance.has_room(2 * len(text)):
        return ""
    return allowance.take(text, limit)


def heading(event: Mapping[str, Any]) -> str:
    """Return what an event says in one line: the raised exception's type and text, else its message; "" without any."""
    type_, said = text_of(event.get("type")), _first_line(text_of(event.get("message")))
    kept = stack_view.kept_exceptions(event)
    if kept:
        sent, _ = kept[stack_view.raised(kept)]
        raised = (text_of(sent.get("type")), text_of(sent.get("value")))
        said = _first_line(": ".join(one for one in raised if one)) or said
    if type_ and not said.startswith(type_) and not any(text_of(sent.get("type")) for sent, _ in kept):
        said = f"{type_}: {said}" if said else type_
    return visible(said if len(said) <= HEADING_CHARACTERS else said[:HEADING_CHARACTERS] + " …")


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def _threads(event: Mapping[str, Any], allowance: Allowance) -> tuple[ThreadView, ...]:
    found: list[ThreadView] = []
    for number, sent in enumerate(stack_view.dicts(event.get("threads"))[:MAX_THREADS]):
        if allowance.is_empty:
            allowance.is_used_up = True
            break
        name = text_of(sent.get("name")) or f"thread {text_of(sent.get('id'))}"
        notes = [word for word in ("crashed", "current") if sent.get(word) is True]
        notes += [text_of(sent["state"])] if sent.get("state") else []
        found.append(
            ThreadView(
                number,
                allowance.take(name, 100, markup=_THREAD_MARKUP),
                allowance.take(", ".join(notes), 100),
                len(stack_view.dicts(sent.get("frames"))),
            )
        )
    return tuple(found)


def _breadcrumbs(event: Mapping[str, Any], allowance: Allowance) -> Crumbs:
    sent = stack_view.dicts(event.get("breadcrumbs"))
    return breadcrumb_view.breadcrumbs(sent, allowance, start=0, most=FIRST_BREADCRUMBS, characters=PAIR_CHARACTERS)
