"""One issue with all that its page tells of it, whatever was merged into it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from errtally.exporter.store import issue_rows, lifecycle, listing, merged, users
from errtally.exporter.store.users import issue_subject

if TYPE_CHECKING:
    from errtally.exporter.store.connection import Connection, Row


def find(db: Connection, fingerprint: str, project: str | None) -> dict[str, Any] | None:
    """Return an issue; as `StoreReader.issue`."""
    row = _row(db, fingerprint, project)
    if row is None:
        return None
    found = issue_rows.issue(row)
    issue_rows.add_up(db, found)
    ids = found["ids"]
    marks = ", ".join("?" * len(ids))
    found["environments"] = [
        {
            **dict(item),
            "users": users.count_together(db, [issue_subject(id_, item["environment"]) for id_ in ids])
            if len(ids) > 1
            else item["users"],
        }
        for item in db.execute(
            f"""SELECT environment, sum(events) AS events, sum(users) AS users,
              min(first_seen) AS first_seen, max(last_seen) AS last_seen
            FROM issue_environments e WHERE issue IN ({marks}) GROUP BY environment
            ORDER BY max(last_seen) DESC""",  # noqa: S608 (marks only)
            ids,
        )
    ]
    found["history"] = [
        {**dict(item), "details": json.loads(item["details"])}
        for item in db.execute(
            f"SELECT id, at, by, what, details FROM history WHERE issue IN ({marks}) ORDER BY at DESC, id DESC",  # noqa: S608
            ids,
        )
    ]
    found["condition"] = lifecycle.condition_of(db, found["id"])
    found["samples"] = [
        dict(item)
        for item in db.execute(
            f"SELECT event_id, environment, happened FROM samples WHERE issue IN ({marks}) ORDER BY id DESC",  # noqa: S608
            ids,
        )
    ]
    return found


def merge_of(db: Connection, fingerprint: str, project: str) -> str | None:
    """Return what a fingerprint is merged into; as `StoreReader.merge_of`."""
    row = db.execute(
        "SELECT merged_into FROM aliases WHERE project = ? AND fingerprint = ? AND undone_at IS NULL",
        (project, fingerprint),
    ).fetchone()
    if row is not None:
        return str(row["merged_into"])
    known = db.execute(
        """SELECT 1 FROM issues WHERE project = :project AND fingerprint = :fingerprint
        UNION ALL SELECT 1 FROM aliases WHERE project = :project AND fingerprint = :fingerprint""",
        {"project": project, "fingerprint": fingerprint},
    ).fetchone()
    return "" if known is not None else None


def _row(db: Connection, fingerprint: str, project: str | None) -> Row | None:
    one = f"{issue_rows.SELECT} WHERE project = ? AND fingerprint = ?"
    places = [project] if project is not None else listing.projects(db)
    rows: list[Row] = [one_row for place in places for one_row in db.execute(one, (place, fingerprint))]
    row = max(rows, key=lambda each: float(each["last_seen"]), default=None)
    where = project or (row["project"] if row is not None else None)
    if where is None:
        alias = db.execute(
            "SELECT project FROM aliases WHERE fingerprint = ? AND undone_at IS NULL ORDER BY at DESC LIMIT 1",
            (fingerprint,),
        ).fetchone()
        if alias is None:
            return None
        where = alias["project"]
    root = merged.root_of(db, where, fingerprint)
    if root != fingerprint:
        row = db.execute(one, (where, root)).fetchone()
    return row
