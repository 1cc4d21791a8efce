"""The exceptions of an event as the page shows them: what each says, and its calls with the newest on top. Pure.

What a page has room for goes to what tells most: what each exception says, the lines of the application's calls, source
and variables where each exception began, the lines of libraries' calls, and then source and variables of the
application's other calls. The rest is a page away (see `event_parts`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from errtally.exporter.grouping.stacktraces import registry
from errtally.exporter.web import exception_tree, frame_view
from errtally.exporter.web.shown_text import text_of, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from errtally.event.model import Frame
    from errtally.exporter.web.frame_view import FrameView
    from errtally.exporter.web.shown_text import Allowance

MAX_VARIABLES = 30
NAMES_IN_FOLD = 3
OPEN_LIBRARY_CALLS = 3
"""Of an exception without a call of the application: its newest ones show without being asked."""

MAX_BLOCK = 6
"""Calls that call each other in turn, of which one round is shown."""

FIRST_VALUE_CHARACTERS, VALUE_CHARACTERS = 4_000, 1_000
_HEAD_SHARE, _OWN_SHARE, _LIBRARY_SHARE = 0.4, 0.6, 1.0
_HEAD_MARKUP = 500

Exceptions = list[tuple["Mapping[str, Any]", list[dict[str, Any]]]]


@dataclass(frozen=True, slots=True)
class Run:
    """Calls one after the other that are all the application's, or all not.

    Attributes:
        label: what a folded run is called.
        is_open: whether it shows without being asked.
    """

    is_in_app: bool
    frames: tuple[FrameView, ...]
    label: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class ExceptionView:
    """One exception.

    Attributes:
        number: its index in what the client sent.
        depth: how far below the raised one it stands.
        relation: to the exception above it, "" for the raised one.
        note: how it was caught, where the client told.
        calls: how many it has.
        left_out: how many of them do not stand here.
        has_more: whether source or variables of its calls do not stand here.
    """

    number: int
    depth: int
    relation: str
    type: str
    value: str
    note: str
    runs: tuple[Run, ...]
    calls: int
    left_out: int = 0
    has_more: bool = False

    @property
    def frames(self) -> tuple[FrameView, ...]:
        """All calls that are shown, the newest first."""
        return tuple(frame for run in self.runs for frame in run.frames)


def exceptions_of(event: Mapping[str, Any], allowance: Allowance) -> tuple[ExceptionView, ...]:
    """Return the exceptions of a sample event, the raised one first and beneath it what it came from.

    Args:
        event: the kept page of an event; of any shape, because clients send what they like.
        allowance: what may be shown of it.
    """
    kept = kept_exceptions(event)
    drafts = [_Draft(place, *kept[place.number]) for place in exception_tree.ordered([sent for sent, _ in kept])]
    part = allowance.portion(_HEAD_SHARE)
    for at, draft in enumerate(drafts):
        draft.take_head(part, FIRST_VALUE_CHARACTERS if at == 0 else VALUE_CHARACTERS)
    allowance.give_back(part)
    for is_own, share in ((True, _OWN_SHARE), (False, _LIBRARY_SHARE)):
        part = allowance.portion(share)
        for draft in drafts:
            draft.take_lines(part, is_own=is_own)
        allowance.give_back(part)
        if is_own:
            focus = next((draft for draft in drafts if draft.has_own), drafts[0] if drafts else None)
            for draft in drafts:
                draft.take_details(allowance, only_focus=True, is_focus=draft is focus)
    for draft in drafts:
        draft.take_details(allowance)
    return tuple(draft.view() for draft in drafts if draft.is_told)


class _Draft:
    """An exception of which more and more is shown."""

    def __init__(self, place: exception_tree.Place, sent: Mapping[str, Any], frames: Sequence[dict[str, Any]]) -> None:
        self._place, self._sent = place, sent
        self._frames = list(reversed(frames))  # the newest first
        rows = collapsed([frame_view.identity(frame) for frame in self._frames])
        self._rows = {index: (repeated, block) for index, repeated, block in rows}
        self._own = {index for index in self._rows if frame_view.is_in_app(self._frames[index])}
        self._shown: dict[int, FrameView] = {}
        self._type = self._value = ""
        self.is_told = False

    @property
    def has_own(self) -> bool:
        """Whether a call of the application is among its calls."""
        return bool(self._own)

    def take_head(self, allowance: Allowance, most: int) -> None:
        if allowance.is_empty:
            allowance.is_used_up = True
            return
        self.is_told = True
        self._type = allowance.take(self._sent.get("type"), frame_view.NAME_CHARACTERS, markup=_HEAD_MARKUP)
        self._value = allowance.take(self._sent.get("value"), most)

    def take_lines(self, allowance: Allowance, *, is_own: bool) -> None:
        for index in self._rows if self.is_told else ():
            if (index in self._own) is not is_own or index in self._shown:
                continue
            if allowance.is_empty:
                allowance.is_used_up = True
                return
            self._shown[index] = self._line(index, allowance)

    def take_details(self, allowance: Allowance, *, only_focus: bool = False, is_focus: bool = False) -> None:
        """Add source and variables: of the call where the exception began, or of the application's others."""
        focus = min(self._own, default=0)
        for index in [focus] if only_focus else sorted(self._own - {focus}):
            sent = self._frames[index] if index < len(self._frames) else {}
            if not frame_view.has_details(sent) or (index not in self._shown and index in self._own):
                continue
            trial = allowance.trial()
            line = self._shown.get(index) or self._line(index, trial)
            shown = frame_view.with_details(line, sent, trial, most_variables=MAX_VARIABLES)
            if trial.is_used_up and not only_focus:
                continue
            allowance.accept(trial)
            self._shown[index] = replace(shown, is_focus=is_focus)

    def _line(self, index: int, allowance: Allowance) -> FrameView:
        repeated, block = self._rows[index]
        return replace(frame_view.line_of(self._frames[index], allowance), repeated=repeated, block=block)

    def view(self) -> ExceptionView:
        shown = [self._shown[index] for index in self._rows if index in self._shown]
        has_own = any(frame.is_in_app for frame in shown)
        runs: list[Run] = []
        for is_own, grouped in groupby(shown, key=lambda frame: frame.is_in_app):
            run = tuple(grouped)
            if not has_own and len(run) > OPEN_LIBRARY_CALLS + 1:
                # Where the application is not in the trace, its newest calls are all there is to see.
                runs.append(Run(is_own, run[:OPEN_LIBRARY_CALLS], "", is_open=True))
                run = run[OPEN_LIBRARY_CALLS:]
                runs.append(Run(is_own, run, _label(run), is_open=False))
            else:
                runs.append(Run(is_own, run, _label(run), is_open=is_own or not has_own))
        return ExceptionView(
            self._place.number, self._place.depth, self._place.relation, self._type, self._value,
            _note(self._sent.get("mechanism")), tuple(runs), len(self._frames), len(self._rows) - len(shown),
            has_more=any(frame.has_more for frame in shown) or len(self._rows) < len(self._frames)
            or self._value != visible(text_of(self._sent.get("value"))),
        )  # fmt: skip


def collapsed(identities: Sequence[Any]) -> Iterator[tuple[int, int, int]]:
    """Give the calls to show when calls that repeat, alone or in turn, are shown once.

    Args:
        identities: what the same calls share, in their order.

    Returns:
        Index of each call to show, how many more times the block that ends with it stood there, and its length.
    """
    at = 0
    while at < len(identities):
        size, times = 1, 1
        for length in range(1, MAX_BLOCK + 1):
            block = identities[at : at + length]
            rounds = 1
            while identities[at + rounds * length : at + (rounds + 1) * length] == block:
                rounds += 1
            if rounds > 1 and (rounds - 1) * length > (times - 1) * size:
                size, times = length, rounds
        if times * size <= size + 1:  # a call that stands there twice is shown twice
            size, times = 1, 1
        for step in range(size):
            yield at + step, (times - 1 if step == size - 1 else 0), size
        at += size * times


def kept_exceptions(event: Mapping[str, Any]) -> Exceptions:
    """Return the exceptions of a sample event with their frames, causes first; also from a stack that came as text.

    Args:
        event: the kept page of an event; of any shape, because clients send what they like.
    """
    sent = dicts(event.get("exceptions"))
    if sent:
        return [(item, dicts(item.get("frames"))) for item in sent]
    frames = dicts(event.get("frames"))
    if frames:
        return [({}, frames)]
    stack = event.get("stack")
    if not isinstance(stack, str):
        return []
    platform = event.get("platform")
    parsed = registry.parse(stack, platform if isinstance(platform, str) else None)
    if not any(exception.frames for exception in parsed):
        return []
    return [
        ({"type": exception.type, "value": exception.value}, [_as_sent(frame) for frame in exception.frames])
        for exception in parsed
    ]


def raised(kept: Exceptions) -> int:
    """Return the index of the exception that was raised, among at least one."""
    return exception_tree.ordered([sent for sent, _ in kept])[0].number


def as_text(event: Mapping[str, Any]) -> str:
    """Return the whole trace as plain text for a ticket or a chat: newest call first, causes below; "" without one."""
    kept = kept_exceptions(event)
    lines: list[str] = []
    for place in exception_tree.ordered([sent for sent, _ in kept]):
        sent, frames = kept[place.number]
        heading = ": ".join(part for part in (text_of(sent.get("type")), text_of(sent.get("value"))) if part) or "Stack"
        lines.append(f"{place.relation.capitalize()}: {heading}" if place.relation else heading)
        calls = [(frame, frame_view.is_in_app(frame)) for frame in reversed(frames)]
        has_own = any(is_own for _, is_own in calls)
        for at, (frame, is_own) in enumerate(calls):
            names = [text_of(frame.get(name)) for name in ("filename", "abs_path", "module", "package")]
            where = next((name for name in names if name), "?")
            where += f":{number}" if (number := text_of(frame.get("lineno"))) else ""
            lines.append(f"  {'*' if is_own else ' '} {text_of(frame.get('function')) or '?'} ({where})")
            if (is_own or (at == 0 and not has_own)) and frame.get("context_line") is not None:
                lines.append(f"      > {text_of(frame['context_line']).strip()}")
    return "\n".join(lines)


def _as_sent(frame: Frame) -> dict[str, Any]:
    return {
        "function": frame.function, "module": frame.module, "filename": frame.filename, "abs_path": frame.abs_path,
        "lineno": frame.lineno, "in_app": frame.in_app, "context_line": frame.context_line, "package": frame.package,
    }  # fmt: skip


def _label(run: Sequence[FrameView]) -> str:
    count = sum(1 + frame.repeated * frame.block for frame in run)
    seen = list(dict.fromkeys(frame.place for frame in run))
    named = ", ".join(seen[:NAMES_IN_FOLD]) + (", …" if len(seen) > NAMES_IN_FOLD else "")
    return f"{count} call{'' if count == 1 else 's'} in libraries: {named}"


def _note(mechanism: object) -> str:
    handled = mechanism.get("handled") if isinstance(mechanism, dict) else None
    if handled is True:
        return "caught and reported by the program"
    return "nothing caught it" if handled is False else ""


def dicts(value: object) -> list[dict[str, Any]]:
    """Return the objects of a list that a client sent; nothing when it is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
