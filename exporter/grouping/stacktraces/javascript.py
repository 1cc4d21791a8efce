"""JavaScript stacks: V8 (Node, Chromium) with a header, Firefox and Safari as ``function@place`` without one."""

from __future__ import annotations

import re
from typing import Final

from errtally.event.model import ExceptionInfo, Frame

_V8: Final = re.compile(
    r"^[ \t]*at [^\n]*(?::\d+:\d+|\(native\)|\(<anonymous>\)|\(index \d+\))\)?(?: \{|,)?\r?$", re.MULTILINE
)
_AT_SIGN: Final = re.compile(r"^[^\n@]{0,200}@[^\n]*(?::\d+|\[native code\])\r?$", re.MULTILINE)
_HEADER: Final = re.compile(
    r"(?:Uncaught (?:\(in promise\) )?)?(?:\[(?:cause|errors?)\]: )?([A-Za-z_$][\w$.]*)(?: \[([^\]]+)\])?(?:: (.*))?$"
)
_CAUSED_BY: Final = re.compile(r"caused by: ", re.IGNORECASE)
"""What pino and VError write between an error's stack and its cause's."""

_POSITION: Final = re.compile(r":(\d+)(?::(\d+))?$")
_EVALUATED: Final = re.compile(r"\(([^\s()]+:\d+:\d+)\)")
_EVALUATED_AT_SIGN: Final = re.compile(r" line (\d+) > (?:eval|Function).*$")
_ALIAS: Final = re.compile(r" \[as [^\]]*\]$")
_SCHEME: Final = re.compile(r"@(?=[A-Za-z][\w+.\-]*:|/|\[native code\]|<)")
_NO_PLACE: Final = frozenset(("native", "<anonymous>", "unknown location", ""))


def recognises(text: str) -> bool:
    """Whether the text has frames of V8, Firefox or Safari."""
    return _V8.search(text) is not None or _AT_SIGN.search(text) is not None


def parse(lines: list[str]) -> list[ExceptionInfo]:
    """Return the exceptions, causes first."""
    if any(_is_v8_frame(line) for line in lines):
        return _parse_v8(lines)
    return _parse_at_sign(lines)


def _is_v8_frame(line: str) -> bool:
    return line.lstrip().startswith("at ") and _V8.match(line) is not None


def _parse_v8(lines: list[str]) -> list[ExceptionInfo]:
    blocks: list[tuple[list[str], list[Frame]]] = [([], [])]
    in_errors = False
    for line in lines:
        text = line.strip()
        header, frames = blocks[-1]
        if _is_v8_frame(line):
            frames.append(_v8_frame(text))
        elif text.startswith("[cause]: "):
            blocks.append(([text], []))
        elif frames and (cause := _CAUSED_BY.match(text)):
            blocks.append(([text[cause.end() :]], []))
        elif text.startswith("[errors]: ["):
            in_errors = True
        elif in_errors and frames and line[:1] == " " and _HEADER.match(text):
            blocks.append(([text], []))
        elif not frames:
            header.append(line)
    return [_exception(header, frames[::-1]) for header, frames in reversed(blocks)]


def _exception(header: list[str], frames: list[Frame]) -> ExceptionInfo:
    for number, line in enumerate(header):
        if found := _HEADER.match(line.strip()):
            # Node prints "Class [name]" where they differ, and "Class [CODE]" for its own errors.
            name = found[2] if found[2] and not found[2].isupper() else found[1]
            value = "\n".join([found[3] or "", *header[number + 1 :]]).strip()
            return ExceptionInfo(name, value, None, frames)
    return ExceptionInfo(None, "\n".join(header).strip() or None, None, frames)


def _v8_frame(text: str) -> Frame:
    body = text[3:].removesuffix(" {").removesuffix(",")
    function: str | None = None
    place = body
    if body.endswith(")"):
        called, _, inside = body.partition(" (")
        function, place = (called, inside[:-1]) if inside else (None, called)
    body = function if function is not None else place
    if body.startswith("async "):
        function, place = (function[6:], place) if function is not None else (None, place[6:])
    if function is not None:
        function = _ALIAS.sub("", function)
    if place.startswith("eval at ") and (outer := _EVALUATED.search(place)):
        place = outer[1]
    return _frame(function, place)


def _frame(function: str | None, place: str) -> Frame:
    position = _POSITION.search(place)
    filename = place[: position.start()] if position else place
    return Frame(
        function=function or None,
        filename=None if filename in _NO_PLACE or filename.startswith("index ") else filename,
        lineno=int(position[1]) if position else None,
        colno=int(position[2]) if position and position[2] else None,
    )


def _parse_at_sign(lines: list[str]) -> list[ExceptionInfo]:
    header: list[str] = []
    frames: list[Frame] = []
    for line in lines:
        text = line.strip()
        if _AT_SIGN.match(text):
            frames.append(_at_sign_frame(text))
        elif text == "[native code]":
            frames.append(Frame(filename="[native code]"))
        elif text and not frames:
            header.append(line)
    return [_exception(header, frames[::-1])] if frames else []


def _at_sign_frame(text: str) -> Frame:
    scheme = _SCHEME.search(text)
    at = scheme.start() if scheme else text.rindex("@")
    function = text[:at].rpartition("*")[2]
    place = text[at + 1 :]
    if evaluated := _EVALUATED_AT_SIGN.search(place):
        place = f"{place[: evaluated.start()]}:{evaluated[1]}"
    return _frame(function, place)
