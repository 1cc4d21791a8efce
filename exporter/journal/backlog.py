"""What was taken and is not folded."""

from __future__ import annotations

from typing import NamedTuple


class Backlog(NamedTuple):
    """Records that wait.

    Attributes:
        events: how many there are in them.
        oldest: when the oldest of them was received, seconds since the epoch; None without any.
        size: bytes of the segments or rows that they are in.
    """

    events: int = 0
    oldest: float | None = None
    size: int = 0

    def beside(self, other: Backlog) -> Backlog:
        """Return what waits here and there."""
        oldest = [one.oldest for one in (self, other) if one.oldest is not None]
        return Backlog(self.events + other.events, min(oldest, default=None), self.size + other.size)
