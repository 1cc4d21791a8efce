"""What a call that is protected by errtally.recovery costs when it goes well."""

from __future__ import annotations

import asyncio
import gc
import statistics
import time
import timeit
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from errtally.recovery import Recovery

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

TARGET_MICROSECONDS = 30.0
_REPEATS = 5


@dataclass(frozen=True, slots=True)
class ProtectedCost:
    """CPU time of single calls of functions that do nothing; the median of five rounds.

    Attributes:
        plain_nanoseconds: a Python call on this machine now.
        protected_microseconds: a protected function.
        block_microseconds: a ``with`` block of the breaker alone.
        coroutine_microseconds: a protected coroutine function, with its timeout.
    """

    plain_nanoseconds: float
    protected_microseconds: float
    block_microseconds: float
    coroutine_microseconds: float

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)


def measure_protected(calls: int) -> ProtectedCost:
    """Call functions that do nothing, each so many times a round."""
    recovery = Recovery("bench", observers=())
    breaker = recovery.breaker
    assert breaker is not None

    def nothing() -> None:
        """Do nothing."""

    async def nothing_async() -> None:
        """Do nothing."""

    def block() -> None:
        with breaker:
            pass

    gc.collect()
    return ProtectedCost(
        _seconds(nothing, calls) * 1e9,
        _seconds(recovery.protect()(nothing), calls) * 1e6,
        _seconds(block, calls) * 1e6,
        asyncio.run(_seconds_async(recovery.protect()(nothing_async), calls)) * 1e6,
    )


def _seconds(call: Callable[[], None], calls: int) -> float:
    return statistics.median(timeit.repeat(call, time.process_time, repeat=_REPEATS, number=calls)) / calls


async def _seconds_async(call: Callable[[], Awaitable[None]], calls: int) -> float:
    rounds = []
    for _ in range(_REPEATS):
        began = time.process_time()
        for _ in range(calls):
            await call()
        rounds.append(time.process_time() - began)
        await asyncio.sleep(0)
    return statistics.median(rounds) / calls
