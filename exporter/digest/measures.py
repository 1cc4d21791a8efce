"""What clients push: counters are added up over processes, gauges are kept for each process until they expire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally import names

if TYPE_CHECKING:
    from errtally.exporter.digest.budget import Admit, Place
    from errtally.exporter.digest.changes import Changes
    from errtally.exporter.digest.state import State
    from errtally.exporter.journal.records import Batch, MeasureSeen
    from errtally.names import Metric

_OUT_OF_ORDER_SECONDS = 10.0
"""Two posts of one process may be folded in the wrong order; what lies further back is a clock that was set."""


class Measures:
    """Folds measures.

    Args:
        state: what is known of the store; kept current.
        changes: where the fold notes what changes.
        place: bounds project and environment.
        admit: bounds the label sets of a counter.
    """

    def __init__(self, state: State, changes: Changes, *, place: Place, admit: Admit) -> None:
        self._state = state
        self._changes = changes
        self._place = place
        self._admit = admit

    def add(self, batch: Batch, *, is_first: bool) -> None:
        """Fold the measures of a batch; of a report that was folded before, ``is_first`` is false, only the gauges."""
        for measure in batch.measures:
            metric = names.PUSHED.get(measure.name)
            # A newer or older exporter may have written it, with other labels.
            if metric is None or len(metric.labels) != _width(metric, measure):
                continue
            project, environment = self._place(batch.project, measure.environment)
            if metric.kind == "gauge":
                self._gauge(metric, (project, environment, *measure.labels, measure.process), measure.value, batch)
            elif is_first:
                labels = self._counter_labels(metric, (project, environment, *measure.labels))
                # A counter that is new comes with 0 as well, so that its series is there before it grows.
                self._changes.add[metric.name, labels, ""] += measure.value

    def _counter_labels(self, metric: Metric, labels: tuple[str, ...]) -> tuple[str, ...]:
        budget = self._state.budget
        if budget.has(metric, labels) or budget.sizes[metric.name, labels[0]] < budget.limit(metric):
            return self._admit(metric, labels)
        self._overflow(metric, labels[0])
        return self._admit(metric, _other(metric, labels))

    def _gauge(self, metric: Metric, labels: tuple[str, ...], value: float, batch: Batch) -> None:
        state, changes = self._state, self._changes
        known = state.gauges.setdefault((metric.name, labels[0]), {})
        if labels not in known and len(known) >= state.budget.limit(metric):
            for old in [old for old, at in known.items() if at < batch.received - names.PROCESS_EXPIRES_SECONDS]:
                del known[old]
            if len(known) >= state.budget.limit(metric):
                self._overflow(metric, labels[0])
                labels = _other(metric, labels)
        if 0 < known.get(labels, 0.0) - batch.received < _OUT_OF_ORDER_SECONDS:
            return
        known[labels] = batch.received
        changes.gauges[metric.name, labels] = (value, batch.received)

    def _overflow(self, metric: Metric, project: str) -> None:
        self._changes.add[names.SERIES_OVERFLOW.name, (project, metric.name), ""] += 1


def _width(metric: Metric, measure: MeasureSeen) -> int:
    return len(names.BASE_LABELS) + len(measure.labels) + (metric.kind == "gauge")


def _other(metric: Metric, labels: tuple[str, ...]) -> tuple[str, ...]:
    """Give up all that applications choose: if only one label were given up, the others could make endless series."""
    return tuple(
        names.OTHER if name in names.CLIENT_OPEN_LABELS else value
        for name, value in zip(metric.labels, labels, strict=True)
    )
