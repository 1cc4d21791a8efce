"""What workers counted of their own work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally import names
from errtally.exporter.digest.buckets import OF_CATALOGUE, SUM

if TYPE_CHECKING:
    from errtally.exporter.digest.changes import Changes
    from errtally.exporter.journal.records import Tallies


def add(changes: Changes, tallies: Tallies) -> None:
    """Add a worker's counts; what an older or newer exporter counted in another way is left out."""
    for name, labels, amount in tallies.counters:
        if _is_known(name, labels):
            changes.add[name, labels, ""] += amount
    for name, labels, buckets, total in tallies.observations:
        parts = OF_CATALOGUE[name].parts if name in OF_CATALOGUE else ()
        if _is_known(name, labels) and len(parts) == len(buckets):
            for part, count in zip(parts, buckets, strict=True):
                if count:
                    changes.add[name, labels, part] += count
            changes.add[name, labels, SUM] += total


def _is_known(name: str, labels: tuple[str, ...]) -> bool:
    metric = names.BY_NAME.get(name)
    return metric is not None and len(metric.labels) == len(labels)
