"""The budget of series: how many label sets a metric may have in a project, and which idle or rare one makes room."""

from __future__ import annotations

from collections import Counter
from heapq import heapify, heappop, heappush, heapreplace
from typing import TYPE_CHECKING

from errtally import names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from errtally.names import Metric

    Admit = Callable[[Metric, tuple[str, ...]], tuple[str, ...]]
    """Bounds the label values of a metric that has a limit."""

    Place = Callable[[str, str], tuple[str, str]]
    """Bounds project and environment."""

LabelSet = tuple[str, tuple[str, ...]]
"""A metric's name and label values in the catalogue's order."""


MAX_WAITING = 10_000
"""Label sets without a place whose uses are counted; beyond, those that were used once are forgotten."""
RARE_FACTOR = 2
"""How many times as often as a label set that has a place another has to be used to take it.

More than once, or two that are used as often would take the place from each other with every value.
"""


class Budget:
    """Bounds the label sets of each metric in a project; beyond, one label's value becomes ``__other__``.

    A new label set takes the place of the one that has been idle for longest, when that is idle for long enough; else
    of the one that is used least, once it was used more than twice as often itself: what anybody made up once (a scan
    of addresses) does not keep out what is used all the time.

    Attributes:
        limits: configured limits by metric name; where there is none, the catalogue's holds.
        idle_seconds: a label set that was touched less long ago keeps its place.
        touched: the label sets that have series, to when a value last went to them; seconds since the epoch.
        uses: the same to how many values went to them.
        sizes: metric name and owner to how many of them count against the limit.
    """

    def __init__(self, limits: Mapping[str, int], idle_seconds: float = names.DEFAULT_SERIES_IDLE_SECONDS) -> None:
        self.limits = limits
        self.idle_seconds = idle_seconds
        self.touched: dict[LabelSet, float] = {}
        self.uses: dict[LabelSet, float] = {}
        self.sizes: Counter[tuple[str, str]] = Counter()
        self._waiting: Counter[LabelSet] = Counter()
        # A time in a heap may be older than the real one, never newer; it is brought up to date when it is looked at.
        self._heaps: dict[tuple[str, str], list[tuple[float, tuple[str, ...]]]] = {}
        # The same by uses, only where a label set had no place; it may name some that have none any more.
        self._rare: dict[tuple[str, str], list[tuple[float, tuple[str, ...]]]] = {}

    def limit(self, metric: Metric) -> int:
        """The metric's limit: configured, or the catalogue's."""
        return self.limits.get(metric.name, metric.series_limit)

    def __len__(self) -> int:
        return len(self.touched)

    def has(self, metric: Metric, labels: tuple[str, ...]) -> bool:
        """Whether a label set has its series."""
        return (metric.name, labels) in self.touched

    def remember(self, metric: Metric, labels: tuple[str, ...], touched: float = 0.0, uses: float = 0.0) -> None:
        """Note a label set that has series; of several times the latest counts, uses add up."""
        key = (metric.name, labels)
        self.uses[key] = self.uses.get(key, 0.0) + uses
        if key in self.touched:
            self.touched[key] = max(self.touched[key], touched)
            return
        self.touched[key] = touched
        # Only the label that the budget bounds tells: an environment may be called ``__other__`` as well.
        if labels[metric.labels.index(metric.other_label)] != names.OTHER:
            owner = (metric.name, scope(metric, labels))
            self.sizes[owner] += 1
            heappush(self._heaps.setdefault(owner, []), (touched, labels))
            if (rare := self._rare.get(owner)) is not None:
                heappush(rare, (self.uses[key], labels))

    def admit(self, metric: Metric, labels: tuple[str, ...], now: float) -> tuple[tuple[str, ...], list[LabelSet]]:
        """Find the labels under which a value goes.

        Args:
            metric: a metric that has a limit.
            labels: the label set that the value is of.
            now: when the value came in, seconds since the epoch.

        Returns:
            The same labels, or with ``__other__`` beyond the limit; and the idle label sets that gave their places up.
        """
        evicted: list[LabelSet] = []
        if (metric.name, labels) not in self.touched:
            owner = (metric.name, scope(metric, labels))
            index = metric.labels.index(metric.other_label)
            if labels[index] != names.OTHER:
                limit = self.limit(metric)
                while (
                    self.sizes[owner] >= limit
                    and not metric.keeps_idle
                    and (idle := self._pop_idle(owner, now)) is not None
                ):
                    self.give_up(metric, idle)
                    evicted.append((metric.name, idle))
                if self.sizes[owner] >= limit:
                    uses = self._wait(metric, labels)
                    if metric.keeps_idle or (rare := self._pop_rare(owner, uses)) is None:
                        labels = (*labels[:index], names.OTHER, *labels[index + 1 :])
                    else:
                        self.give_up(metric, rare)
                        evicted.append((metric.name, rare))
                        self.uses[metric.name, labels] = float(self._waiting.pop((metric.name, labels)) - 1)
        self.remember(metric, labels, now, 1.0)
        return labels, evicted

    def give_up(self, metric: Metric, labels: tuple[str, ...]) -> None:
        """Forget a label set that has series, so that another may have its place."""
        del self.touched[metric.name, labels], self.uses[metric.name, labels]
        if labels[metric.labels.index(metric.other_label)] != names.OTHER:
            self.sizes[metric.name, scope(metric, labels)] -= 1

    def _wait(self, metric: Metric, labels: tuple[str, ...]) -> int:
        """Count a use of a label set that has no place; returns how many there were."""
        if len(self._waiting) >= MAX_WAITING:
            self._waiting = Counter({one: uses // 2 for one, uses in self._waiting.items() if uses > 1})
        self._waiting[metric.name, labels] += 1
        return self._waiting[metric.name, labels]

    def _pop_rare(self, owner: tuple[str, str], uses: int) -> tuple[str, ...] | None:
        """Find the label set that is used least; None when it is used too often to give its place up."""
        heap, size = self._rare.get(owner), self.sizes[owner]
        if heap is None or len(heap) < size or len(heap) > 2 * size + 1:
            members = {labels for _, labels in self._heaps.get(owner, ()) if (owner[0], labels) in self.touched}
            heap = self._rare[owner] = [(self.uses[owner[0], labels], labels) for labels in members]
            heapify(heap)
        while heap:
            noted, labels = heap[0]
            held = self.uses.get((owner[0], labels))
            if held is None:  # it gave its place up
                heappop(heap)
            elif held > noted:
                heapreplace(heap, (held, labels))
            else:
                return heappop(heap)[1] if uses > RARE_FACTOR * held else None
        return None

    def _pop_idle(self, owner: tuple[str, str], now: float) -> tuple[str, ...] | None:
        """Take the label set that has been idle for longest out of its heap; None when none is idle for long enough."""
        heap, before = self._heaps.get(owner, []), now - self.idle_seconds
        while heap and heap[0][0] <= before:
            noted, labels = heap[0]
            touched = self.touched.get((owner[0], labels))
            if touched is None:  # it was given up
                heappop(heap)
                continue
            if touched <= noted:
                heappop(heap)
                return labels
            heapreplace(heap, (touched, labels))
        return None


def scope(metric: Metric, labels: tuple[str, ...]) -> str:
    """Whose budget a label set takes from: a project's, "" for a metric of the exporter as a whole."""
    return labels[0] if metric.labels[0] == "project" else ""
