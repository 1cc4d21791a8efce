"""Gauges that clients push, in the store: replaced again and again, gone when no longer renewed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from errtally import names

if TYPE_CHECKING:
    from errtally.exporter.digest.changes import Changes
    from errtally.exporter.digest.state import State
    from errtally.exporter.store.connection import Connection


def load(db: Connection, state: State) -> None:
    """Load when each gauge was last renewed into the writer's memory."""
    for metric, text, renewed in db.execute("SELECT metric, labels, renewed FROM client_gauges"):
        labels = tuple(json.loads(text))
        state.gauges.setdefault((metric, labels[0]), {})[labels] = renewed


def apply(db: Connection, changes: Changes) -> None:
    """Write the values of a fold, within its transaction."""
    db.executemany(
        """INSERT INTO client_gauges VALUES (?, ?, ?, ?)
        ON CONFLICT (metric, labels) DO UPDATE SET value = excluded.value, renewed = excluded.renewed""",
        [(metric, json.dumps(labels), *value) for (metric, labels), value in changes.gauges.items()],
    )


def prune(db: Connection, now: float) -> None:
    """Remove what has expired."""
    db.execute("DELETE FROM client_gauges WHERE renewed < ?", (now - names.PROCESS_EXPIRES_SECONDS,))


def read(db: Connection, now: float) -> list[tuple[str, tuple[str, ...], float]]:
    """Return metric, labels and value of what has not expired."""
    rows = db.execute(
        "SELECT metric, labels, value FROM client_gauges WHERE renewed >= ? ORDER BY metric, labels",
        (now - names.PROCESS_EXPIRES_SECONDS,),
    )
    return [(metric, tuple(json.loads(text)), value) for metric, text, value in rows]
