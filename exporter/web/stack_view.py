"""Stack traces as the page shows them: the newest call first, the application's open, libraries folded. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from errtally.event.model import Frame
from errtally.exporter.grouping import in_app
from errtally.exporter.grouping.stacktraces import registry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from errtally.exporter.web.shown_text import Allowance

MAX_CAUSES = 10
MAX_FRAMES_SHOWN = 100
MAX_SOURCE_LINES = 5
"""Before the line of the call, and after it."""

MAX_VARIABLES = 30
SOURCE_LINE_CHARACTERS = 300
VARIABLE_CHARACTERS = 500
NAME_CHARACTERS = 300
NAMES_IN_FOLD = 3
_ROW_MARKUP, _FRAME_MARKUP = 90, 500


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One line of source; ``number`` is "" where the client sent none."""

    number: str
    text: str
    is_call: bool


@dataclass(frozen=True, slots=True)
class FrameView:
    """One call."""

    place: str
    function: str
    line: str
    is_in_app: bool
    source: tuple[SourceLine, ...]
    variables: tuple[tuple[str, str], ...]


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
    """One exception of a chain; ``note`` says how it was caught, where the client told."""

    type: str
    value: str
    note: str
    runs: tuple[Run, ...]

    @property
    def frames(self) -> tuple[FrameView, ...]:
        """All calls, the newest first."""
        return tuple(frame for run in self.runs for frame in run.frames)


def exceptions_of(event: Mapping[str, Any], allowance: Allowance) -> tuple[ExceptionView, ...]:
    """Return the exceptions of a sample event, the raised one first and its causes after it.

    Args:
        event: the kept page of an event; of any shape, because clients send what they like.
        allowance: what may be shown of it.
    """
    newest = list(reversed(kept_exceptions(event)))[:MAX_CAUSES]
    return tuple(_exception(sent, frames, allowance) for sent, frames in newest)


def kept_exceptions(event: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], list[dict[str, Any]]]]:
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


def as_text(exceptions: Sequence[ExceptionView]) -> str:
    """Return the trace as plain text for a ticket or a chat: newest call first, causes below."""
    lines: list[str] = []
    for index, exception in enumerate(exceptions):
        heading = ": ".join(part for part in (exception.type, exception.value) if part) or "Stack"
        lines.append(f"Caused by: {heading}" if index else heading)
        for frame in exception.frames:
            place = f"{frame.place}:{frame.line}" if frame.line else frame.place
            lines.append(f"  {'*' if frame.is_in_app else ' '} {frame.function or '?'} ({place})")
            lines += [f"      > {line.text.strip()}" for line in frame.source if line.is_call and frame.is_in_app]
    return "\n".join(lines)


def _exception(sent: Mapping[str, Any], frames: Sequence[Mapping[str, Any]], allowance: Allowance) -> ExceptionView:
    type_ = allowance.take(sent.get("type"), NAME_CHARACTERS, markup=_FRAME_MARKUP)
    value = allowance.take(sent.get("value"))
    newest = list(reversed(frames))
    views = []
    for frame in newest[:MAX_FRAMES_SHOWN]:
        if allowance.is_empty:
            allowance.is_used_up = True
            break
        views.append(_frame(frame, allowance))
    has_own = any(view.is_in_app for view in views)
    runs: list[Run] = []
    for is_own, grouped in groupby(views, key=lambda view: view.is_in_app):
        run = tuple(grouped)
        # Where the application is not in the trace, its newest calls are all there is to see.
        runs.append(Run(is_own, run, _label(run), is_open=is_own or (not has_own and not runs)))
    return ExceptionView(type_, value, _note(sent.get("mechanism")), tuple(runs))


def _frame(sent: Mapping[str, Any], allowance: Allowance) -> FrameView:
    def word(name: str) -> str:
        return allowance.take(sent.get(name), NAME_CHARACTERS)

    allowance.take("", markup=_FRAME_MARKUP)
    place = word("filename") or word("abs_path") or word("module") or "?"
    lineno = sent.get("lineno")
    number = lineno if isinstance(lineno, int) and not isinstance(lineno, bool) else None
    is_own = is_in_app(sent)
    function = word("function")
    return FrameView(
        place,
        function,
        str(number) if number is not None else allowance.take(lineno, 20),
        is_own,
        _source(sent, number, allowance, around=MAX_SOURCE_LINES if is_own else 0),
        _variables(sent.get("vars"), allowance) if is_own else (),
    )


def _source(sent: Mapping[str, Any], number: int | None, allowance: Allowance, around: int) -> tuple[SourceLine, ...]:
    call = sent.get("context_line")
    if call is None:
        return ()
    before = _lines(sent.get("pre_context"))[-around:] if around else []
    after = _lines(sent.get("post_context"))[:around]
    texts = [*before, call, *after]
    first = number - len(before) if number is not None else None
    return tuple(
        SourceLine(
            str(first + index) if first is not None else "",
            allowance.take(text, SOURCE_LINE_CHARACTERS, markup=_ROW_MARKUP),
            index == len(before),
        )
        for index, text in enumerate(texts)
    )


def _variables(sent: Any, allowance: Allowance) -> tuple[tuple[str, str], ...]:  # noqa: ANN401
    if not isinstance(sent, dict):
        return ()
    return tuple(
        (
            allowance.take(name, NAME_CHARACTERS, markup=_ROW_MARKUP),
            allowance.take(value, VARIABLE_CHARACTERS),
        )
        for name, value in sorted(sent.items())[:MAX_VARIABLES]
        if not allowance.is_empty
    )


def is_in_app(sent: Mapping[str, Any]) -> bool:
    """Whether a frame is the application's: as the client says, else by the rules that group events."""
    flag = sent.get("in_app")
    if isinstance(flag, bool):
        return flag

    def word(name: str) -> str | None:
        value = sent.get(name)
        return value if isinstance(value, str) else None

    return in_app.is_application(
        Frame(word("function"), word("module"), word("filename"), word("abs_path"), package=word("package"))
    )


def _as_sent(frame: Frame) -> dict[str, Any]:
    return {
        "function": frame.function, "module": frame.module, "filename": frame.filename, "abs_path": frame.abs_path,
        "lineno": frame.lineno, "in_app": frame.in_app, "context_line": frame.context_line, "package": frame.package,
    }  # fmt: skip


def _label(run: Sequence[FrameView]) -> str:
    seen = list(dict.fromkeys(frame.place for frame in run))
    named = ", ".join(seen[:NAMES_IN_FOLD]) + (", …" if len(seen) > NAMES_IN_FOLD else "")
    return f"{len(run)} call{'' if len(run) == 1 else 's'} in libraries: {named}"


def _note(mechanism: Any) -> str:  # noqa: ANN401
    handled = mechanism.get("handled") if isinstance(mechanism, dict) else None
    if handled is True:
        return "caught and reported by the program"
    return "nothing caught it" if handled is False else ""


def _lines(value: Any) -> list[Any]:  # noqa: ANN401
    return value if isinstance(value, list) else []


def dicts(value: object) -> list[dict[str, Any]]:
    """Return the objects of a list that a client sent; nothing when it is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
