"""How long a sender waits after failures: exponential with full jitter, and never less than the server asks for."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

BASE_SECONDS = 1.0
CAP_SECONDS = 60.0
_MAX_DOUBLINGS = 16

# The system's generator: the host may seed `random` for its own purposes and draw from it, and a forked child's
# state would be its parent's.
draw_share = random.SystemRandom().random


class Backoff:
    """Counts failures in a row.

    Half of the time is fixed and half is drawn, so that many clients of a server that came back don't come at once
    and none comes at once after a failure.
    """

    def __init__(
        self,
        base_seconds: float = BASE_SECONDS,
        cap_seconds: float = CAP_SECONDS,
        draw: Callable[[], float] = draw_share,
    ) -> None:
        self._base = base_seconds
        self._cap = cap_seconds
        self._draw = draw
        self.failures = 0

    def failed(self, asked_seconds: float | None = None) -> float:
        """Count a failure and return the seconds to wait.

        Args:
            asked_seconds: what the server asked for by `Retry-After`.
        """
        span: float = min(self._cap, self._base * 2.0 ** min(self.failures, _MAX_DOUBLINGS))
        self.failures += 1
        drawn = span / 2 * (1 + self._draw())
        return drawn if asked_seconds is None else asked_seconds + drawn / 10

    def succeeded(self) -> None:
        """Begin anew."""
        self.failures = 0
