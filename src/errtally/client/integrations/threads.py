"""Exceptions that ended a thread."""

from __future__ import annotations

import threading

from errtally.client import current

_MECHANISM = "threading"


class _Hook:
    """Reports, then does what was done before."""

    def __init__(self) -> None:
        self._before = threading.excepthook

    def __call__(self, args: threading.ExceptHookArgs) -> None:
        tracker = current.tracker()
        if tracker is not None and args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
            tags = {"thread": args.thread.name} if args.thread is not None else None
            tracker.capture_exception(
                args.exc_value, level="fatal", trace=args.exc_traceback, tags=tags, unhandled=_MECHANISM
            )
        self._before(args)


def install() -> None:
    """Report exceptions that end a thread; a second call changes nothing."""
    if not isinstance(threading.excepthook, _Hook):
        threading.excepthook = _Hook()
