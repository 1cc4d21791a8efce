"""How often issues happen of late, in an order that needs no clock.

An event is worth half when it is older by a half-life. An issue's events of late are such a sum with a half-life of six
hours; with one of a week it says what is usual. An issue trends by its events of late times how many of those of the
week they are: a hundred in the last hour are more than a hundred an hour all week.

As a sum decays, all sums do alike. So the order does not change as time goes by, and the store holds the logarithm of
what each sum would be at the epoch, which no clock has to bring up to date.
"""

from __future__ import annotations

from math import log2
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from errtally.exporter.store.connection import Connection

SHORT_HOURS = 6
LONG_HOURS = 7 * 24
ORDER = "2 * {trends}.short - {trends}.long"
"""By what issues trend, in SQL; ``trends`` is the table's name in the query."""

_MAX_KNOWN = 20_000


class Trends:
    """Adds events up, within the transaction of the store's writer.

    Args:
        db: the store.
    """

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._known: dict[int, tuple[float, float]] = {}
        self._changed: dict[int, tuple[float, float]] = {}

    def add(self, issue: int, hours: Mapping[int, int]) -> None:
        """Add events of an issue; written with `flush`.

        Args:
            issue: its number.
            hours: hours since the epoch to events in them; at least one.

        Raises:
            ERRORS: the store can't be read.
        """
        before = self._known.get(issue)
        if before is None:
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            before = self._db.execute("SELECT short, long FROM issue_trends WHERE issue = ?", (issue,)).fetchone()
        short, long = before or (float("-inf"), float("-inf"))
        for hour, events in hours.items():
            worth = log2(events)
            short = _sum(short, worth + hour / SHORT_HOURS)
            long = _sum(long, worth + hour / LONG_HOURS)
        self._known[issue] = self._changed[issue] = (short, long)

    def flush(self) -> None:
        """Write what was added.

        Raises:
            ERRORS: the store can't be written.
        """
        self._db.write_rows(
            """INSERT INTO issue_trends VALUES (?, ?, ?)
            ON CONFLICT (issue) DO UPDATE SET short = excluded.short, long = excluded.long""",
            [(issue, *sums) for issue, sums in self._changed.items()],
        )
        self._changed.clear()

    def forget(self) -> None:
        """Forget what is known of the store: a transaction was rolled back."""
        self._known.clear()
        self._changed.clear()


def _sum(one: float, other: float) -> float:
    """Add two numbers given by their base 2 logarithms."""
    more, less = max(one, other), min(one, other)
    return more + log2(1 + 2 ** (less - more))
