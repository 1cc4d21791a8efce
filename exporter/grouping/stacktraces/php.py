"""PHP: ``Type: message in file:1`` and numbered calls, newest first; ``Next`` introduces what was raised from it."""

from __future__ import annotations

import re
from typing import Final

from errtally.event.model import ExceptionInfo, Frame

_RECOGNISED: Final = re.compile(
    r"^#\d+ (?:\{main\}|\[internal function\]: |[^\n]+\.\w+\(\d+\)(?: : eval\(\)'d code\(\d+\))?: )", re.MULTILINE
)
_CALL: Final = re.compile(r"#\d+ (?:\[internal function\]|(.+?)\((\d+)\)(?: : eval\(\)'d code(?:\(\d+\))?)?): (.+)$")
_HEADER: Final = re.compile(
    r"(?:.*?Uncaught |Next )?([A-Za-z_][\w\\]*)(?:@anonymous)?(?:: (.*?))?(?: in (\S.*?)(?::| on line )(\d+))?$",
    re.DOTALL,
)
_PLACE: Final = re.compile(r" in (\S[^\n]*?)(?::| on line )(\d+)$")
_HEADS: Final = ("Next ", "PHP Fatal", "Fatal error", "PHP Warning")


def recognises(text: str) -> bool:
    """Whether a line reads ``#0 file.php(1): call()`` or ``#0 {main}``."""
    return _RECOGNISED.search(text) is not None


def parse(lines: list[str]) -> list[ExceptionInfo]:
    """Return the exceptions, causes first, as PHP prints them."""
    exceptions: list[ExceptionInfo] = []
    header: list[str] = []
    calls: list[tuple[str | None, int | None, str | None]] = []
    for line in lines:
        text = line.strip()
        if text.startswith("#") and (found := _CALL.match(text)):
            calls.append((found[1], int(found[2]) if found[2] else None, found[3]))
        elif text.startswith("#") and text.endswith(" {main}"):
            calls.append((None, None, None))
        elif text == "Stack trace:" or (calls and not text) or text.startswith("thrown in "):
            continue
        elif not calls:
            header.append(line)
        elif text.startswith(_HEADS):
            exceptions.append(_exception(header, calls))
            header, calls = [line], []
    if calls:
        exceptions.append(_exception(header, calls))
    return exceptions


def _exception(header: list[str], calls: list[tuple[str | None, int | None, str | None]]) -> ExceptionInfo:
    text = "\n".join(header).strip()
    filename: str | None = None
    lineno: int | None = None
    if place := _PLACE.search(text):
        filename, lineno = place[1], int(place[2])
        text = text[: place.start()]
    # A line says where a call was made and what was called: the place of a call is inside the call before it.
    frames: list[Frame] = []
    for called_at, line, function in calls:
        frames.append(Frame(function=_function(function), filename=filename, lineno=lineno))
        filename, lineno = called_at, line
    frames.reverse()
    found = _HEADER.match(text)
    if not found:
        return ExceptionInfo(None, text or None, None, frames)
    return ExceptionInfo(found[1], (found[2] or "").strip(), None, frames)


def _function(call: str | None) -> str | None:
    if call is None:
        return "{main}"
    name = call if call.startswith("{closure") else call.partition("(")[0]
    if "{closure" in call:
        name = call[: call.index("{closure")] + "{closure}"
    return name.replace("->", "::")
