"""Issues and their environments as a fold leaves them: few statements, each for all issues that it concerns."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from errtally.exporter.store import samples
from errtally.exporter.store.users import issue_subject

if TYPE_CHECKING:
    from collections.abc import Iterable

    from errtally.exporter.digest.changes import IssueChange
    from errtally.exporter.store.connection import Connection
    from errtally.exporter.store.users import UserSets

_MAX_KNOWN = 200_000

_COUNT = """level = CASE WHEN excluded.last_seen >= issues.last_seen THEN excluded.level ELSE issues.level END,
  events = issues.events + excluded.events, users = issues.users + excluded.users,
  first_release = CASE WHEN excluded.first_seen < issues.first_seen THEN excluded.first_release
    ELSE issues.first_release END,
  first_seen = min(issues.first_seen, excluded.first_seen),
  last_release = CASE WHEN (excluded.last_seen >= issues.last_seen OR issues.last_release = '')
    AND excluded.last_release <> '' THEN excluded.last_release ELSE issues.last_release END,
  last_seen = max(issues.last_seen, excluded.last_seen), change = excluded.change"""
# Placeholders without numbers: those that have one are taken for names by some Pythons 3.12 (and tuples do not go with
# names). Names and mappings would do, and cost half as much again.
_COUNT_ISSUE = f"UPDATE issues SET {re.sub(r'excluded[.][a-z_]+', '?', _COUNT)} WHERE id = ?"  # noqa: S608 (a constant)
_WRITE_ISSUE = f"""INSERT INTO issues (id, level, events, users, first_seen, last_seen, first_release, last_release,
  change, project, fingerprint, type, title, culprit, pattern, scope, platform, why, status, resolved, regressed) VALUES
  (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET title = excluded.title, culprit = excluded.culprit, platform = excluded.platform,
  why = excluded.why, status = excluded.status, resolved = excluded.resolved, regressed = excluded.regressed,
  {_COUNT}"""  # noqa: S608 (a constant)
_DECIDE_ISSUE = "UPDATE issues SET status = ?, resolved = ?, regressed = ?, change = ? WHERE id = ?"
_COUNT_HERE = """INSERT INTO issue_environments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (issue, environment) DO UPDATE SET events = issue_environments.events + excluded.events,
  users = max(issue_environments.users, excluded.users), is_exposed = excluded.is_exposed, touched = excluded.touched,
  first_seen = min(issue_environments.first_seen, excluded.first_seen),
  last_seen = max(issue_environments.last_seen, excluded.last_seen),
  change = excluded.change"""
_KNOW_PLACE = """INSERT INTO project_environments VALUES (?, ?, ?)
  ON CONFLICT (project, environment) DO UPDATE SET first_seen = excluded.first_seen"""


class IssueWriter:
    """Writes changes of issues, within the transaction of the store's writer.

    Args:
        db: the store.
        users: its sets of users.
    """

    def __init__(self, db: Connection, users: UserSets) -> None:
        self._db = db
        self._users = users
        self._written: dict[int, int] = {}
        self._first_seen: dict[tuple[str, str], float] = {}

    def apply(
        self, issues: Iterable[IssueChange], change: int, at: float, stored_at: float
    ) -> dict[tuple[int, str], int]:
        """Write issues.

        Args:
            issues: the changes, in the order of their numbers: rows that lie together are written together.
            change: number of the transaction.
            at: when the newest record came in, seconds since the epoch.
            stored_at: when the transaction is made.

        Returns:
            Issue and environment to users that were not seen with it there before.

        Raises:
            ERRORS: the store can't be written.
        """
        described, counted, decided, unhandled, here = [], [], [], [], []
        shown: dict[int, tuple[int, int]] = {}
        new_users: dict[tuple[int, str], int] = {}
        first_seen: dict[tuple[str, str], float] = {}
        for issue in issues:
            more_users = 0
            for environment, events in issue.environments.items():
                users = 0
                if events.users:
                    subject = (issue_subject(issue.id, environment), 0, 0)
                    users, new_users[issue.id, environment] = self._users.add(subject, events.users)
                    more_users += new_users[issue.id, environment]
                here.append((issue.id, environment, events.events, users, events.first_seen, events.last_seen,
                             events.is_exposed, change, at, stored_at))  # fmt: skip
                place = (issue.project, environment)
                first_seen[place] = min(events.first_seen, first_seen.get(place, events.first_seen))
            seen = issue.seen
            if seen is None:
                self._written.pop(issue.id, None)
                decided.append((issue.status, issue.resolved, issue.regressed, change, issue.id))
                if issue.events:
                    counted.append(_counts(issue, more_users, change))
            elif self._is_written(issue):
                counted.append(_counts(issue, more_users, change))
            else:
                described.append((issue.id, issue.level, issue.events, more_users, issue.first_seen, issue.last_seen,
                                  issue.first_release, issue.last_release, change, issue.project, seen.fingerprint,
                                  seen.type, seen.title, seen.culprit, seen.pattern, seen.scope, seen.platform,
                                  json.dumps(seen.why), issue.status, issue.resolved, issue.regressed))  # fmt: skip
                shown[issue.id] = (change, issue.id)
            if seen is None or issue.is_recast:
                shown[issue.id] = (change, issue.id)
            if issue.is_unhandled:
                unhandled.append((issue.id,))
        write = self._db.write_rows
        write(_WRITE_ISSUE, described)
        write(_DECIDE_ISSUE, decided)
        write(_COUNT_ISSUE, counted)
        write("UPDATE issues SET is_unhandled = 1 WHERE id = ? AND is_unhandled = 0", unhandled)
        # The series of an issue show its status, title and culprit in every environment.
        write("UPDATE issue_environments SET change = ? WHERE issue = ?", shown.values())
        write(_COUNT_HERE, here)
        self._know(first_seen)
        return new_users

    def _know(self, first_seen: dict[tuple[str, str], float]) -> None:
        """Write where projects' events came from, where that is new or was earlier than known."""
        if not self._first_seen:
            known = self._db.execute("SELECT project, environment, first_seen FROM project_environments")
            self._first_seen = {(project, environment): at for project, environment, at in known}
        earlier = {place: at for place, at in first_seen.items() if at < self._first_seen.get(place, float("inf"))}
        self._db.executemany(_KNOW_PLACE, [(*place, at) for place, at in earlier.items()])
        self._first_seen |= earlier

    def tell(self, issues: Iterable[IssueChange], at: float, events_per_issue: int) -> int:
        """Write what was decided on issues, and their samples; return how many samples had to go.

        Args:
            issues: the changes; they are written already.
            at: as in `apply`.
            events_per_issue: samples that an issue keeps.

        Raises:
            ERRORS: the store can't be written.
        """
        db, kept = self._db, {}
        for issue in issues:
            for name, value in issue.fields.items():
                db.execute(f"UPDATE issues SET {name} = ? WHERE id = ?", (value, issue.id))  # noqa: S608 (records.FIELDS)
            if issue.decisions:
                db.execute("UPDATE issue_environments SET touched = ? WHERE issue = ?", (at, issue.id))
                db.executemany(
                    "INSERT INTO history (issue, at, by, what, details) VALUES (?, ?, ?, ?, ?)",
                    [(issue.id, one.at, one.by, one.what, json.dumps(one.details)) for one in issue.decisions],
                )
            if issue.samples:
                kept[issue.id] = issue.samples
        return samples.add(db, kept, events_per_issue)

    def forget(self) -> None:
        """Forget what is known of the store: a transaction was rolled back."""
        self._written.clear()
        self._first_seen.clear()

    def _is_written(self, issue: IssueChange) -> bool:
        """Whether the store has what a change says of its issue beside the counts; it will."""
        seen = issue.seen
        assert seen is not None
        mark = hash((seen.title, seen.culprit, seen.platform, seen.why, issue.status, issue.resolved, issue.regressed))
        if self._written.get(issue.id) == mark:
            return True
        if len(self._written) >= _MAX_KNOWN:
            self._written.clear()
        self._written[issue.id] = mark
        return False


def _counts(issue: IssueChange, more_users: int, change: int) -> tuple[object, ...]:
    """Return the values of `_COUNT_ISSUE`, in the order in which it has them."""
    return (issue.last_seen, issue.level, issue.events, more_users, issue.first_seen, issue.first_release,
            issue.first_seen, issue.last_seen, issue.last_release, issue.last_release, issue.last_seen, change,
            issue.id)  # fmt: skip
