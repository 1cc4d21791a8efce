"""The audit log: what was done over all issues, when and by whom. It only ever grows, so a place in it stays."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from errtally.exporter.store.connection import Connection


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """What to show of the log.

    Attributes:
        project: only this project's.
        by: only what this person did; "" stands for what happened by itself.
        before: only entries with a lower number.
        limit: at most so many.
    """

    project: str | None = None
    by: str | None = None
    before: int | None = None
    limit: int = 50


def entries(db: Connection, wanted: AuditQuery) -> list[dict[str, Any]]:
    """Return entries, the newest first. ``issue`` of one that was deleted is None.

    Raises:
        ERRORS: the store can't be read.
    """
    conditions, values = ["TRUE"], list[object]()
    for condition, value in (
        ("coalesce(i.project, d.project) = ?", wanted.project),
        ("h.by = ?", wanted.by),
        ("h.id < ?", wanted.before),
    ):
        if value is not None:
            conditions.append(condition)
            values.append(value)
    rows = db.execute(
        f"""SELECT h.id, h.at, h.by, h.what, h.details, coalesce(i.project, d.project) AS project,
          i.fingerprint AS issue, coalesce(i.title, d.title) AS title
        FROM history h LEFT JOIN issues i ON i.id = h.issue LEFT JOIN deleted_issues d ON d.id = h.issue
        WHERE {" AND ".join(conditions)} ORDER BY h.id DESC LIMIT ?""",  # noqa: S608 (constants)
        (*values, wanted.limit),
    )
    return [{**dict(row), "details": json.loads(row["details"])} for row in rows]
