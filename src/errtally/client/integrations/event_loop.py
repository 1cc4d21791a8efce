"""Exceptions that reached an asyncio event loop because no task or callback took them."""

from __future__ import annotations

import asyncio
from typing import Any

from errtally.client import current

_MECHANISM = "asyncio"


def install(loop: asyncio.AbstractEventLoop | None = None) -> None:
    """Report what reaches the loop's exception handler.

    Args:
        loop: the running loop by default.

    Raises:
        RuntimeError: no loop is given and none is running.
    """
    loop = loop or asyncio.get_running_loop()
    before = loop.get_exception_handler()
    if isinstance(before, _Handler):
        return
    loop.set_exception_handler(_Handler(before))


class _Handler:
    """Reports, then does what was done before."""

    def __init__(self, before: Any) -> None:  # noqa: ANN401 (typeshed's name for it is private)
        self._before = before

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        tracker = current.tracker()
        error = context.get("exception")
        if tracker is not None:
            extra = {"asyncio": str(context.get("message", ""))}
            if isinstance(error, BaseException):
                tracker.capture_exception(error, level="fatal", extra=extra, unhandled=_MECHANISM)
            else:
                tracker.capture_message(extra["asyncio"], level="error", logger=_MECHANISM)
        if self._before is not None:
            self._before(loop, context)
        else:
            loop.default_exception_handler(context)
