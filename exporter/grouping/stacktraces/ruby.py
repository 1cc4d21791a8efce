"""Ruby: ``file:1:in 'method': message (Type)``, newest call first, or oldest first where the order is :bottom."""

from __future__ import annotations

import re
from typing import Final

from errtally.event.model import ExceptionInfo, Frame

_LINE: Final = re.compile(r"\s*(?:\d+: )?(from )?([^\s:'\"][^:'\"]*?|-e|\(eval[^)]*\)):(\d+):in [`'](.+?)'(?:: (.*))?$")
_RECOGNISED: Final = re.compile(r"^[ \t]{0,8}(?:\d+: )?(?:from )?[^\s:][^\n:]{0,500}:\d+:in [`'][^\n]", re.MULTILINE)
_NUMBERED: Final = re.compile(r"\s+\d+: from ")
_MESSAGE: Final = re.compile(r"(.*) \(([A-Z][\w:]*)\)$")


def recognises(text: str) -> bool:
    """Whether a line reads ``file:1:in 'method'``."""
    return _RECOGNISED.search(text) is not None


def parse(lines: list[str]) -> list[ExceptionInfo]:
    """Return the exceptions, causes first."""
    if any(_NUMBERED.match(line) for line in lines):
        return _parse_oldest_first(lines)
    return _parse_newest_first(lines)


def _parse_oldest_first(lines: list[str]) -> list[ExceptionInfo]:
    exceptions: list[ExceptionInfo] = []
    frames: list[Frame] = []
    for line in lines:
        found = _LINE.match(line)
        if found and found[1]:
            frames.append(_frame(found))
        elif found:
            frames.append(_frame(found))
            exceptions.append(_exception([found[5] or ""], frames))
            frames = []
    if frames:
        exceptions.append(ExceptionInfo(frames=frames))
    return exceptions


def _parse_newest_first(lines: list[str]) -> list[ExceptionInfo]:
    blocks: list[tuple[list[str], list[Frame]]] = []
    before: list[str] = []
    for line in lines:
        found = _LINE.match(line)
        if found and (found[5] is not None or not blocks):
            blocks.append(([found[5]] if found[5] is not None else before, [_frame(found)]))
        elif found:
            blocks[-1][1].append(_frame(found))
        elif not blocks:
            before.append(line)
        elif len(blocks[-1][1]) == 1:
            blocks[-1][0].append(line)  # the message goes on, or the code is shown
    return [_exception(message, frames[::-1]) for message, frames in reversed(blocks)]


def _exception(message: list[str], frames: list[Frame]) -> ExceptionInfo:
    for number, line in enumerate(message):
        if found := _MESSAGE.match(line.rstrip()):
            return ExceptionInfo(found[2], "\n".join([*message[:number], found[1]]).strip(), None, frames)
    text = "\n".join(message).strip()
    # Ruby prints "unhandled exception" and no type when a message is empty.
    return ExceptionInfo(None, text or None, None, frames)


def _frame(found: re.Match[str]) -> Frame:
    return Frame(function=found[4], filename=found[2], lineno=int(found[3]))
