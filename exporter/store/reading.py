"""The read side of the store for pages and the API."""

from __future__ import annotations

import json
import sqlite3
import threading
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from errtally.errors import StoreError
from errtally.exporter.store import database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ISSUES = """
SELECT id, project, fingerprint, type, title, culprit, pattern, platform, why, status, level, events, first_seen,
  last_seen, first_release, last_release, resolved, regressed,
  (SELECT sum(users) FROM issue_environments WHERE issue = issues.id) AS users
FROM issues
"""


class StoreReader:
    """Answers questions about issues; each thread has a connection of its own."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / database.FILE_NAME
        self._local = threading.local()

    def issues(self, *, project: str | None = None, status: str | None = None, limit: int = 50) -> list[dict[str, Any]]:
        """Return issues, the one seen last first.

        Args:
            project: only this project's.
            status: only with this status; ``open`` stands for unresolved and regressed.
            limit: at most so many.
        """
        conditions, values = ["1"], []
        if project:
            conditions.append("project = ?")
            values.append(project)
        if status == "open":
            conditions.append("status IN ('unresolved', 'regressed')")
        elif status:
            conditions.append("status = ?")
            values.append(status)
        with self._snapshot() as db:
            rows = db.execute(
                f"{_ISSUES} WHERE {' AND '.join(conditions)} ORDER BY last_seen DESC, id DESC LIMIT ?",
                (*values, limit),
            ).fetchall()
            return [_issue(row) for row in rows]

    def issue(self, fingerprint: str, project: str | None = None) -> dict[str, Any] | None:
        """Return one issue with environments, history and its sample events' ids, newest first; None without it.

        Args:
            fingerprint: the value of label ``issue``.
            project: needed only when two projects have the same error; the one seen last wins without it.
        """
        with self._snapshot() as db:
            row = db.execute(
                f"{_ISSUES} WHERE fingerprint = ? AND (? IS NULL OR project = ?) ORDER BY last_seen DESC LIMIT 1",
                (fingerprint, project, project),
            ).fetchone()
            if row is None:
                return None
            found = _issue(row)
            found["environments"] = [
                dict(item)
                for item in db.execute(
                    "SELECT environment, events, users, first_seen, last_seen FROM issue_environments WHERE issue = ? "
                    "ORDER BY last_seen DESC",
                    (row["id"],),
                )
            ]
            found["history"] = [
                dict(item)
                for item in db.execute(
                    "SELECT at, by, what FROM history WHERE issue = ? ORDER BY id DESC", (row["id"],)
                )
            ]
            found["samples"] = [
                dict(item)
                for item in db.execute(
                    "SELECT event_id, environment, happened FROM samples WHERE issue = ? ORDER BY id DESC", (row["id"],)
                )
            ]
            return found

    def sample(self, issue_id: int, event_id: str) -> dict[str, Any] | None:
        """Return the page of one sample event, None when it is not kept (any more)."""
        with self._snapshot() as db:
            row = db.execute(
                "SELECT page FROM samples WHERE issue = ? AND event_id = ?", (issue_id, event_id)
            ).fetchone()
        if row is None:
            return None
        page: dict[str, Any] = json.loads(zlib.decompress(row["page"]))
        return page

    def is_folded(self, issue_id: int, status: str) -> bool:
        """Whether an issue has a status by now."""
        with self._snapshot() as db:
            row = db.execute("SELECT status FROM issues WHERE id = ?", (issue_id,)).fetchone()
        return row is not None and row["status"] == status

    @contextmanager
    def _snapshot(self) -> Iterator[sqlite3.Connection]:
        """One read transaction on this thread's connection: everything read in it is of the same moment."""
        try:
            db: sqlite3.Connection | None = getattr(self._local, "db", None)
            if db is None:
                db = self._local.db = database.read_only(self._path)
            db.execute("BEGIN")
            try:
                yield db
            finally:
                db.execute("COMMIT")
        except sqlite3.Error as exc:
            raise StoreError(f"the store can't be read: {exc}") from exc


def _issue(row: sqlite3.Row) -> dict[str, Any]:
    return {**dict(row), "why": json.loads(row["why"])}
