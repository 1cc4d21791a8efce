"""Counts what was not sent, by reason and category, until the exporter has been told."""

from __future__ import annotations

import threading

Counts = dict[tuple[str, str], int]


class Discards:
    """Counts by reason and category; any thread may add.

    The lock is reentrant because a signal handler may report an error while its own thread is counting.
    """

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Begin anew, in the child after a fork: the parent reports its own counts."""
        self._lock = threading.RLock()
        self._counts: Counts = {}
        self.total = 0

    def add(self, reason: str, category: str, quantity: int = 1) -> None:
        """Count what was not sent."""
        with self._lock:
            key = reason, category
            self._counts[key] = self._counts.get(key, 0) + quantity
            self.total += quantity

    def take(self) -> Counts:
        """Return the counts not yet reported and begin anew."""
        with self._lock:
            taken, self._counts = self._counts, {}
            return taken

    def give_back(self, counts: Counts) -> None:
        """Count again what could not be reported."""
        with self._lock:
            for key, quantity in counts.items():
                self._counts[key] = self._counts.get(key, 0) + quantity

    def pending(self) -> bool:
        """Whether there is something to report."""
        return bool(self._counts)


def as_json(counts: Counts) -> list[dict[str, str | int]]:
    """Return counts as the native API takes them."""
    return [
        {"reason": reason, "category": category, "quantity": quantity}
        for (reason, category), quantity in sorted(counts.items())
    ]
