"""Perl's Carp: ``message at file line 1.`` and ``package::function(arguments) called at file line 1``."""

from __future__ import annotations

import re
from typing import Final

from errtally.event.model import ExceptionInfo, Frame

_HEADER: Final = re.compile(r"(.*) at (\S+) line (\d+)(?:, <\w*> (?:line|chunk) \d+)?\.?$")
_CALL: Final = re.compile(r"\s+(.+?) called at (\S+) line (\d+)")
_RECOGNISED: Final = re.compile(
    r"^[^\n]* at \S+ line \d+(?:, <\w*> (?:line|chunk) \d+)?\.?\r?$|^[ \t]+\S[^\n]* called at ", re.MULTILINE
)


def recognises(text: str) -> bool:
    """Whether a line ends in ``at file line 1.``."""
    return " line " in text and _RECOGNISED.search(text) is not None


def parse(lines: list[str]) -> list[ExceptionInfo]:
    """Return one exception without a type: what Perl dies with is mostly a string."""
    message: list[str] = []
    frames: list[Frame] = []
    filename: str | None = None
    lineno: int | None = None
    for line in lines:
        if call := _CALL.match(line):
            frames.append(Frame(function=_function(call[1]), filename=filename, lineno=lineno))
            filename, lineno = call[2], int(call[3])
        elif filename is None and (header := _HEADER.match(line)):
            message.append(header[1])
            filename, lineno = header[2], int(header[3])
        elif filename is None:
            message.append(line)
    if filename is None:
        return []
    frames.append(Frame(function=None, filename=filename, lineno=lineno))
    return [ExceptionInfo(None, "\n".join(message).strip() or None, None, frames[::-1])]


def _function(called: str) -> str:
    return "eval" if called.startswith("eval ") else called.partition("(")[0]
