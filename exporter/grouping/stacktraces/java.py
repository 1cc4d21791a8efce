"""The JVM's stack traces (Java, Kotlin, Scala, Groovy), as printStackTrace, Logback and Log4j print them."""

from __future__ import annotations

import re
from typing import Final

from errtally.event.model import ExceptionInfo, Frame

_RECOGNISED: Final = re.compile(
    r"^[ \t]*at [^\s(]+\((?:[^()\s:]+\.(?:java|kt|kts|scala|groovy|clj)(?::-?\d+)?|Native Method"
    r"|Unknown Source|<generated>|[^()\s:]*:\d+|SourceFile)\)",
    re.MULTILINE,
)
_HEADER: Final = re.compile(r"(?:.*?Exception in thread \"[^\"]*\" )?([A-Za-z_$][\w$]*(?:\.[\w$]+)+)(?:: ?(.*))?$")
_FALLBACK_HEADER: Final = re.compile(r"(?:Exception in thread \"[^\"]*\" )?([A-Z][\w$]*)(?:: ?(.*))?$")
_HIDDEN_CLASS: Final = re.compile(r"/0x[0-9a-f]+")
_CAUSE: Final = "Caused by: "
_WRAPPER: Final = "Wrapped by: "
_SUPPRESSED: Final = "Suppressed: "
_CIRCULAR: Final = "[CIRCULAR REFERENCE"


def recognises(text: str) -> bool:
    """Whether a line reads ``at package.Class.method(File.java:1)``."""
    return _RECOGNISED.search(text) is not None


def parse(lines: list[str]) -> list[ExceptionInfo]:
    """Return the exceptions, causes first; suppressed ones are no cause and are left out."""
    reader = _Reader()
    for line in lines:
        reader.read(line)
    return reader.exceptions()


class _Reader:
    def __init__(self) -> None:
        self._before: list[str] = []
        self._blocks: list[tuple[list[str], list[Frame]]] = []
        self._suppressed_indent: int | None = None
        self._root_first = False
        self._in_frames = False
        self._done = False

    def read(self, line: str) -> None:
        text = line.strip()
        indent = len(line) - len(line.lstrip())
        if self._suppressed_indent is not None:
            if indent > self._suppressed_indent or not text:
                return
            self._suppressed_indent = None
        if self._done or text.startswith("... "):
            return
        if text.startswith("at ") and (frame := _frame(text)):
            if not self._blocks:
                self._blocks.append((self._before, []))
            self._blocks[-1][1].append(frame)
            self._in_frames = True
        elif text.startswith(_SUPPRESSED):
            self._suppressed_indent = indent
        elif text.startswith((_CAUSE, _WRAPPER)):
            self._root_first |= text.startswith(_WRAPPER)
            self._done = _CIRCULAR in text
            if not self._done:
                self._open(text.partition(": ")[2])
        elif self._blocks and not self._in_frames:
            self._blocks[-1][0].append(line)
        elif not self._blocks:
            self._before.append(line)

    def _open(self, header: str) -> None:
        if not self._blocks:
            self._blocks.append((self._before, []))
        self._blocks.append(([header], []))
        self._in_frames = False

    def exceptions(self) -> list[ExceptionInfo]:
        blocks = self._blocks if self._root_first else self._blocks[::-1]
        return [_exception(header, frames[::-1]) for header, frames in blocks]


def _exception(header: list[str], frames: list[Frame]) -> ExceptionInfo:
    for pattern in (_HEADER, _FALLBACK_HEADER):
        for number, line in enumerate(header):
            if found := pattern.match(line.strip()):
                module, _, name = found[1].rpartition(".")
                value = "\n".join([found[2] or "", *header[number + 1 :]]).strip()
                return ExceptionInfo(name, value, module or None, frames)
    return ExceptionInfo(None, "\n".join(header).strip() or None, None, frames)


def _frame(text: str) -> Frame | None:
    called, opened, rest = text[3:].partition("(")
    place = rest.partition(")")[0]
    called = _HIDDEN_CLASS.sub("", called).rpartition("/")[2]
    module, dot, function = called.rpartition(".")
    if not opened or not dot or " " in called:
        return None
    filename, _, line = place.partition(":")
    known = filename not in {"Native Method", "Unknown Source", "<generated>", ""}
    return Frame(
        function=function,
        module=module,
        filename=filename if known else None,
        lineno=int(line) if line.isdigit() else None,
    )
