"""How many events of each project came in lately, by the minute in which they were folded."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from errtally import names

if TYPE_CHECKING:
    from errtally.exporter.digest.changes import Changes
    from errtally.exporter.store.connection import Connection

MINUTES_KEPT = 60
RATE_MINUTES = 5
"""Over how many minutes the rate of now is taken."""


def apply(db: Connection, changes: Changes, now: float) -> None:
    """Add the events of a fold up, within the transaction of the store's writer.

    Raises:
        ERRORS: the store can't be written.
    """
    events: defaultdict[str, float] = defaultdict(float)
    for (metric, labels, _), value in changes.add.items():
        if metric == names.EVENTS.name:
            events[labels[0]] += value
    db.executemany(
        """INSERT INTO project_minutes VALUES (?, ?, ?)
        ON CONFLICT (project, minute) DO UPDATE SET events = project_minutes.events + excluded.events""",
        [(project, int(now // 60), count) for project, count in events.items()],
    )


def prune(db: Connection, now: float) -> None:
    """Forget old minutes.

    Raises:
        ERRORS: the store can't be written.
    """
    db.execute("DELETE FROM project_minutes WHERE minute < ?", (int(now // 60) - MINUTES_KEPT,))


def per_minute(db: Connection, now: float) -> dict[str, float]:
    """Return the events a minute of each project, over the last whole minutes and what has passed of this one.

    Raises:
        ERRORS: the store can't be read.
    """
    first = int(now // 60) - RATE_MINUTES + 1
    minutes = now / 60 - first
    rows = db.execute("SELECT project, sum(events) FROM project_minutes WHERE minute >= ? GROUP BY project", (first,))
    return {project: events / minutes for project, events in rows}
