"""Waits between attempts; within ``testing()`` they take no time, and the random part of them is fixed."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_waited: list[float] | None = None
# The system's generator: the host may seed `random` for its own purposes and draw from it.
_draw_share = random.SystemRandom().random


@contextmanager
def testing() -> Iterator[list[float]]:
    """Take no time for waits within the block; yields the list to which every wait's seconds are added."""
    global _waited  # noqa: PLW0603 (tests switch the whole process)
    before, _waited = _waited, []
    try:
        yield _waited
    finally:
        _waited = before


testing.__test__ = False  # type: ignore[attr-defined]  # pytest takes imported functions of such names for tests


def sleep(seconds: float) -> None:
    """Wait."""
    if _waited is None:
        time.sleep(seconds)
    else:
        _waited.append(seconds)


async def sleep_async(seconds: float) -> None:
    """Wait and let other tasks run."""
    if _waited is None:
        await asyncio.sleep(seconds)
    else:
        _waited.append(seconds)
        await asyncio.sleep(0)


def draw() -> float:
    """Return a random number from 0 to 1; 1 within ``testing()``, so that waits are as long as they can be."""
    return _draw_share() if _waited is None else 1.0
