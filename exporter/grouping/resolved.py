"""Calls that were read by a source map: how functions without a name are written, and what stands for a name then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from errtally.event.model import ResolvedFrame
from errtally.exporter.grouping.places import SCRIPTS, language_of

if TYPE_CHECKING:
    from errtally.event.model import Frame

ANONYMOUS: Final = "<anonymous>"
"""Written as ``<anonymous> in Cart.total``: the function around is the next best name."""

OUTSIDE: Final = "module"
"""What stands for the function around where there is none."""

TOP_LEVEL: Final = "<module>"
"""Code of a file that is in no function."""

_NAMELESS: Final = frozenset((f"{ANONYMOUS} in {OUTSIDE}", TOP_LEVEL))
_LINE_LIMIT: Final = 200


def line_as_name(frame: Frame) -> str:
    """Return the source line of a call that nothing but its file names, "" for other calls.

    A file may register a dozen handlers without names; the line is what tells them apart, and it stays the same when
    lines are added above it.
    """
    if not isinstance(frame, ResolvedFrame) or frame.function not in _NAMELESS:
        return ""
    return " ".join((frame.context_line or "").split())[:_LINE_LIMIT]


def is_of_bundle(frame: Frame) -> bool:
    """Whether a call was read by a source map: then words in the message may be the minifier's."""
    if not isinstance(frame, ResolvedFrame) or frame.sent is None:
        return False
    path = frame.sent.abs_path or frame.sent.filename or ""
    return language_of(path.partition("?")[0], "", "", "") in SCRIPTS
