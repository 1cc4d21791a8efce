"""What a worker counts of its own work, handed to the journal now and then, so that any worker can show the sum."""

from __future__ import annotations

import threading
from bisect import bisect_left
from typing import TYPE_CHECKING

from errtally.exporter.journal.records import Tallies

if TYPE_CHECKING:
    from errtally.names import Metric


class Tally:
    """Counters and histograms of one process since they were last taken. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counters: dict[tuple[str, tuple[str, ...]], float] = {}
        self._observations: dict[tuple[str, tuple[str, ...]], tuple[list[int], list[float]]] = {}

    def add(self, metric: Metric, labels: tuple[str, ...] = (), amount: float = 1) -> None:
        """Add to a counter; ``labels`` are its label values in the catalogue's order."""
        key = (metric.name, labels)
        with self._lock:
            self._counters[key] = self._counters.get(key, 0) + amount

    def observe(self, metric: Metric, labels: tuple[str, ...], value: float) -> None:
        """Add one value to a histogram."""
        key = (metric.name, labels)
        with self._lock:
            entry = self._observations.get(key)
            if entry is None:
                entry = self._observations[key] = ([0] * (len(metric.buckets) + 1), [0.0])
            entry[0][bisect_left(metric.buckets, value)] += 1
            entry[1][0] += value

    def take(self) -> Tallies | None:
        """Return what was counted since the last call, None when there is nothing."""
        with self._lock:
            if not self._counters and not self._observations:
                return None
            counters, self._counters = self._counters, {}
            observations, self._observations = self._observations, {}
        return Tallies(
            counters=[(name, labels, amount) for (name, labels), amount in counters.items()],
            observations=[
                (name, labels, tuple(buckets), total[0]) for (name, labels), (buckets, total) in observations.items()
            ],
        )

    def put_back(self, tallies: Tallies) -> None:
        """Take tallies back that could not be handed on."""
        with self._lock:
            for name, labels, amount in tallies.counters:
                self._counters[name, labels] = self._counters.get((name, labels), 0) + amount
            for name, labels, buckets, total in tallies.observations:
                entry = self._observations.setdefault((name, labels), ([0] * len(buckets), [0.0]))
                for index, count in enumerate(buckets):
                    entry[0][index] += count
                entry[1][0] += total
