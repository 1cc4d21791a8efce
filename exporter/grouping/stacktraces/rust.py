"""Rust: a panic with its backtrace, and the ``Caused by`` list of anyhow and eyre."""

from __future__ import annotations

import re
from typing import Final

from errtally.event.model import ExceptionInfo, Frame

_PANIC: Final = re.compile(r"\s*thread '([^']*)'(?: \(\d+\))? panicked at (.*)$")
_QUOTED_MESSAGE: Final = re.compile(r"'(.*)', ([^']+):(\d+):(\d+)$")
_FRAME: Final = re.compile(r"\s*\d+: +(?:0x[0-9a-f]+ - )?(\S.*)$")
_PLACE: Final = re.compile(r"\s+at (.+?):(\d+)(?::(\d+))?$")
_RECOGNISED: Final = re.compile(
    r"^[ \t]*thread '[^'\n]*'[^\n]* panicked at |^[ \t]*\d+: [^\n]+\n[ \t]+at [^\n]+\.rs:\d+", re.MULTILINE
)
_ANYHOW: Final = re.compile(r"^Error: [^\n]*\n(?:[^\n]*\n){0,20}?Caused by:\n", re.MULTILINE)
_CAUSE: Final = re.compile(r"\s+(?:\d+: )?(\S.*)$")


def recognises(text: str) -> bool:
    """Whether the text has a panic, a backtrace with ``.rs`` files, or an error with its causes."""
    return _RECOGNISED.search(text) is not None or _ANYHOW.search(text) is not None


def parse(lines: list[str]) -> list[ExceptionInfo]:
    """Return the exceptions, causes first; a panic has type ``panic``."""
    message: list[str] = []
    causes: list[str] = []
    frames: list[Frame] = []
    kind: str | None = None
    state = "before"
    for line in lines:
        text = line.strip()
        if panic := _PANIC.match(line):
            kind, state = "panic", "message"
            quoted = _QUOTED_MESSAGE.match(panic[2])
            message = [quoted[1]] if quoted else []
        elif text.lower() in {"stack backtrace:", "caused by:"}:
            state = text.lower().partition(" ")[2]
        elif text.startswith("note: "):
            state = "end"
        elif state == "by:":
            if cause := _CAUSE.match(line):
                causes.append(cause[1])
        elif state == "message" or (state == "before" and text.startswith("Error: ")):
            state = "message"
            kind = kind or "Error"
            message.append(text.removeprefix("Error: ") if not message else text)
        elif place := _PLACE.match(line):
            if frames:
                frames[-1].filename, frames[-1].lineno = place[1], int(place[2])
                frames[-1].colno = int(place[3]) if place[3] else None
        elif frame := _FRAME.match(line):
            frames.append(Frame(function=frame[1]))
    raised = ExceptionInfo(kind, "\n".join(message).strip(), None, frames[::-1])
    return [*(ExceptionInfo("Error", cause) for cause in reversed(causes)), raised]
