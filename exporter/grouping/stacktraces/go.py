"""Go: panics and fatal errors with goroutines, and the ``%+v`` form of github.com/pkg/errors."""

from __future__ import annotations

import re
from typing import Final

from errtally.event.model import ExceptionInfo, Frame

_RECOGNISED: Final = re.compile(r"^goroutine \d+ \[|^\t[^\t\n]+\.(?:go|s):\d+(?: \+0x[0-9a-f]+)?\r?$", re.MULTILINE)
_PLACE: Final = re.compile(r"\t(.+):(\d+)(?: \+0x[0-9a-f]+)?(?: fp=.*)?$")
_PANIC: Final = re.compile(r"\s*(panic|fatal error|runtime): (.*)$")
_GOROUTINE: Final = re.compile(r"goroutine \d+ \[")
_RECOVERED: Final = re.compile(r" \[recovered(?:, [a-z]+)?\]$")
_ARGUMENTS: Final = re.compile(r"\((?:[^()]|\([^()]*\))*\)$")


def recognises(text: str) -> bool:
    """Whether the text has a goroutine or frames as ``function`` and ``file.go:1`` on the next line."""
    return _RECOGNISED.search(text) is not None


def parse(lines: list[str]) -> list[ExceptionInfo]:
    """Return the exceptions; of many goroutines only the first, which is the one that failed."""
    if any(_GOROUTINE.match(line) for line in lines):
        return _parse_goroutine(lines)
    return _parse_wrapped(lines)


def _parse_goroutine(lines: list[str]) -> list[ExceptionInfo]:
    exceptions: list[ExceptionInfo] = []
    message: list[str] | None = None
    frames: list[Frame] = []
    inside = False
    for number, line in enumerate(lines):
        if _GOROUTINE.match(line):
            if inside:
                break
            inside = True
        elif inside and not line.strip():
            if frames:
                break
        elif inside:
            if frame := _frame(line, lines[number + 1] if number + 1 < len(lines) else ""):
                frames.append(frame)
        elif panic := _PANIC.match(line):
            message = [panic[2]]
            exceptions.append(ExceptionInfo(type=panic[1]))
            exceptions[-1].value = _RECOVERED.sub("", panic[2])
        elif message is not None and line.strip() and not line.startswith("[signal "):
            message.append(line)
            exceptions[-1].value = _RECOVERED.sub("", "\n".join(message))
    if not exceptions:
        exceptions.append(ExceptionInfo())
    exceptions[-1].frames = frames[::-1]
    return exceptions


def _parse_wrapped(lines: list[str]) -> list[ExceptionInfo]:
    exceptions: list[ExceptionInfo] = []
    message: list[str] = []
    frames: list[Frame] = []
    for number, line in enumerate(lines):
        if _PLACE.match(line):
            continue
        if frame := _frame(line, lines[number + 1] if number + 1 < len(lines) else ""):
            frames.append(frame)
            continue
        if frames:
            exceptions.append(ExceptionInfo(None, "\n".join(message).strip() or None, None, frames[::-1]))
            message, frames = [], []
        message.append(line)
    if frames:
        exceptions.append(ExceptionInfo(None, "\n".join(message).strip() or None, None, frames[::-1]))
    return exceptions


def _frame(line: str, following: str) -> Frame | None:
    place = _PLACE.match(following)
    if not place or line.startswith(("\t", "created by ")):
        return None
    called = _ARGUMENTS.sub("", line.strip())
    slash = called.rfind("/")
    dot = called.find(".", slash + 1)
    module, function = (called[:dot], called[dot + 1 :]) if dot >= 0 else (None, called)
    return Frame(function=function, module=module, filename=place[1], lineno=int(place[2]))
