"""Ends the wait for a call after some seconds."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from typing import TYPE_CHECKING, TypeVar

from errtally.errors import CallTimeoutError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")


def within(seconds: float | None, operation: Callable[[], T]) -> T:
    """Call a function in a thread of its own and wait for it that long; None to call it here.

    Python can't stop a thread: one that is given up runs on to its end, and its result is thrown away. What belongs to
    the caller's thread (a SQLite connection, a transaction of Django's) is not there.

    Raises:
        CallTimeoutError: it took longer.
    """
    if seconds is None:
        return operation()
    results: list[T] = []
    errors: list[BaseException] = []
    done = threading.Event()
    context = contextvars.copy_context()

    def run() -> None:
        try:
            results.append(context.run(operation))
        except BaseException as exc:  # noqa: BLE001 (raised in the caller)
            errors.append(exc)
        finally:
            done.set()

    threading.Thread(target=run, name="errtally-call", daemon=True).start()
    if not done.wait(seconds):
        raise CallTimeoutError(f"no answer within {seconds} s")
    if errors:
        raise errors[0]
    return results[0]


async def within_async(seconds: float | None, operation: Callable[[], Awaitable[T]]) -> T:
    """Await an operation that long, then cancel it.

    Raises:
        CallTimeoutError: it took longer.
    """
    if seconds is None:
        return await operation()
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            return await operation()
    except TimeoutError as exc:
        if limit.expired():
            raise CallTimeoutError(f"no answer within {seconds} s") from exc
        raise
