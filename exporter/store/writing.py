"""The write side of the store: loads the writer's state, applies a fold's changes in one transaction."""

from __future__ import annotations

import json
import sqlite3
import struct
import time
import zlib
from typing import TYPE_CHECKING

from errtally import names
from errtally.config.grouping import GroupingSettings
from errtally.errors import StoreError
from errtally.exporter.digest.aliases import Aliases
from errtally.exporter.digest.seen import CAPACITY, Seen
from errtally.exporter.digest.state import Budget, IssueState, State
from errtally.exporter.store import activity, lifecycle, rates, session_users
from errtally.exporter.store.merged import apply_alias, load_aliases

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from errtally.exporter.digest.changes import Changes, Exemplar, IssueChange, SeriesKey

APDEX_KEEP_SECONDS = 2 * names.APDEX_WINDOW_SECONDS
ACTIVITY_KEEP_SECONDS = max(names.USER_WINDOWS.values()) + 3600
ALERTS_KEEP_SECONDS = 7 * 86400
MAX_ALERTS = 5000
"""Alerts that are kept at most; beyond, those that ended go first, then those that were not told of for longest."""
FIRST_SAMPLES = 5
"""Of an issue's samples, the first ones stay for good; the newest take turns in the rest."""


class StoreWriter:
    """The only writer of the store.

    Args:
        connection: from `database.create`.
        events_per_issue: samples that an issue keeps.
    """

    def __init__(self, connection: sqlite3.Connection, *, events_per_issue: int) -> None:
        self._db = connection
        self.events_per_issue = events_per_issue
        self._series: dict[SeriesKey, int] = {}
        self._next_series_id = 1
        self._seen_rows: list[tuple[int, int]] = []
        self._activity = activity.ActivityWriter(connection)
        self._change = 0

    def load(self, limits: Mapping[str, int], grouping: GroupingSettings | None = None) -> tuple[State, dict[str, int]]:
        """Load what the fold needs to know, and the positions in the journal.

        Args:
            limits: configured limits of series by metric name.
            grouping: how issues are merged; None stands for the defaults.

        Raises:
            StoreError: the store can't be read.
        """
        try:
            return self._load(limits, grouping or GroupingSettings())
        except sqlite3.Error as exc:
            raise StoreError(f"the store can't be read: {exc}") from exc

    def _load(self, limits: Mapping[str, int], grouping: GroupingSettings) -> tuple[State, dict[str, int]]:
        db, state = self._db, State(Budget(limits), aliases=Aliases(grouping))
        self._change = int(db.execute("SELECT value FROM meta WHERE name = 'change'").fetchone()[0])
        for id_, metric_name, text, part in db.execute("SELECT id, metric, labels, part FROM series"):
            labels = tuple(json.loads(text))
            self._series[metric_name, labels, part] = id_
            self._next_series_id = max(self._next_series_id, id_ + 1)
            metric = names.BY_NAME.get(metric_name)
            if metric is not None and metric.other_label:
                state.budget.remember(metric, labels)
            if metric is not None and metric is names.NEW_ISSUES:
                state.environments.setdefault(labels[0], set()).add(labels[1])
            elif metric is names.ALERT_DURATION:
                state.severities.add(labels[1])
        for labels in db.execute("SELECT DISTINCT name, severity FROM alerts").fetchall():
            # One that fires has no series of the store, and takes from the budget all the same.
            state.severities.add(labels[1])
            state.budget.remember(names.ALERT_DURATION, labels)
        by_id: dict[int, tuple[str, str, IssueState]] = {}
        columns = "id, project, fingerprint, status, first_seen, resolved, regressed"
        is_decided = "EXISTS (SELECT 1 FROM history WHERE issue = issues.id AND by <> '')"
        for id_, project, fingerprint, status, first_seen, resolved, regressed, decided in db.execute(
            f"SELECT {columns}, {is_decided} FROM issues"  # noqa: S608 (constants)
        ):
            known = IssueState(id_, status, first_seen, resolved, regressed, is_decided=bool(decided))
            state.issues[project, fingerprint] = known
            by_id[id_] = (project, fingerprint, known)
            state.next_issue_id = max(state.next_issue_id, id_ + 1)
        for id_, environment, is_exposed in db.execute("SELECT issue, environment, is_exposed FROM issue_environments"):
            project, fingerprint, known = by_id[id_]
            known.environments[environment] = bool(is_exposed)
            if is_exposed:
                state.budget.remember(names.ISSUE_INFO, (project, environment, fingerprint))
        state.next_issue_id = max(state.next_issue_id, load_aliases(db, state.aliases) + 1)
        lifecycle.load(db, state, by_id)
        hashes: list[int] = []
        for id_, blob in db.execute("SELECT id, hashes FROM seen ORDER BY id"):
            row = struct.unpack(f"<{len(blob) // 8}Q", blob)
            self._seen_rows.append((id_, len(row)))
            hashes += row
        state.seen = Seen(hashes)
        return state, dict(db.execute("SELECT segment, offset FROM positions"))

    def aliases(self, grouping: GroupingSettings) -> Aliases:
        """Load the aliases anew for changed settings; everything that was folded has to be applied.

        Raises:
            StoreError: the store can't be read.
        """
        aliases = Aliases(grouping)
        try:
            load_aliases(self._db, aliases)
        except sqlite3.Error as exc:
            raise StoreError(f"the store can't be read: {exc}") from exc
        return aliases

    def apply(self, changes: Changes, positions: Mapping[str, int]) -> None:
        """Apply a fold's changes and the positions behind the records that made them: all or nothing.

        Raises:
            StoreError: the transaction failed and changed nothing; the same call may be made again.
        """
        new_series = {}
        try:
            self._db.execute("BEGIN IMMEDIATE")
            change = self._change + 1
            new_series = self._apply_series(changes, change)
            for issue in changes.issues.values():
                self._apply_issue(issue, change)
            for alias in changes.aliases:
                apply_alias(self._db, alias, change)
            lifecycle.apply(self._db, changes)
            session_users.apply(self._db, changes.session_users)
            self._apply_requests(changes)
            self._apply_alerts(changes)
            rates.apply(self._db, changes, time.time())
            seen_row = self._apply_seen(changes.seen)
            self._db.executemany(
                "INSERT INTO positions VALUES (?, ?) ON CONFLICT DO UPDATE SET offset = excluded.offset",
                positions.items(),
            )
            self._db.execute("UPDATE meta SET value = ? WHERE name = 'change'", (change,))
            self._db.execute("COMMIT")
        except sqlite3.Error as exc:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            self._activity.forget()
            raise StoreError(f"the store can't be written: {exc}") from exc
        self._change = change
        self._series.update(new_series)
        self._next_series_id += len(new_series)
        if seen_row is not None:
            self._seen_rows.append(seen_row)

    def forget(self, segments: Sequence[str]) -> None:
        """Forget the positions of segments that are gone.

        Raises:
            StoreError: the store can't be written.
        """
        try:
            self._db.executemany("DELETE FROM positions WHERE segment = ?", [(name,) for name in segments])
        except sqlite3.Error as exc:
            raise StoreError(f"the store can't be written: {exc}") from exc

    def prune(self, now: float) -> None:
        """Remove what no window reaches any more.

        Raises:
            StoreError: the store can't be written.
        """
        try:
            self._db.execute("DELETE FROM apdex_slots WHERE slot < ?", ((now - APDEX_KEEP_SECONDS) // 10,))
            # An Alertmanager that is gone never says that its alerts are resolved.
            self._db.execute("DELETE FROM alerts WHERE told < ?", (now - ALERTS_KEEP_SECONDS,))
            session_users.prune(self._db, now)
            activity.prune(self._db, now)
            rates.prune(self._db, now)
            self._db.execute("DELETE FROM user_activity WHERE last_seen < ?", (now - ACTIVITY_KEEP_SECONDS,))
            kept = sum(count for _, count in self._seen_rows)
            while self._seen_rows and kept - self._seen_rows[0][1] >= 2 * CAPACITY:
                row, count = self._seen_rows.pop(0)
                kept -= count
                self._db.execute("DELETE FROM seen WHERE id = ?", (row,))
        except sqlite3.Error as exc:
            raise StoreError(f"the store can't be written: {exc}") from exc

    def _apply_series(self, changes: Changes, change: int) -> dict[SeriesKey, int]:
        known, fresh = self._series, {}
        next_id = self._next_series_id
        inserts: list[tuple[int, str, str, str, float, str | None, int]] = []
        updates: dict[str, list[tuple[float, str | None, int, int]]] = {"+": [], "=": [], "^": []}
        for kind, values in (("+", changes.add), ("=", changes.put), ("^", changes.peak)):
            for key, value in values.items():
                exemplar = changes.exemplars.get(key)
                text = _exemplar(exemplar) if exemplar is not None else None
                id_ = known.get(key)
                if id_ is None:
                    fresh[key] = next_id
                    inserts.append((next_id, key[0], json.dumps(key[1]), key[2], value, text, change))
                    next_id += 1
                else:
                    updates[kind].append((value, text, change, id_))
        self._db.executemany("INSERT INTO series VALUES (?, ?, ?, ?, ?, ?, ?)", inserts)
        for kind, expression in (("+", "value + ?"), ("=", "?"), ("^", "max(value, ?)")):
            self._db.executemany(
                f"UPDATE series SET value = {expression}, exemplar = coalesce(?, exemplar), change = ? "  # noqa: S608
                "WHERE id = ?",
                updates[kind],
            )
        return fresh

    def _apply_issue(self, issue: IssueChange, change: int) -> None:
        db, seen = self._db, issue.seen
        if seen is not None:
            db.execute(
                """INSERT INTO issues VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (id) DO UPDATE SET title = excluded.title, culprit = excluded.culprit,
                  platform = excluded.platform, why = excluded.why, status = excluded.status, level = excluded.level,
                  events = events + excluded.events, first_seen = min(first_seen, excluded.first_seen),
                  last_release = CASE WHEN excluded.last_seen >= last_seen AND excluded.last_release <> ''
                    THEN excluded.last_release ELSE last_release END,
                  last_seen = max(last_seen, excluded.last_seen),
                  resolved = excluded.resolved, regressed = excluded.regressed, change = excluded.change""",
                (issue.id, issue.project, seen.fingerprint, seen.type, seen.title, seen.culprit, seen.pattern,
                 seen.scope, seen.platform, json.dumps(seen.why), issue.status, issue.level, issue.events,
                 issue.first_seen, issue.last_seen, issue.first_release, issue.last_release, issue.resolved,
                 issue.regressed, change),
            )  # fmt: skip
        else:
            db.execute(
                "UPDATE issues SET status = ?, resolved = ?, regressed = ?, change = ? WHERE id = ?",
                (issue.status, issue.resolved, issue.regressed, change, issue.id),
            )
            if issue.events:
                db.execute(
                    """UPDATE issues SET level = ?1, events = events + ?2, first_seen = min(first_seen, ?3),
                      last_release = CASE WHEN ?4 >= last_seen AND ?5 <> '' THEN ?5 ELSE last_release END,
                      last_seen = max(last_seen, ?4) WHERE id = ?6""",
                    (issue.level, issue.events, issue.first_seen, issue.last_seen, issue.last_release, issue.id),
                )
        # The series of the issue show its status, title and culprit in every environment.
        db.execute("UPDATE issue_environments SET change = ? WHERE issue = ?", (change, issue.id))
        all_new_users = 0
        for environment, here in issue.environments.items():
            new_users = self._add_users(issue.id, environment, here.users)
            all_new_users += new_users
            db.execute(
                """INSERT INTO issue_environments VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (issue, environment) DO UPDATE SET events = events + excluded.events,
                  users = users + excluded.users, first_seen = min(first_seen, excluded.first_seen),
                  last_seen = max(last_seen, excluded.last_seen), change = excluded.change""",
                (
                    issue.id,
                    environment,
                    here.events,
                    new_users,
                    here.first_seen,
                    here.last_seen,
                    here.is_exposed,
                    change,
                ),
            )
        self._activity.apply(issue, all_new_users)
        if issue.samples:
            db.executemany(
                "INSERT INTO samples (issue, event_id, environment, happened, page) VALUES (?, ?, ?, ?, ?)",
                [(issue.id, s.event_id, s.environment, s.timestamp, zlib.compress(s.page, 1)) for s in issue.samples],
            )
            db.execute(
                """DELETE FROM samples WHERE issue = ?1
                  AND id NOT IN (SELECT id FROM samples WHERE issue = ?1 ORDER BY id LIMIT ?2)
                  AND id NOT IN (SELECT id FROM samples WHERE issue = ?1 ORDER BY id DESC LIMIT ?3)""",
                (issue.id, min(FIRST_SAMPLES, self.events_per_issue - 1),
                 max(self.events_per_issue - FIRST_SAMPLES, 1)),
            )  # fmt: skip
        db.executemany(
            "INSERT INTO history (issue, at, by, what, details) VALUES (?, ?, ?, ?, ?)",
            [(issue.id, one.at, one.by, one.what, json.dumps(one.details)) for one in issue.decisions],
        )

    def _add_users(self, issue_id: int, environment: str, users: set[int]) -> int:
        before = self._db.total_changes
        self._db.executemany(
            "INSERT OR IGNORE INTO issue_users VALUES (?, ?, ?)", [(issue_id, environment, user) for user in users]
        )
        return self._db.total_changes - before

    def _apply_requests(self, changes: Changes) -> None:
        self._db.executemany(
            """INSERT INTO apdex_slots VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
            satisfied = satisfied + excluded.satisfied, tolerating = tolerating + excluded.tolerating,
            frustrated = frustrated + excluded.frustrated""",
            ((*key, *zones) for key, zones in changes.apdex.items()),
        )
        self._db.executemany(
            """INSERT INTO user_activity VALUES (?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET last_seen = max(last_seen, excluded.last_seen)""",
            ((*key, last_seen) for key, last_seen in changes.activity.items()),
        )

    def _apply_alerts(self, changes: Changes) -> None:
        now = time.time()
        self._db.executemany(
            """INSERT INTO alerts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
            ends_at = coalesce(excluded.ends_at, ends_at), told = excluded.told, summary = excluded.summary,
            links = excluded.links""",
            [
                (
                    a.fingerprint,
                    a.starts_at,
                    a.ends_at,
                    now,
                    a.name,
                    a.severity,
                    json.dumps(a.labels),
                    a.summary,
                    json.dumps(a.links),
                )
                for a in changes.alerts
            ],
        )
        if changes.alerts:
            (count,) = self._db.execute("SELECT count(*) FROM alerts").fetchone()
            if count > MAX_ALERTS:
                self._db.execute(
                    """DELETE FROM alerts WHERE (fingerprint, starts_at) IN (
                    SELECT fingerprint, starts_at FROM alerts ORDER BY ends_at IS NULL, told LIMIT ?)""",
                    (count - MAX_ALERTS,),
                )

    def _apply_seen(self, hashes: Sequence[int]) -> tuple[int, int] | None:
        if not hashes:
            return None
        cursor = self._db.execute("INSERT INTO seen (hashes) VALUES (?)", (struct.pack(f"<{len(hashes)}Q", *hashes),))
        return int(cursor.lastrowid or 0), len(hashes)


def _exemplar(exemplar: Exemplar) -> str:
    return json.dumps([exemplar.labels, exemplar.value, exemplar.timestamp])
