"""Plain copies of an application's values, bounded in depth, number and length: safe to keep, send and show.

A copy is taken when the value is handed over, so it shows what was there then. No code of the application runs: an
object that is not one of the types below becomes the name of its class, since a ``__repr__`` may query a database.
"""

from __future__ import annotations

import math
import sys
from typing import Any

MAX_DEPTH = 8
MAX_NODES = 500
MAX_TEXT = 2048
MAX_CHARACTERS = 65_536
"""Of all texts of one copy: a full queue of copies must not fill the memory."""
_SHOWN_AS_TEXT = frozenset(
    {
        ("datetime", "datetime"),
        ("datetime", "date"),
        ("datetime", "time"),
        ("datetime", "timedelta"),
        ("decimal", "Decimal"),
        ("uuid", "UUID"),
    }
)
"""By module and name: importing these modules takes longer than all of the library, and who has a value has them."""
_MAX_INTEGER = 1 << 63


def plain(value: object) -> Any:  # noqa: ANN401 (any value in, JSON-like out)
    """Return a bounded, JSON-like copy of a value; what is left out shows as ``"…"``."""
    return _Copy().copy(value, 0)


def plain_mapping(values: object) -> dict[str, Any]:
    """Return a bounded copy of a mapping; anything else comes under the key ``value``."""
    copied = plain(values)
    return copied if isinstance(copied, dict) else {"value": copied}


def short(text: str, limit: int = MAX_TEXT) -> str:
    """Cut a text to ``limit`` characters, the last one ``…`` if it was longer."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


class _Copy:
    """One copy; counts what it has taken over."""

    def __init__(self) -> None:
        self._left = MAX_NODES
        self._characters = MAX_CHARACTERS

    def copy(self, value: Any, depth: int) -> Any:  # noqa: ANN401 (one return for each kind)
        self._left -= 1
        kind = type(value)
        if kind is str:
            return self._counted(value)
        if value is None or kind is bool:
            return value
        if kind is int:
            return value if -_MAX_INTEGER <= value < _MAX_INTEGER else "…"
        if kind is float:
            return value if math.isfinite(value) else repr(value)
        if kind is dict or isinstance(value, dict):
            return self._mapping(value, depth)
        if isinstance(value, list | tuple | set | frozenset):
            return self._sequence(value, depth)
        return self._text(value)

    def _counted(self, text: str) -> str:
        kept = short(text) if self._characters > 0 else "…"
        self._characters -= len(kept)
        return kept

    def _mapping(self, value: dict[Any, Any], depth: int) -> Any:  # noqa: ANN401
        if depth >= MAX_DEPTH:
            return "…"
        found: dict[str, Any] = {}
        for key, child in list(value.items()):
            if self._left <= 0:
                found["…"] = "…"
                break
            found[short(key, 200) if type(key) is str else str(self.copy(key, MAX_DEPTH))] = self.copy(child, depth + 1)
        return found

    def _sequence(self, value: Any, depth: int) -> Any:  # noqa: ANN401
        if depth >= MAX_DEPTH:
            return "…"
        found = []
        for child in list(value):
            if self._left <= 0:
                found.append("…")
                break
            found.append(self.copy(child, depth + 1))
        return found

    def _text(self, value: Any) -> str:  # noqa: ANN401
        if _is_a(value, "enum", "Enum"):
            return f"{type(value).__name__}.{value.name}"
        if isinstance(value, str):
            return self._counted(str.__str__(value))
        kind = type(value)
        place = kind.__module__, kind.__qualname__
        if (place in _SHOWN_AS_TEXT and _is_a(value, *place)) or _is_a(value, "pathlib", "PurePath"):
            return short(str(value))
        if isinstance(value, bytes | bytearray):
            return f"<{len(value)} bytes>"
        return f"<{type(value).__module__}.{type(value).__qualname__}>"


def _is_a(value: object, module: str, name: str) -> bool:
    """Whether a value is of a class; one whose module nobody has imported has no values."""
    kind = getattr(sys.modules.get(module), name, None)
    return kind is not None and isinstance(value, kind)
