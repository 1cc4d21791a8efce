"""Lua: ``file:1: message`` and ``stack traceback:``, newest call first."""

from __future__ import annotations

import re
from typing import Final

from errtally.event.model import ExceptionInfo, Frame

_HEADING: Final = "stack traceback:"
_FRAME: Final = re.compile(
    r"\s+(\[C\]|\[string [^\]]*\]|[^\s:]+):(?:(\d+):)? in "
    r"(?:(?:upvalue|local|method|field|global|function|metamethod) )?(.+)$"
)
_POSITION: Final = re.compile(r"\A(?:lua[\d.]*: )?(?:[^\s:]+:\d+: )?")


def recognises(text: str) -> bool:
    """Whether the text has Lua's heading."""
    return _HEADING in text


def parse(lines: list[str]) -> list[ExceptionInfo]:
    """Return one exception without a type: Lua's errors are values."""
    frames: list[Frame] = []
    message: list[str] = []
    inside = False
    for line in lines:
        if line.strip() == _HEADING:
            inside = True
        elif not inside:
            message.append(line)
        elif frame := _FRAME.match(line):
            frames.append(
                Frame(function=_function(frame[3]), filename=frame[1], lineno=int(frame[2]) if frame[2] else None)
            )
    value = _POSITION.sub("", "\n".join(message).strip(), count=1)
    return [ExceptionInfo(None, value or None, None, frames[::-1])]


def _function(named: str) -> str | None:
    if named.startswith("'"):
        return named.strip("'")
    if named in {"main chunk", "?"}:
        return named if named == "main chunk" else None
    return None  # function <file:1>: known by its line only
