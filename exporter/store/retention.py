"""What the store lets go of: sample events that are too old, settled or too large. What was counted stays for good.

Everything is done in small steps between two folds, so that counting never waits for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.exporter.store.database import used_bytes

if TYPE_CHECKING:
    import sqlite3

    from errtally.exporter.config import Retention

STEP_SAMPLES = 200
"""Sample events that one step deletes: some milliseconds."""

STEP_PAGES = 500
"""Free pages that one step gives back to the system, 2 MB: some milliseconds."""

FREE_SHARE = 0.05
FREE_PAGES = 256
"""Free pages are used again; they go back only when there are more than these, and more than that share of all."""

DAY_SECONDS = 86_400

_OF_RESOLVED = """
SELECT s.id FROM issues i JOIN samples s ON s.issue = i.id WHERE i.status = 'resolved' AND i.resolved < ? LIMIT ?
"""
_OF_IDLE = "SELECT s.id FROM issues i JOIN samples s ON s.issue = i.id WHERE i.last_seen < ? LIMIT ?"


def overdue(
    db: sqlite3.Connection, retention: Retention, now: float, limit: int = STEP_SAMPLES
) -> list[tuple[int, str]]:
    """Find sample events that have to go.

    Args:
        db: the store.
        retention: what is kept for how long.
        now: seconds since the epoch.
        limit: at most so many.

    Returns:
        Their ids with the reason, one of `names.SAMPLE_REASONS`; empty when nothing has to go.

    Raises:
        sqlite3.Error: the store can't be read.
    """
    for reason, query, days in (
        ("age", "SELECT id FROM samples WHERE happened < ? LIMIT ?", retention.event_days),
        ("resolved", _OF_RESOLVED, retention.resolved_event_days),
        ("idle", _OF_IDLE, retention.idle_event_days),
    ):
        rows = db.execute(query, (now - days * DAY_SECONDS, limit)).fetchall()
        if rows:
            return [(id_, reason) for (id_,) in rows]
    if used_bytes(db) > retention.store_bytes:
        return [(id_, "size") for (id_,) in db.execute("SELECT id FROM samples ORDER BY id LIMIT ?", (limit,))]
    return []


def vacuum(db: sqlite3.Connection) -> bool:
    """Give some free pages back to the system; whether there are more that should go.

    Raises:
        sqlite3.Error: the store can't be written.
    """

    def is_roomy() -> bool:
        pages, free = db.execute(
            "SELECT page_count, freelist_count FROM pragma_page_count, pragma_freelist_count"
        ).fetchone()
        return bool(free > max(FREE_PAGES, FREE_SHARE * pages))

    if not is_roomy():
        return False
    # `execute` would stop at the first page, since the statement has no columns.
    db.executescript(f"PRAGMA incremental_vacuum({STEP_PAGES})")
    return is_roomy()
