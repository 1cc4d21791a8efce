"""What happens at a time of its own, without an event: one entry for each thing, the earliest first."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

Key = tuple[str, ...]


class Agenda:
    """Things to look at again, each at the earliest time that was noted for it.

    Whoever is told that something is due looks whether it still is, and notes the next time: what was put off is
    looked at once too often, and nothing is forgotten.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, Key]] = []
        self._at: dict[Key, float] = {}

    def note(self, key: Key, at: float) -> None:
        """Have something looked at, at this time at the latest (seconds since the epoch)."""
        known = self._at.get(key)
        if known is None or at < known:
            self._at[key] = at
            heappush(self._heap, (at, key))

    def due(self, now: float) -> Iterator[Key]:
        """Yield what was noted for now or earlier; each thing once, unless it is noted again."""
        while self._heap and self._heap[0][0] <= now:
            at, key = heappop(self._heap)
            if self._at.get(key) == at:
                del self._at[key]
                yield key
