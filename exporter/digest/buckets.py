"""Buckets of histograms by their upper bounds: what is stored says which bound it is of, so bounds may change."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from errtally import names

if TYPE_CHECKING:
    from collections.abc import Iterable

SUM = "sum"
"""The part of a histogram that holds the sum; its other parts are the upper bounds of its buckets."""

INFINITE = "+Inf"

SeriesKey = tuple[str, tuple[str, ...], str]
"""Metric name, label values in the catalogue's order, part of a histogram ("" for all else)."""


class Buckets:
    """Upper bounds in ascending order, without +Inf, which is always there."""

    def __init__(self, bounds: Iterable[float]) -> None:
        self.bounds = tuple(sorted({float(bound) for bound in bounds}))
        self.parts = (*map(repr, self.bounds), INFINITE)
        """What the buckets are called in the store and in label ``le``."""

    def part(self, value: float) -> str:
        """Return the smallest bucket that holds a value; a value equal to a bound is within it."""
        return self.parts[bisect_left(self.bounds, value)]

    def with_bounds(self, bounds: Iterable[float]) -> Buckets:
        """Return buckets that have further bounds as well; the same object when all are there."""
        more = Buckets((*self.bounds, *bounds))
        return self if more.bounds == self.bounds else more


OF_CATALOGUE = {metric.name: Buckets(metric.buckets) for metric in names.CATALOGUE if metric.kind == "histogram"}
"""The catalogue's buckets by metric name."""
