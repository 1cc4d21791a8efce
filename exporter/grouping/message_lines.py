"""Which part of a message says what happened: its first line, where that says something, and what a JSON text tells."""

from __future__ import annotations

import re
from typing import Final

LENGTH_LIMIT: Final = 4096
"""Characters of a message that are looked at; what comes after rarely tells two errors apart."""

MAX_TOLD: Final = 6
"""Fields of a JSON text that are looked at."""

_ANSI: Final = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][A-B0-2])")
_FRAME_MARKS: Final = " \t|*>\u2022\u00d7\u2a2f\u2716\u2717" + "".join(
    map(chr, range(0x2500, 0x2580))
)  # box drawing, bullets, crosses
_SAYS: Final = re.compile(r"\w")
_INVOCATION: Final = re.compile(r"^Invalid `[^`]*` invocation")
_JSON_START: Final = re.compile(r"[{\[]\s*[{\[]?\s*[\"']\w")
_TOLD: Final = re.compile(
    r"[\"'](error|errors|code|message|msg|detail|details|reason|title|type|error_code|errorCode|error_description|errorMessage|exception)[\"']\s*:\s*(?:\[\s*)?(?:\"([^\"\n]{1,200})\"|'([^'\n]{1,200})')"
)


def telling_text(message: str) -> str:
    """Return what of a message names its issue, on one line.

    That is its first line that has a letter or a digit in it; two lines where the first ends with a colon; of a JSON
    text the fields that say what failed; of Prisma's errors, which begin with the call, the last line too.
    """
    text = message.lstrip()
    if len(text) > LENGTH_LIMIT:
        text = text[:LENGTH_LIMIT]
    if "\x1b" in text:
        text = _ANSI.sub("", text).lstrip()
    if ("{" in text or "[" in text) and (start := _JSON_START.search(text)):
        before = text[: start.start()].rstrip()
        if "\n" not in before and (told := _failure_fields(text[start.start() :])):
            return " ".join(f"{before} {told}".split())
    if "\n" in text or "\r" in text:
        text = _first_lines(text)
    return " ".join(text.split())


def _failure_fields(text: str) -> str:
    """Return the fields of a JSON text that say what failed, "" when there is none."""
    found = [(match[1], match[2] or match[3]) for match in _TOLD.finditer(text)]
    return "{" + ", ".join(f"{name}: {value}" for name, value in found[:MAX_TOLD]) + "}" if found else ""


def _first_lines(text: str) -> str:
    lines = [line for line in text.splitlines() if _SAYS.search(line)]
    if not lines:
        return text
    first = lines[0].strip(_FRAME_MARKS)
    if len(lines) > 1:
        if _INVOCATION.match(first):
            return f"{first.partition(' in')[0]} {lines[-1]}"
        if first.endswith(":"):
            return f"{first} {lines[1].strip(_FRAME_MARKS)}"
    return first
