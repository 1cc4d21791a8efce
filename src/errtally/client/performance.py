"""Timings of a service's work, as it sees it itself.

Throughput, error rate, latency and Apdex come of the timings, in the exporter, where they add up over all processes.
"""

from __future__ import annotations

import functools
import inspect
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from errtally.client import current
from errtally.client.usage import UsageReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["UsageReader", "timed", "timer"]


@contextmanager
def timer(transaction: str) -> Iterator[None]:
    """Report how long a block takes, as failed when it raises.

    Args:
        transaction: what is done, without ids in it: ``import orders``.
    """
    began = time.perf_counter()
    failed = True
    try:
        yield
        failed = False
    finally:
        current.request_finished(transaction, time.perf_counter() - began, failed=failed)


def timed(transaction: str | None = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate a function or coroutine function so that each call is reported, under its own name by default."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        name = transaction or f"{function.__module__}.{function.__qualname__}"
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def timed_async(*args: object, **kwargs: object) -> Any:  # noqa: ANN401
                with timer(name):
                    return await function(*args, **kwargs)

            return timed_async

        @functools.wraps(function)
        def timed_call(*args: object, **kwargs: object) -> Any:  # noqa: ANN401
            with timer(name):
                return function(*args, **kwargs)

        return timed_call

    return decorate
