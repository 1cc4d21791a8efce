"""What the library counts in this process, on its way to the exporter: counters by their growth, gauges by last value.

Callers take no lock: a count is one step of an iterator, which no other thread can interrupt. The sender's thread
looks at the iterators; a look is a step as well, so looks are counted and taken off.
"""

from __future__ import annotations

import itertools
import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from errtally import names
from errtally.client.snapshot import short

if TYPE_CHECKING:
    from errtally.names import Metric

MAX_LABEL_SETS = 400
"""Of counters, and of gauges, in one process; beyond, what applications choose becomes ``__other__``."""
_LABEL = 200

Key = tuple["Metric", tuple[str, ...]]


class _Count:
    """One counter; ``ticks`` is what callers step."""

    __slots__ = ("looks", "taken", "ticks")

    def __init__(self) -> None:
        self.ticks = itertools.count()
        self.looks = 0
        self.taken: int | None = None  # never reported, not even as 0

    def growth(self) -> int | None:
        """Return how much it grew since the last call; None for not at all, 0 for a counter that is new."""
        total = next(self.ticks) - self.looks
        self.looks += 1
        before, self.taken = self.taken, total
        return total if before is None else (total - before or None)


@dataclass(frozen=True, slots=True)
class Measured:
    """A count or value with its labels."""

    metric: Metric
    labels: tuple[str, ...]
    value: float


class Measures:
    """Counters and gauges of metrics of ``names.CLIENT_CATALOGUE``.

    Attributes:
        is_changed: whether a counter may have grown since they were last taken.
        has_new_gauges: whether a gauge was set since they were last read.
    """

    def __init__(self) -> None:
        self._counts: dict[Key, _Count] = {}
        self._gauges: dict[Key, float] = {}
        self.renew()

    def renew(self) -> None:
        """Count from 0 again, in the child after a fork: the parent reports its own; what gauges show came along."""
        self._looking = threading.Lock()
        self._counts = {key: _Count() for key in self._counts}
        self.is_changed = False
        self.has_new_gauges = bool(self._gauges)

    def add(self, metric: Metric, *labels: str) -> None:
        """Count one."""
        count = self._counts.get((metric, labels))
        if count is None:
            count = self._begin(metric, labels)
        next(count.ticks)
        self.is_changed = True

    def declare(self, metric: Metric, *labels: str) -> None:
        """Begin a counter at 0, so that its first increase is seen; no reason for a report, but in the next one."""
        if (metric, labels) not in self._counts:
            self._begin(metric, labels)

    def set(self, metric: Metric, *labels: str, value: float) -> None:
        """Say what a gauge is now."""
        self._gauges[_bounded(self._gauges, metric, labels)] = value
        self.has_new_gauges = True

    def _begin(self, metric: Metric, labels: tuple[str, ...]) -> _Count:
        # Two threads that begin the same counter both get the one that came first.
        return self._counts.setdefault(_bounded(self._counts, metric, labels), _Count())

    def take(self) -> list[Measured]:
        """Return by how much counters grew since the last call, new ones with 0 as well."""
        with self._looking:
            self.is_changed = False
            return [
                Measured(metric, labels, growth)
                for (metric, labels), count in list(self._counts.items())
                if (growth := count.growth()) is not None
            ]

    def gauges(self) -> list[Measured]:
        """Return all gauges."""
        self.has_new_gauges = False
        return [Measured(metric, labels, value) for (metric, labels), value in list(self._gauges.items())]


def _bounded(known: dict[Key, _Count] | dict[Key, float], metric: Metric, labels: tuple[str, ...]) -> Key:
    """Return the key under which a label set is kept."""
    key = metric, labels
    if key in known or len(known) < MAX_LABEL_SETS:
        return key
    return metric, tuple(
        names.OTHER if name in names.CLIENT_OPEN_LABELS else value
        for name, value in zip(metric.labels, labels, strict=True)
    )


def as_json(measured: Measured, environment: str, process: str) -> dict[str, str | float | dict[str, str]]:
    """Return a measure as the native API takes it; ``process`` is said of gauges only."""
    item: dict[str, str | float | dict[str, str]] = {
        "name": measured.metric.name,
        "value": measured.value,
        "environment": environment,
    }
    if measured.labels:
        item["labels"] = {
            name: short(value, _LABEL) for name, value in zip(measured.metric.labels, measured.labels, strict=True)
        }
    if measured.metric.kind == "gauge":
        item["process"] = process
    return item


process_measures = Measures()
"""Those of this process: recovery counts here whether or not there is a tracker to send them."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=process_measures.renew)
