"""Dart and Flutter: ``#0      Class.method (package:app/file.dart:1:2)``, newest call first."""

from __future__ import annotations

import re
from typing import Final

from errtally.event.model import ExceptionInfo, Frame

_FRAME: Final = re.compile(
    r"#\d+ +(.+?) \(((?:dart|package|file|https?|org-dartlang-\w+):[^()]*?)(?::(\d+))?(?::(\d+))?\)$"
)
_RECOGNISED: Final = re.compile(
    r"^#\d+ +[^\n]+ \((?:dart|package|file|https?|org-dartlang-\w+):[^\n]*\)\r?$", re.MULTILINE
)
_HEADER: Final = re.compile(
    r"(?:Unhandled exception:\s*)?([A-Z_]\w*(?:Error|Exception)?)(?: \([^)]*\))?(?:: (.*))?$", re.DOTALL
)


def recognises(text: str) -> bool:
    """Whether a line reads ``#0  function (package:...)``."""
    return _RECOGNISED.search(text) is not None


def parse(lines: list[str]) -> list[ExceptionInfo]:
    """Return the exception; its type is there when the text begins with it."""
    message: list[str] = []
    frames: list[Frame] = []
    for line in lines:
        if found := _FRAME.match(line.strip()):
            frames.append(
                Frame(
                    function=found[1],
                    filename=found[2],
                    lineno=int(found[3]) if found[3] else None,
                    colno=int(found[4]) if found[4] else None,
                )
            )
        elif not frames:
            message.append(line)
    text = "\n".join(message).strip().removeprefix("Unhandled exception:").strip()
    header = _HEADER.match(text)
    if not header:
        return [ExceptionInfo(None, text or None, None, frames[::-1])]
    return [ExceptionInfo(header[1], (header[2] or "").strip(), None, frames[::-1])]
