"""Native code: the backtraces of gdb, lldb and the sanitizers."""

from __future__ import annotations

import re
from typing import Final

from errtally.event.model import ExceptionInfo, Frame

_FRAME: Final = re.compile(
    r"\s*(?:\* )?(?:frame )?#\d+:? +(?:0x[0-9a-f]+ )?(?:in )?(?P<function>[^\s(][^\n]*?)"
    r"(?: ?\((?P<arguments>[^\n]*)\))?(?: (?:at )?(?P<file>/?[^\s():]+\.\w+):(?P<line>\d+)(?::\d+)?)?"
    r"(?: from (?P<library>\S+))?$"
)
_RECOGNISED: Final = re.compile(
    r"^[ \t]*(?:\* )?(?:frame )?#\d+:? +(?:0x[0-9a-f]+|[\w:~<>]+ \([^\n]*\) at )", re.MULTILINE
)
_ANONYMOUS: Final = "(anonymous namespace)"
"""Not what a function is called with, though it stands in brackets."""

_SANITIZER: Final = re.compile(r"(?:==\d+==)?\s*ERROR: (\w+): (\S+)(.*)$")
_SIGNAL: Final = re.compile(r".*\b(SIG[A-Z]+)\b,? ?(.*?)\.?$")
_OTHER_STACK: Final = re.compile(r"(?:freed|previously allocated|allocated) by thread|Thread \d+ ")


def recognises(text: str) -> bool:
    """Whether a line reads ``#0  0x0000 in function``."""
    return _RECOGNISED.search(text) is not None


def parse(lines: list[str]) -> list[ExceptionInfo]:
    """Return one exception; its type is the signal or what the sanitizer calls the bug."""
    kind: str | None = None
    value: str | None = None
    frames: list[Frame] = []
    for line in lines:
        if "#" in line and (found := _FRAME.match(line.replace(_ANONYMOUS, "{anonymous}"))):
            frames.append(_frame(found))
        elif frames and (not line.strip() or _OTHER_STACK.search(line)):
            break
        elif report := _SANITIZER.search(line):
            kind, value = report[2], f"{report[1]}: {report[2]}"
        elif kind is None and (signal := _SIGNAL.match(line)):
            kind, value = signal[1], signal[2] or None
    return [ExceptionInfo(kind, value, None, frames[::-1])] if frames else []


def _frame(found: re.Match[str]) -> Frame:
    return Frame(
        function=None if found["function"] == "??" else found["function"],
        filename=found["file"],
        lineno=int(found["line"]) if found["line"] else None,
        package=found["library"],
    )
