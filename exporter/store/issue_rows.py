"""Rows of issues as the reader gives them: with what was merged into them, of one environment or of all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from errtally.exporter.store import merged, users
from errtally.exporter.store.users import issue_subject

if TYPE_CHECKING:
    from collections.abc import Sequence

    from errtally.exporter.store.connection import Connection, Row

SELECT = """
SELECT id, project, fingerprint, type, title, culprit, pattern, platform, why, status, level, events, first_seen,
  last_seen, first_release, last_release, resolved, regressed, is_unhandled, assignee, priority, ticket, users,
  (SELECT count(*) FROM history WHERE issue = issues.id AND what = 'note') AS notes
FROM issues
"""


def add_up(db: Connection, found: dict[str, Any]) -> None:
    """Add to an issue what was counted under fingerprints before they were merged into it."""
    members = merged.members(db, found["project"], found["fingerprint"])
    ids = [found["id"], *[member["issue_id"] for member in members if member["issue_id"] is not None]]
    found["ids"] = ids
    found["merged_fingerprints"] = [
        {key: value for key, value in member.items() if key != "issue_id"} for member in members[: merged.MAX_SHOWN]
    ]
    if len(ids) > 1:
        marks = ", ".join("?" * len(ids))
        totals = db.execute(
            f"""WITH one AS (SELECT * FROM issues WHERE id IN ({marks}))
            SELECT sum(events) AS events, min(first_seen) AS first_seen, max(last_seen) AS last_seen,
              (SELECT first_release FROM one ORDER BY first_seen LIMIT 1) AS first_release,
              (SELECT last_release FROM one ORDER BY last_release = '', last_seen DESC LIMIT 1) AS last_release,
              (SELECT level FROM one ORDER BY last_seen DESC LIMIT 1) AS level, max(is_unhandled) AS is_unhandled,
              (SELECT count(*) FROM history WHERE issue IN (SELECT id FROM one) AND what = 'note') AS notes
            FROM one""",  # noqa: S608 (marks only)
            ids,
        ).fetchone()
        environments = db.execute(
            f"SELECT DISTINCT environment FROM issue_environments WHERE issue IN ({marks})",  # noqa: S608 (marks only)
            ids,
        ).fetchall()
        found.update(dict(totals))
        found["is_unhandled"] = bool(found["is_unhandled"])
        found["users"] = sum(
            users.count_together(db, [issue_subject(id_, environment) for id_ in ids])
            for (environment,) in environments
        )


def narrow(db: Connection, issues: Sequence[dict[str, Any]], environment: str) -> None:
    """Make the numbers of issues those of one environment, where they were seen."""
    marks = ", ".join("?" * sum(len(one["ids"]) for one in issues))
    rows = db.execute(
        f"""SELECT issue, events, users, first_seen, last_seen FROM issue_environments
        WHERE environment = ? AND issue IN ({marks})""",  # noqa: S608 (marks only)
        (environment, *(id_ for one in issues for id_ in one["ids"])),
    )
    by_id = {row["issue"]: row for row in rows}
    for one in issues:
        here = [by_id[id_] for id_ in one["ids"] if id_ in by_id]
        if not here:
            continue
        one["events"] = sum(row["events"] for row in here)
        one["first_seen"] = min(row["first_seen"] for row in here)
        one["last_seen"] = max(row["last_seen"] for row in here)
        one["users"] = (
            here[0]["users"]
            if len(here) == 1
            else users.count_together(db, [issue_subject(row["issue"], environment) for row in here])
        )


def issue(row: Row) -> dict[str, Any]:
    """Return an issue as pages and the API have it, alone."""
    return {
        **dict(row),
        "why": json.loads(row["why"]),
        "is_unhandled": bool(row["is_unhandled"]),
        "ids": [row["id"]],
        "merged_fingerprints": [],
    }
