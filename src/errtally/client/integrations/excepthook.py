"""Exceptions that nobody caught in the main thread."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from errtally.client import current

if TYPE_CHECKING:
    from types import TracebackType

_MECHANISM = "excepthook"


class _Hook:
    """Reports, then does what was done before."""

    def __init__(self) -> None:
        self._before = sys.excepthook

    def __call__(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        tracker = current.tracker()
        if tracker is not None and not isinstance(error, KeyboardInterrupt | SystemExit):
            tracker.capture_exception(error, level="fatal", trace=trace, unhandled=_MECHANISM)
        self._before(kind, error, trace)


def install() -> None:
    """Report exceptions that end the process; a second call changes nothing."""
    if not isinstance(sys.excepthook, _Hook):
        sys.excepthook = _Hook()
