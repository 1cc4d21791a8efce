"""Sessions over time, by release and how they ended: by the hour, and by the day when they are older than two weeks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from errtally.exporter.store.activity import DAYS_KEPT, HOURS_KEPT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from errtally.exporter.store.connection import Connection

_ADD = """INSERT INTO session_hours (hour, project, environment, release, status, sessions) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (hour, project, environment, release, status) DO UPDATE
SET sessions = session_hours.sessions + excluded.sessions"""


def apply(db: Connection, changes: Mapping[tuple[int, tuple[str, ...]], int]) -> None:
    """Count sessions.

    Args:
        db: the store, in a transaction.
        changes: hour since the epoch, and project, environment, release and status, to sessions.

    Raises:
        ERRORS: the store can't be written.
    """
    db.executemany(_ADD, [(hour, *labels, sessions) for (hour, labels), sessions in changes.items()])


def prune(db: Connection, now: float) -> None:
    """Make days, which stand under their first hour, of hours that are too old, and remove days that are.

    Raises:
        ERRORS: the store can't be written.
    """
    today = int(now // 86_400)
    first = (today - HOURS_KEPT // 24) * 24
    old = "hour < ? AND hour % 24 <> 0"
    if db.execute(f"SELECT 1 FROM session_hours WHERE {old} LIMIT 1", (first,)).fetchone() is not None:  # noqa: S608
        db.execute("BEGIN IMMEDIATE")
        rows = db.execute(
            f"""SELECT hour / 24 * 24, project, environment, release, status, sum(sessions) FROM session_hours
            WHERE {old} GROUP BY 1, 2, 3, 4, 5""",  # noqa: S608 (constants)
            (first,),
        ).fetchall()
        db.execute(f"DELETE FROM session_hours WHERE {old}", (first,))  # noqa: S608
        db.executemany(_ADD, rows)
        db.execute("COMMIT")
    db.execute("DELETE FROM session_hours WHERE hour < ?", ((today - DAYS_KEPT) * 24,))


def counts(
    db: Connection,
    hours: range,
    projects: Sequence[str] = (),
    environments: Sequence[str] = (),
    releases: Sequence[str] = (),
) -> list[tuple[int, str, str, str, str, float]]:
    """Return hour since the epoch, project, environment, release, status and how many sessions.

    Args:
        db: the store.
        hours: since the epoch; the last one is left out.
        projects: only of these, of all without any.
        environments: the same.
        releases: the same.

    Raises:
        ERRORS: the store can't be read.
    """
    asked = {"project": projects, "environment": environments, "release": releases}
    chosen = [f"AND {name} IN (SELECT value FROM json_each(:{name}))" for name in asked if asked[name]]  # noqa: S608
    rows = db.execute(
        f"""SELECT hour, project, environment, release, status, sessions FROM session_hours
        WHERE hour >= :first AND hour < :stop {" ".join(chosen)} ORDER BY hour""",  # noqa: S608 (constants)
        {
            "first": hours.start,
            "stop": hours.stop,
            **{name: json.dumps(list(values)) for name, values in asked.items()},
        },
    )
    return [(row[0], row[1], row[2], row[3], row[4], row[5]) for row in rows]
