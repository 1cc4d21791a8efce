"""What the store lets go of: sample events that are too old, settled or too large. What was counted stays for good.

Everything is done in small steps between two folds, so that counting never waits for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from errtally.exporter.config import Retention
    from errtally.exporter.store.connection import Connection

STEP_SAMPLES = 200
"""Sample events that one step deletes: some milliseconds."""

DAY_SECONDS = 86_400

_OF_RESOLVED = """
SELECT s.id FROM issues i JOIN samples s ON s.issue = i.id WHERE i.status = 'resolved' AND i.resolved < ? LIMIT ?
"""
_OF_IDLE = "SELECT s.id FROM issues i JOIN samples s ON s.issue = i.id WHERE i.last_seen < ? LIMIT ?"


def overdue(db: Connection, retention: Retention, now: float, limit: int = STEP_SAMPLES) -> list[tuple[int, str]]:
    """Find sample events that have to go.

    Args:
        db: the store.
        retention: what is kept for how long.
        now: seconds since the epoch.
        limit: at most so many.

    Returns:
        Their ids with the reason, one of `names.SAMPLE_REASONS`; empty when nothing has to go.

    Raises:
        ERRORS: the store can't be read.
    """
    for reason, query, days in (
        ("age", "SELECT id FROM samples WHERE happened < ? LIMIT ?", retention.event_days),
        ("resolved", _OF_RESOLVED, retention.resolved_event_days),
        ("idle", _OF_IDLE, retention.idle_event_days),
    ):
        rows = db.execute(query, (now - days * DAY_SECONDS, limit)).fetchall()
        if rows:
            return [(id_, reason) for (id_,) in rows]
    if db.used_bytes() > retention.store_bytes:
        return [(id_, "size") for (id_,) in db.execute("SELECT id FROM samples ORDER BY id LIMIT ?", (limit,))]
    return []
