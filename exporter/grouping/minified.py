"""Frames of a bundle that no source map resolved: their functions are called otherwise after each build."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from errtally.exporter.grouping.places import SCRIPTS, language_of

if TYPE_CHECKING:
    from errtally.event.model import Frame

LARGE_COLUMN: Final = 300
"""Beyond this column there is no line that a person wrote."""

LONG_LINE: Final = 250

_SHORT: Final = re.compile(r"(?:(?:new|async|get|set) )?(?:[\w$]*\.)?([A-Za-z_$][\w$]{0,2})")
_NAMED: Final = frozenset((
    "get", "put", "set", "add", "del", "run", "pop", "map", "has", "log", "pay", "buy", "tax", "sum", "max", "min",
))  # fmt: skip
"""Names of methods, which minifiers keep. One of theirs is among these once in 10,000."""
_BUNDLE: Final = re.compile(
    r"\.min\.js$|[.\-_~/][A-Za-z0-9_\-]{8,}\.(?:chunk\.|bundle\.)?[cm]?js$|/_next/static/|/assets/|/static/js/"
)


def is_minified(frame: Frame) -> bool:
    """Return whether a frame's function is one that a minifier named."""
    path = frame.abs_path or frame.filename or ""
    language = language_of(path.partition("?")[0], "", "", "")
    if language not in SCRIPTS and not path.startswith(("http://", "https://")):
        return False
    short = _SHORT.fullmatch(frame.function or "")
    if short is None or short[1] in _NAMED:
        return False  # minifiers keep the names of methods, and no name of theirs is longer
    return (
        (frame.colno or 0) >= LARGE_COLUMN
        or len(frame.context_line or "") >= LONG_LINE
        or _BUNDLE.search(path) is not None
    )
