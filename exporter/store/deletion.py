"""Issues that people deleted: everything that was stored of them goes, their names stay for the history."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from errtally import names
from errtally.exporter.store.users import issue_subject

if TYPE_CHECKING:
    from errtally.exporter.digest.changes import Changes, DeletedIssue
    from errtally.exporter.store.connection import Connection

DELETED = "deleted"
"""What the history says, and the reason that sample events went for."""


def apply(db: Connection, changes: Changes, change: int) -> None:
    """Delete the issues of a fold; nothing else of it is written yet.

    Raises:
        ERRORS: the store can't be written.
    """
    for issue in changes.deleted_issues:
        row = db.execute("SELECT title FROM issues WHERE id = ?", (issue.id,)).fetchone()
        if row is not None:  # else it appeared in this very fold
            _delete(db, changes, issue, str(row[0]), change)
    db.executemany("DELETE FROM aliases WHERE project = ? AND fingerprint = ?", changes.unaliased)


def since(db: Connection, change: int) -> set[tuple[str, str]]:
    """Return project and fingerprint of the issues that were deleted after a change of the store.

    Raises:
        ERRORS: the store can't be read.
    """
    rows = db.execute("SELECT project, fingerprint FROM deleted_issues WHERE change > ?", (change,))
    return {(project, fingerprint) for project, fingerprint in rows}


def _delete(db: Connection, changes: Changes, issue: DeletedIssue, title: str, change: int) -> None:
    (samples,) = db.execute("SELECT count(*) FROM samples WHERE issue = ?", (issue.id,)).fetchone()
    changes.add[names.SAMPLES_DELETED.name, (DELETED,), ""] += samples
    for environment in issue.environments:
        subject = (issue_subject(issue.id, environment),)
        db.execute("DELETE FROM user_set_members WHERE set_id IN (SELECT id FROM user_sets WHERE subject = ?)", subject)
        db.execute("DELETE FROM user_sets WHERE subject = ?", subject)
    db.execute("DELETE FROM issues WHERE id = ?", (issue.id,))  # what belongs to its row goes with it
    db.execute(
        "INSERT INTO deleted_issues VALUES (?, ?, ?, ?, ?)",
        (issue.id, issue.project, issue.fingerprint, title, change),
    )
    db.execute(
        "INSERT INTO history (issue, at, by, what, details) VALUES (?, ?, ?, ?, ?)",
        (issue.id, issue.at, issue.by, DELETED, json.dumps({"title": title})),
    )
