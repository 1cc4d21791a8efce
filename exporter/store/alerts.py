"""Alerts that fire now, as Alertmanager's webhook told, for the pages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from errtally import names

if TYPE_CHECKING:
    from errtally.exporter.store.connection import Connection, Row

MAX_FIRING = 100
"""Alerts that one page shows."""


MAX_ENDED = 100
"""Firings that are over, of which one page tells."""

_SHOWN = "name, severity, starts_at, ends_at, labels, summary, links"


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
