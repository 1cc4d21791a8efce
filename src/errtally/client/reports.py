"""What goes to the exporter along with events: counts of what was not sent, and the growth of counters.

A report that was posted is kept as it is, under its id, until an answer says that it was taken: the exporter knows
the ids of reports, so that one whose answer was lost, and which comes again, counts once. What is counted in the
meantime goes into the next one.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from errtally.client import discards, measures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from errtally.client.discards import Counts, Discards
    from errtally.client.gauges import Gauges
    from errtally.client.measures import Measured, Measures


@dataclass(frozen=True, slots=True)
class Report:
    """Counts that belong together.

    Attributes:
        report_id: 32 hex digits.
        discards: what was not sent.
        growth: of counters.
    """

    discards: Counts
    growth: list[Measured]
    report_id: str = field(default_factory=lambda: uuid.uuid4().hex)


class Reports:
    """Makes one report after the other; used by one thread at a time, but for `pending`.

    Args:
        discards: counts of what was not sent.
        measures: counters; None when they are not pushed.
        gauges: begin anew with the others.
    """

    def __init__(self, discards: Discards, measures: Measures | None = None, gauges: Gauges | None = None) -> None:
        self._discards = discards
        self._gauges = gauges
        self._measures = measures
        self._open: Report | None = None

    def renew(self) -> None:
        """Begin anew, in the child after a fork: the parent reports its own counts."""
        self._open = None
        self._discards.renew()
        if self._gauges is not None:
            self._gauges.renew()

    def pending(self) -> bool:
        """Whether there is something to report."""
        return (
            self._open is not None
            or self._discards.pending()
            or (self._measures is not None and self._measures.is_changed)
        )

    def next(self, *, anyway: bool = False) -> Report | None:
        """Return the report that has not been taken yet, else a new one; None when nothing was counted.

        Args:
            anyway: whether something is sent in any case, so that counters that are at 0 may come along.
        """
        if self._open is None and (anyway or self.pending()):
            growth = self._measures.take() if self._measures is not None else []
            report = Report(self._discards.take(), growth)
            if report.discards or report.growth:
                self._open = report
        return self._open

    def taken(self, report: Report | None) -> None:
        """Forget a report: the exporter has it, or will never take it."""
        if report is not None and report is self._open:
            self._open = None


def fields(report: Report | None, gauges: Sequence[Measured], environment: str, process: str) -> dict[str, Any]:
    """Return the fields of a native batch that tell what was counted; ``gauges`` are as they are now, not frozen."""
    found: dict[str, Any] = {}
    if report is not None:
        found["report_id"] = report.report_id
        if report.discards:
            found["discarded"] = discards.as_json(report.discards)
    measured = [*(report.growth if report is not None else ()), *gauges]
    if measured:
        found["measures"] = [measures.as_json(one, environment, process) for one in measured]
    return found
