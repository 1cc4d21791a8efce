"""Elixir and Erlang: ``** (Type) message`` and ``(application 1.2) file:1: Module.function/2``, newest first."""

from __future__ import annotations

import re
from typing import Final

from errtally.event.model import ExceptionInfo, Frame

_HEADER: Final = re.compile(r"(.*?)\*\* \(([\w.:]+)\) ?(.*)$")
_FRAME: Final = re.compile(
    r"\s+(?:\(([a-z]\w*)(?: [\w.\-+]+)?\) )?(?:([\w./\-]+\.(?:exs?|erl|eex|heex|leex|yrl|xrl)):(\d+): )?(\S.*)$"
)
_CALL: Final = re.compile(r"(?::\w|[A-Z]\w*[.:]|anonymous fn|\(file\)|\(module\)|[A-Z][\w.]*$)")
_RECOGNISED: Final = re.compile(r"^[^\n]{0,300}\*\* \([\w.:]+\)", re.MULTILINE)


def recognises(text: str) -> bool:
    """Whether a line reads ``** (Type) message``."""
    return _RECOGNISED.search(text) is not None


def parse(lines: list[str]) -> list[ExceptionInfo]:
    """Return the exception; the reason of an exit is part of its message."""
    header: re.Match[str] | None = None
    message: list[str] = []
    frames: list[Frame] = []
    for line in lines:
        if header is None:
            header = _HEADER.match(line)
            message = [header[3]] if header else []
        elif frame := _frame(line):
            frames.append(frame)
        elif not frames:
            message.append(line)
        elif line.strip():
            break  # another report, such as the process's state
    if header is None:
        return []
    module, _, name = header[2].rpartition(".")
    return [ExceptionInfo(name, "\n".join(message).strip(), module or None, frames[::-1])]


def _frame(line: str) -> Frame | None:
    found = _FRAME.match(line)
    if not found or "** (" in line or not (found[2] or found[1] or _is_call(found[4])):
        return None
    called = found[4]
    if called.startswith("anonymous fn") and " in " in called:
        called = called.partition(" in ")[2]
    called = called.partition("(")[0] if not called.startswith("(") else called
    module, dot, function = _split(called)
    return Frame(
        function=function or called,
        module=module if dot else None,
        filename=found[2],
        lineno=int(found[3]) if found[3] else None,
        package=found[1],
    )


def _is_call(text: str) -> bool:
    return _CALL.match(text) is not None and ("(" in text or "/" in text) and " " not in text.partition("(")[0]


def _split(called: str) -> tuple[str, str, str]:
    quote = called.find('."')
    return (called[:quote], ".", called[quote + 1 :]) if quote >= 0 else called.rpartition(".")
