"""Exceptions in two steps: the caller notes code and lines (microseconds), the sender's thread makes text of them.

Only code objects are kept, never frames, so that no local variable lives longer because it was near an error.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING

from errtally.client.snapshot import short

if TYPE_CHECKING:
    from types import CodeType, TracebackType

MAX_FRAMES = 100
MAX_CHAIN = 10
MAX_MESSAGE = 8192
MAX_STACK = 200_000
_HALF = MAX_FRAMES // 2


@dataclass(slots=True)
class Caught:
    """One exception as it was when it was caught.

    Attributes:
        type: qualified name as Python prints it, without ``builtins.``.
        frames: code and line, oldest call first.
        earlier: its cause or context.
        is_cause: whether ``earlier`` was named by ``raise ... from``.
        text: the whole trace where it was rendered at once (exception groups).
    """

    type: str
    message: str
    frames: list[tuple[CodeType, int]]
    notes: tuple[str, ...] = ()
    earlier: Caught | None = None
    is_cause: bool = False
    text: str | None = None


def catch(error: BaseException, trace: TracebackType | None = None) -> Caught:
    """Note an exception, its calls, and those of its causes.

    Args:
        error: the exception.
        trace: its traceback where it is not the exception's own.
    """
    caught = _one(error, trace if trace is not None else error.__traceback__)
    if isinstance(error, BaseExceptionGroup):
        # Nested boxes are Python's own business; groups are rare enough to be rendered in the caller.
        caught.text = short("".join(traceback.format_exception(error)), MAX_STACK)
        return caught
    seen, last = {id(error)}, caught
    for _ in range(MAX_CHAIN):
        cause = error.__cause__
        earlier = cause if cause is not None else (None if error.__suppress_context__ else error.__context__)
        if earlier is None or id(earlier) in seen:
            break
        seen.add(id(earlier))
        last.earlier = _one(earlier, earlier.__traceback__)
        last.is_cause = cause is not None
        error, last = earlier, last.earlier
    return caught


def type_name(kind: type[BaseException]) -> str:
    """Name a class as a traceback does."""
    module = kind.__module__
    return kind.__qualname__ if module in {"builtins", "__main__"} else f"{module}.{kind.__qualname__}"


def _one(error: BaseException, trace: TracebackType | None) -> Caught:
    frames: list[tuple[CodeType, int]] = []
    while trace is not None:
        frames.append((trace.tb_frame.f_code, trace.tb_lineno))
        trace = trace.tb_next
    if len(frames) > MAX_FRAMES:
        frames[_HALF:-_HALF] = []
    try:
        message = short(str(error), MAX_MESSAGE)
    except Exception as exc:  # noqa: BLE001 (any code of the application's may run here)
        message = f"<str() of the exception failed: {type(exc).__name__}>"
    # Past the class's own ways to look attributes up: they are the application's code.
    notes = object.__getattribute__(error, "__dict__").get("__notes__")
    kept = tuple(short(note) for note in notes[:MAX_CHAIN] if isinstance(note, str)) if isinstance(notes, list) else ()
    return Caught(type_name(type(error)), message, frames, kept)


def render(caught: Caught) -> str:
    """Return the trace as Python prints it, with source lines, causes first."""
    if caught.text is not None:
        return caught.text
    parts: list[str] = []
    if caught.earlier is not None:
        parts.append(render(caught.earlier))
        relation = (
            "The above exception was the direct cause of the following exception:"
            if caught.is_cause
            else "During handling of the above exception, another exception occurred:"
        )
        parts.append(f"\n\n{relation}\n\n")
    if caught.frames:
        parts.append("Traceback (most recent call last):\n")
        # Names and places only; source lines are looked up by the first use of `line`.
        parts += traceback.StackSummary.from_list(
            [(code.co_filename, line, code.co_name, None) for code, line in caught.frames]
        ).format()
    parts.append(f"{caught.type}: {caught.message}" if caught.message else caught.type)
    parts += [f"\n{note}" for note in caught.notes]
    return short("".join(parts), MAX_STACK)
