"""Waiting in tests: for something to become true, never for time to pass.

A wait ends as soon as it is over, so the limit costs nothing on a machine that is fast; it is long enough for one that
is slow and busy, for a test asserts what happens and not how soon.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE_SECONDS = 120.0

LINEAR_SECONDS = 30.0
"""Far more than the linear work of any test takes of a slow processor; what is quadratic takes minutes and more."""

_Found = TypeVar("_Found")


def until(
    look: Callable[[], _Found],
    or_say: str | Callable[[], object] = "it has not come",
    *,
    seconds: float = PATIENCE_SECONDS,
    every_seconds: float = 0.05,
) -> _Found:
    """Look again and again until there is something (a true value), and return it.

    Args:
        look: what to call.
        or_say: what the failure says when it does not come, or makes that.
        seconds: how long to wait at most.
        every_seconds: how long to wait between two looks.
    """
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, or_say if isinstance(or_say, str) else or_say()
        time.sleep(every_seconds)
    return found
