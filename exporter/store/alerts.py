"""Alerts as Alertmanager's webhook told of them: written, kept for a while, and read for the pages."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from errtally import names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from errtally.exporter.digest.state import State
    from errtally.exporter.journal.records import AlertSeen
    from errtally.exporter.store.connection import Connection, Row

KEEP_SECONDS = 7 * 86400
MAX_ALERTS = 5000
"""Alerts that are kept at most; beyond, those that ended go first, then those that were not told of for longest."""

MAX_FIRING = 100
"""Alerts that one page shows."""


MAX_ENDED = 100
"""Firings that are over, of which one page tells."""

_SHOWN = "name, severity, starts_at, ends_at, labels, summary, links"


def load(db: Connection, state: State) -> None:
    """Load what the fold needs to know of alerts."""
    for name, severity, told in db.execute(
        "SELECT name, severity, max(told) FROM alerts GROUP BY name, severity"
    ).fetchall():
        # One that fires has no series of the store, and takes from the budget all the same.
        state.severities.add(severity)
        state.budget.remember(names.ALERT_DURATION, (name, severity), told)


def apply(db: Connection, told: Sequence[AlertSeen]) -> None:
    """Write what was told; of too many alerts some go."""
    now = time.time()
    db.executemany(
        """INSERT INTO alerts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (fingerprint, starts_at) DO UPDATE SET
        ends_at = coalesce(excluded.ends_at, alerts.ends_at), told = excluded.told, summary = excluded.summary,
        links = excluded.links""",
        [
            (
                a.fingerprint,
                a.starts_at,
                a.ends_at,
                now,
                a.name,
                a.severity,
                json.dumps(a.labels),
                a.summary,
                json.dumps(a.links),
            )
            for a in told
        ],
    )
    if told:
        (count,) = db.execute("SELECT count(*) FROM alerts").fetchone()
        if count > MAX_ALERTS:
            db.execute(
                """DELETE FROM alerts WHERE (fingerprint, starts_at) IN (
                SELECT fingerprint, starts_at FROM alerts ORDER BY ends_at IS NULL, told LIMIT ?)""",
                (count - MAX_ALERTS,),
            )


def prune(db: Connection, now: float) -> None:
    """Remove what was not told of for long: an Alertmanager that is gone never says that its alerts are resolved."""
    db.execute("DELETE FROM alerts WHERE told < ?", (now - KEEP_SECONDS,))


def firing(db: Connection, project: str | None = None) -> list[dict[str, Any]]:
    """Return the alerts that fire, the most severe first, then the newest.

    Args:
        db: the store.
        project: only those whose label ``project`` is this one.

    Raises:
        ERRORS: the store can't be read.
    """
    ranks = " ".join(f"WHEN ? THEN {rank}" for rank, _ in enumerate(names.SEVERITIES))
    rows = db.execute(
        f"""SELECT {_SHOWN} FROM alerts
        WHERE ends_at IS NULL AND (CAST(? AS TEXT) IS NULL OR json_extract(labels, '$.project') = ?)
        ORDER BY CASE severity {ranks} ELSE {len(names.SEVERITIES)} END, starts_at DESC, fingerprint LIMIT ?""",  # noqa: S608
        (project, project, *names.SEVERITIES, MAX_FIRING),
    )
    return [_alert(row) for row in rows]


def ended(db: Connection, project: str | None = None) -> list[dict[str, Any]]:
    """Return firings that are over, the one that ended last first; as many as are kept.

    Args:
        db: the store.
        project: as in `firing`.

    Raises:
        ERRORS: the store can't be read.
    """
    rows = db.execute(
        f"""SELECT {_SHOWN} FROM alerts
        WHERE ends_at IS NOT NULL AND (CAST(? AS TEXT) IS NULL OR json_extract(labels, '$.project') = ?)
        ORDER BY ends_at DESC, fingerprint LIMIT ?""",  # noqa: S608 (a constant)
        (project, project, MAX_ENDED),
    )
    return [_alert(row) for row in rows]


def _alert(row: Row) -> dict[str, Any]:
    return {**dict(row), "labels": json.loads(row["labels"]), "links": json.loads(row["links"])}
