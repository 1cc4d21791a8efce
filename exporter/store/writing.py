"""The write side of the store: loads the writer's state, applies a fold's changes in one transaction."""

from __future__ import annotations

import json
import time
from collections import ChainMap, defaultdict
from operator import itemgetter
from typing import TYPE_CHECKING

import msgspec

from errtally import names
from errtally.config.grouping import GroupingSettings
from errtally.errors import StoreError, StoreLostError
from errtally.exporter.digest.aliases import Aliases
from errtally.exporter.digest.buckets import SUM
from errtally.exporter.digest.budget import Budget
from errtally.exporter.digest.changes import Changes
from errtally.exporter.digest.held_requests import HeldRequest
from errtally.exporter.digest.issue_state import IssueState
from errtally.exporter.digest.seen import Seen
from errtally.exporter.digest.state import State
from errtally.exporter.store import (
    activity,
    alerts,
    deletion,
    exposure,
    jobs,
    lifecycle,
    rates,
    session_hours,
    session_users,
    words,
)
from errtally.exporter.store import gauges as client_gauges
from errtally.exporter.store.connection import ERRORS
from errtally.exporter.store.issues import IssueWriter
from errtally.exporter.store.merged import apply_alias, load_aliases
from errtally.exporter.store.meta import HELD_REQUESTS, MIGRATION, PUT_POSITION, REQUEST_BOUNDS
from errtally.exporter.store.retention import DAY_SECONDS, overdue
from errtally.exporter.store.seen_rows import SeenRows
from errtally.exporter.store.stream import StreamRing
from errtally.exporter.store.users import UserSets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from errtally.exporter.config import Retention
    from errtally.exporter.digest.buckets import SeriesKey
    from errtally.exporter.digest.changes import Exemplar
    from errtally.exporter.store.connection import Connection

APDEX_KEEP_SECONDS = 2 * names.APDEX_WINDOW_SECONDS

_UPDATES = {
    kind: f"UPDATE series SET value = {value}, exemplar = coalesce(?, exemplar), change = ?, touched = ? WHERE id = ?"  # noqa: S608
    for kind, value in (("+", "value + ?"), ("=", "?"), ("^", "max(value, ?)"))
}


class StoreWriter:
    """The only writer of the store.

    Args:
        connection: from `Database.writer`.
        events_per_issue: samples that an issue keeps.
    """

    def __init__(self, connection: Connection, *, events_per_issue: int) -> None:
        self._db = connection
        self.events_per_issue = events_per_issue
        self.users = UserSets(connection)
        self._series: dict[SeriesKey, int] = {}
        self._parts: defaultdict[str, set[str]] = defaultdict(set)
        self._next_series_id = 1
        self._seen = SeenRows(connection)
        self._issues = IssueWriter(connection, self.users)
        self._activity = activity.ActivityWriter(connection)
        self._change = 0
        self._stream = StreamRing(connection)

    @property
    def is_waiting(self) -> bool:
        """Whether pages wait for counts that another call of `apply` brings in, with or without changes."""
        return self._activity.is_waiting

    def load(
        self,
        limits: Mapping[str, int],
        grouping: GroupingSettings | None = None,
        series_idle_seconds: float = names.DEFAULT_SERIES_IDLE_SECONDS,
    ) -> tuple[State, dict[str, int]]:
        """Load what the fold needs to know, and the positions in the journal.

        Args:
            limits: configured limits of series by metric name.
            grouping: how issues are merged; None stands for the defaults.
            series_idle_seconds: how long a label set has to be idle before another may take its place.

        Raises:
            StoreError: the store can't be read.
        """
        try:
            return self._load(Budget(limits, series_idle_seconds), grouping or GroupingSettings())
        except ERRORS as exc:
            raise StoreError(f"the store can't be read: {exc}") from exc

    def _load(self, budget: Budget, grouping: GroupingSettings) -> tuple[State, dict[str, int]]:
        db, state = self._db, State(budget, aliases=Aliases(grouping))
        if db.execute("SELECT 1 FROM meta WHERE name = ?", (MIGRATION,)).fetchone() is not None:
            raise StoreError("a store is being moved here, and not all of it is there: run `errtally migrate` again")
        self._change = int(db.execute("SELECT value FROM meta WHERE name = 'change'").fetchone()[0])
        bounds = db.execute("SELECT value FROM meta WHERE name = ?", (REQUEST_BOUNDS,)).fetchone()
        if bounds is not None:
            state.request_buckets = state.request_buckets.with_bounds(json.loads(bounds[0]))
        held = db.execute("SELECT value FROM meta WHERE name = ?", (HELD_REQUESTS,)).fetchone()
        if held is not None:
            state.held_requests = msgspec.json.decode(held[0], type=list[HeldRequest])
        (last,) = db.execute("SELECT coalesce(max(id), 0) FROM series").fetchone()
        self._next_series_id = last + 1
        for id_, metric_name, text, part, touched, value in db.execute(
            "SELECT id, metric, labels, part, touched, value FROM series WHERE evicted = 0"
        ):
            labels = tuple(json.loads(text))
            self._series[metric_name, labels, part] = id_
            self._parts[metric_name].add(part)
            state.now = max(state.now, touched)
            metric = names.BY_NAME.get(metric_name)
            if metric is not None and metric.other_label:
                budget.remember(metric, labels, touched, 0.0 if metric.kind == "gauge" or part == SUM else value)
            if metric is not None and metric is names.NEW_ISSUES:
                state.environments.setdefault(labels[0], set()).add(labels[1])
            elif metric is names.ALERT_DURATION:
                state.severities.add(labels[1])
        alerts.load(db, state)
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
        for id_, environment, is_exposed, touched, events in db.execute(
            "SELECT issue, environment, is_exposed, touched, events FROM issue_environments"
        ):
            project, fingerprint, known = by_id[id_]
            known.environments[environment] = bool(is_exposed)
            if is_exposed:
                budget.remember(names.ISSUE_INFO, (project, environment, fingerprint), touched, events)
        (last_deleted,) = db.execute("SELECT coalesce(max(id), 0) FROM deleted_issues").fetchone()
        state.next_issue_id = max(state.next_issue_id, load_aliases(db, state.aliases) + 1, last_deleted + 1)
        client_gauges.load(db, state)
        lifecycle.load(db, state, by_id)
        state.seen = Seen(self._seen.load())
        self._stream.load()
        return state, dict(db.execute('SELECT segment, "offset" FROM positions'))

    def aliases(self, grouping: GroupingSettings) -> Aliases:
        """Load the aliases anew for changed settings; everything that was folded has to be applied.

        Raises:
            StoreError: the store can't be read.
        """
        aliases = Aliases(grouping)
        try:
            load_aliases(self._db, aliases)
        except ERRORS as exc:
            raise StoreError(f"the store can't be read: {exc}") from exc
        return aliases

    def _write_progress(
        self,
        changes: Changes,
        change: int,
        positions: Mapping[str, int],
        within: Callable[[Connection], None] | None,
    ) -> None:
        self._db.executemany(PUT_POSITION, positions.items())
        if within is not None:
            within(self._db)
        entries = [("change", str(change))]
        if changes.held is not None:
            entries.append((HELD_REQUESTS, msgspec.json.encode(changes.held).decode()))
        if changes.request_bounds:
            entries.append((REQUEST_BOUNDS, json.dumps(changes.request_bounds)))
        self._db.executemany(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", entries
        )

    def apply(
        self,
        changes: Changes,
        positions: Mapping[str, int],
        within: Callable[[Connection], None] | None = None,
    ) -> None:
        """Apply a fold's changes and the positions behind the records that made them: all or nothing.

        Args:
            changes: of one fold.
            positions: segments to the offsets up to which their frames are folded with these changes.
            within: what else belongs into the transaction.

        Raises:
            StoreError: the transaction failed and changed nothing; the same call may be made again.
            StoreLostError: it failed, and so will the next.
        """
        # What is made now can be seen from now on, however long ago the records came in.
        stored_at = time.time()
        noticed = dict.fromkeys(changes.noticed, stored_at)
        try:
            self._db.execute("BEGIN IMMEDIATE")
            change = self._change + 1
            if changes.deleted_issues:
                self._activity.apply((), {}, time.monotonic())  # so that nothing waits for an issue that is gone
            deletion.apply(self._db, changes, change)
            fresh, gauges = exposure.bring_back(self._db, changes.exposed, change, stored_at)
            self._write_series("+", gauges, changes, change, fresh)
            thinned = self._apply_issues(changes, change, stored_at)
            for alias in changes.aliases:
                apply_alias(self._db, alias, change, changes.at)
            exposure.expose_issues(self._db, changes.exposed, change)
            lifecycle.apply(self._db, changes)
            session_users.apply(self._db, changes.session_users)
            session_hours.apply(self._db, changes.session_hours)
            self._apply_requests(changes)
            alerts.apply(self._db, changes.alerts)
            client_gauges.apply(self._db, changes)
            rates.apply(self._db, changes, stored_at)
            seen_row = self._seen.add(changes.seen)
            streamed = self._stream.add(changes)
            self._write_series("+", changes.add, changes, change, fresh)
            affected = self.users.add_affected(changes.affected, changes.at)
            self._write_series("=", {**changes.put, **affected}, changes, change, fresh)
            self._write_series("^", {**changes.peak, **noticed}, changes, change, fresh)
            hidden, gauges = exposure.evict(
                self._db, changes.exposed, change, ids=ChainMap(fresh, self._series), parts=self._parts
            )
            if thinned:
                gauges[names.SAMPLES_DELETED.name, ("number",), ""] = thinned
            self._delete_samples(changes.deleted_samples, gauges)
            self._write_series("+", gauges, changes, change, fresh)
            self._write_progress(changes, change, positions, within)
            self._db.execute("COMMIT")
        except ERRORS as exc:
            self.users.forget()
            self._issues.forget()
            self._activity.forget()
            if not self._db.is_ours:
                raise StoreLostError(f"the store can't be written: {exc}") from exc
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise StoreError(f"the store can't be written: {exc}") from exc
        self._change = change
        self._stream.settle(streamed)
        self._series.update(fresh)
        for key in hidden:
            del self._series[key]
        if seen_row is not None:
            self._seen.rows.append(seen_row)

    def forget(self, segments: Sequence[str]) -> None:
        """Forget the positions of segments that are gone.

        Raises:
            StoreError: the store can't be written.
        """
        try:
            self._db.executemany("DELETE FROM positions WHERE segment = ?", [(name,) for name in segments])
        except ERRORS as exc:
            raise StoreError(f"the store can't be written: {exc}") from exc

    def _delete_samples(self, samples: Iterable[tuple[int, str]], gauges: dict[SeriesKey, float]) -> None:
        """Delete sample events, given with their reasons; what an issue is found by goes with the last of its own."""
        issues: set[int] = set()
        for id_, reason in samples:
            gone = self._db.execute("DELETE FROM samples WHERE id = ? RETURNING issue", (id_,)).fetchall()
            gauges[names.SAMPLES_DELETED.name, (reason,), ""] += len(gone)
            issues.update(issue for (issue,) in gone)
        words.forget_those_without_events(self._db, issues)

    def overdue(self, retention: Retention, now: float) -> Changes:
        """Find sample events that have to go, as many as one step may delete; apply the changes to delete them.

        Raises:
            StoreError: the store can't be read.
        """
        try:
            return Changes(deleted_samples=overdue(self._db, retention, now))
        except ERRORS as exc:
            raise StoreError(f"the store can't be read: {exc}") from exc

    def vacuum(self) -> bool:
        """Give some free pages back to the system; whether there are more that should go.

        Raises:
            StoreError: the store can't be written.
        """
        try:
            return self._db.vacuum()
        except ERRORS as exc:
            raise StoreError(f"the store can't be vacuumed: {exc}") from exc

    def slide(self, places: Iterable[tuple[str, str]], now: float) -> Changes:
        """Move the windows of affected users on; apply the changes to show it.

        Raises:
            StoreError: the store can't be read.
        """
        try:
            return Changes(put=self.users.slide(places, now))
        except ERRORS as exc:
            self.users.forget()
            raise StoreError(f"the store can't be read: {exc}") from exc

    def prune(self, now: float, retention: Retention) -> None:
        """Remove what no window reaches any more, and what events said that are not kept.

        Raises:
            StoreError: the store can't be written.
        """
        try:
            self._db.execute("DELETE FROM apdex_slots WHERE slot < ?", ((now - APDEX_KEEP_SECONDS) // 10,))
            alerts.prune(self._db, now)
            client_gauges.prune(self._db, now)
            session_users.prune(self._db, now)
            session_hours.prune(self._db, now)
            jobs.prune(self._db, now)
            activity.prune(self._db, now)
            self.users.prune(now)
            rates.prune(self._db, now)
            words.prune(self._db, now - retention.event_days * DAY_SECONDS)
            self._seen.prune()
        except ERRORS as exc:
            self.users.forget()
            raise StoreError(f"the store can't be written: {exc}") from exc

    def _write_series(
        self,
        kind: str,
        values: Mapping[SeriesKey, float],
        changes: Changes,
        change: int,
        fresh: dict[SeriesKey, int],
    ) -> None:
        """Add to series ("+"), set them ("=") or raise them ("^"); ids of new ones go to ``fresh``."""
        if not values:
            return
        known, exemplars, at, created = self._series, changes.exemplars, changes.at, time.time()
        inserts: list[tuple[int, str, str, str, float, str | None, int, float, float]] = []
        updates: list[tuple[float, str | None, int, float, int]] = []
        for key, value in values.items():
            exemplar = exemplars.get(key)
            text = _exemplar(exemplar) if exemplar is not None else None
            id_ = known.get(key)
            if id_ is None:
                id_ = fresh.get(key)
            if id_ is None:
                id_ = fresh[key] = self._next_series_id
                self._next_series_id += 1
                self._parts[key[0]].add(key[2])
                inserts.append((id_, key[0], json.dumps(key[1]), key[2], value, text, change, at, created))
            else:
                updates.append((value, text, change, at, id_))
        self._db.write_rows("INSERT INTO series VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, 0, 0)", inserts)
        updates.sort(key=itemgetter(-1))  # rows that lie together are written together
        self._db.write_rows(_UPDATES[kind], updates)

    def _apply_issues(self, changes: Changes, change: int, stored_at: float) -> int:
        """Write issues; return how many samples had to go."""
        issues = [changes.issues[number] for number in sorted(changes.issues)]
        new_users = self._issues.apply(issues, change, changes.at, stored_at)
        self._activity.apply(issues, new_users, time.monotonic())
        return self._issues.tell(issues, changes.at, self.events_per_issue)

    def _apply_requests(self, changes: Changes) -> None:
        self._db.executemany(
            """INSERT INTO apdex_slots VALUES (?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (project, environment, trans, slot) DO UPDATE SET
            satisfied = apdex_slots.satisfied + excluded.satisfied,
            tolerating = apdex_slots.tolerating + excluded.tolerating,
            frustrated = apdex_slots.frustrated + excluded.frustrated""",
            ((*key, *zones) for key, zones in changes.apdex.items()),
        )


def _exemplar(exemplar: Exemplar) -> str:
    return json.dumps([exemplar.labels, exemplar.value, exemplar.timestamp])
