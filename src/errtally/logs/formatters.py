"""How an entry looks: one line of JSON, or coloured text for people."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from errtally.logs.entry import Entries

_COLOURS = {"debug": "\x1b[2m", "info": "\x1b[32m", "warning": "\x1b[33m", "error": "\x1b[31m", "fatal": "\x1b[1;31m"}
_PLAIN = "\x1b[0m"
_CONTROLS = {code: f"\\x{code:02x}" for code in range(32) if chr(code) not in "\n\t"} | {127: "\\x7f"}
"""A message must not be able to steer the terminal of whoever reads it."""


def line(entry: dict[str, Any]) -> str:
    """Return an entry as one line of JSON."""
    return json.dumps(entry, ensure_ascii=False, separators=(",", ":"))


class JsonFormatter(logging.Formatter):
    """One JSON object a record, on one line."""

    def __init__(self, entries: Entries) -> None:
        super().__init__()
        self._entries = entries

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line."""
        # Lone surrogates can't be written in UTF-8.
        return line(self._entries.of(record)).encode("utf-8", "backslashreplace").decode()


class ConsoleFormatter(logging.Formatter):
    """Time, level, message, context; then the stack trace.

    Args:
        entries: makes entries.
        coloured: whether the output is a terminal that shows colours.
    """

    def __init__(self, entries: Entries, *, coloured: bool) -> None:
        super().__init__()
        self._entries = entries
        self._coloured = coloured

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's text."""
        entry = self._entries.of(record)
        level = f"{entry['level']:<7}"
        if self._coloured:
            level = f"{_COLOURS[entry['level']]}{level}{_PLAIN}"
        text = f"{entry['timestamp'][11:23]} {level} {entry['logger']}: {entry['message'].translate(_CONTROLS)}"
        if context := entry.get("context"):
            text += "  " + " ".join(f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in context.items())
        if error := entry.get("error"):
            text += "\n" + error["stack"].translate(_CONTROLS)
        return text
