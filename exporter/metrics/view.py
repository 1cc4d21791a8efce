"""A worker's view of the store: reads what changed since the last scrape, in one snapshot, and keeps lines of it."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from errtally import names
from errtally.errors import StoreError
from errtally.exporter.digest import apdex
from errtally.exporter.digest.changes import Exemplar
from errtally.exporter.installation import JOURNAL_DIRECTORY
from errtally.exporter.journal.reader import Lag
from errtally.exporter.metrics.family import Family, HistogramFamily
from errtally.exporter.store import deletion, gauges, lifecycle, session_users
from errtally.exporter.store.connection import ERRORS
from errtally.exporter.store.meta import REQUEST_BOUNDS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from errtally.exporter.digest.budget import Budget
    from errtally.exporter.journal.backlog import Backlog
    from errtally.exporter.store.connection import Connection, Database
    from errtally.names import Metric

_ISSUE_ROWS = """
SELECT e.environment, e.users, e.first_seen, e.last_seen, e.noticed, i.project, i.fingerprint, i.type, i.title,
  i.culprit, i.status, i.first_release, i.regressed, e.is_exposed, EXISTS (SELECT 1 FROM aliases a
    WHERE a.project = i.project AND a.fingerprint = i.fingerprint AND a.undone_at IS NULL) AS is_merged
FROM issue_environments e JOIN issues i ON i.id = e.issue WHERE e.change > ?
"""
_OF_AN_ISSUE = (
    names.ISSUE_INFO,
    names.ISSUE_FIRST_SEEN,
    names.ISSUE_NOTICED,
    names.ISSUE_LAST_SEEN,
    names.ISSUE_USERS,
    names.ISSUE_REGRESSED,
)
"""The gauges of an issue; all but the first have its base labels alone."""

_label_values = msgspec.json.Decoder(tuple[str, ...])
_USERS_CACHE_SECONDS = 5.0
_USERS_CACHE_FACTOR = 20
"""Counting users of sessions grows with the store: its result holds for 20 times as long as it took."""
MAX_TITLE_LABEL = 120
_TRIES = 3
"""Snapshots that are taken until one tells how far each segment is folded; the first nearly always does."""
SCRAPES_OF_FIRST_VALUE = 2
"""For so many scrapes' time a series that alerts reckon with is shown at 0 before its first value, and one that comes
back after it was evicted with the value that it had: who scraped it then sees what it grew by."""

_Place = tuple[str, tuple[str, ...], str]
"""Metric, labels and part of a series."""


class _Shown(NamedTuple):
    """What is shown of an issue in an environment and seldom changes: the labels of its info, times and users."""

    labels: tuple[str, ...]
    first_seen: float
    noticed: float
    users: int
    regressed: float | None


class StoreView:
    """Families of all metrics that live in the store. One thread at a time; others wait for the same scrape.

    Args:
        database: where the store is.
        data_dir: where the journal lies.
        budget: limits of series.
        scrape_interval_seconds: how often each Prometheus looks; 0 shows every series with its value at once.

    Attributes:
        lag: measures what waits in the journal.
    """

    def __init__(
        self, database: Database, data_dir: Path, budget: Budget, *, scrape_interval_seconds: float = 0.0
    ) -> None:
        self._database = database
        self.lag = Lag(data_dir / JOURNAL_DIRECTORY)
        self._budget = budget
        self._lock = threading.Lock()
        self._db: Connection | None = None
        self._change = -1
        self._first_seconds = SCRAPES_OF_FIRST_VALUE * scrape_interval_seconds
        self._held: dict[_Place, tuple[float, float, Exemplar | None]] = {}
        self._histogram_births: dict[tuple[str, tuple[str, ...]], float] = {}
        self._users_until = float("-inf")
        self._gauge_series: dict[tuple[str, str], int] = {}
        self._issues: dict[tuple[str, str, str], _Shown] = {}
        self._families: dict[str, Family | HistogramFamily] = {
            metric.name: (HistogramFamily if metric.kind == "histogram" else Family)(metric)
            for metric in names.CATALOGUE
        }

    def render(self, now: float, *, openmetrics: bool) -> bytes:
        """Bring the view up to date and render it, without the end mark of OpenMetrics.

        Raises:
            StoreError: the store can't be read.
        """
        with self._lock:
            self._bring_up_to_date(now)
            return b"".join([family.render(openmetrics=openmetrics) for family in self._families.values()])

    def render_protobuf(self, now: float) -> bytes:
        """Bring the view up to date and render it as messages of Prometheus' protobuf format.

        Raises:
            StoreError: the store can't be read.
        """
        with self._lock:
            self._bring_up_to_date(now)
            return b"".join([family.render_protobuf() for family in self._families.values()])

    def _bring_up_to_date(self, now: float) -> None:
        for _ in range(_TRIES):
            with self.lag as lag:
                try:
                    positions, elsewhere = self._refresh(now)
                except ERRORS as exc:
                    if self._db is not None:
                        self._db.close()
                        self._db = None
                    raise StoreError(f"the store can't be read: {exc}") from exc
                is_sure = lag.is_sure(positions)
                backlog = lag.measure(positions).beside(elsewhere)
            if is_sure:
                break
        self._show_journal(backlog, now)

    def _refresh(self, now: float) -> tuple[Mapping[str, int], Backlog]:
        """Read what changed, all in one snapshot; return the journal's positions with it, and what else waits."""
        if self._db is None:
            self._db = self._database.reader()
        db = self._db
        db.execute("BEGIN")
        try:
            meta = dict(db.execute("SELECT name, value FROM meta").fetchall())
            change = int(meta["change"])
            if change != self._change:
                if (bounds := meta.get(REQUEST_BOUNDS)) is not None:
                    for metric in (names.REQUEST_DURATION, names.SERVICE_REQUEST_DURATION):
                        durations = self._families[metric.name]
                        assert isinstance(durations, HistogramFamily)
                        durations.extend(json.loads(bounds))
                self._read_series(now)
                self._read_issues()
                self._read_monitors()
                self._change = change
            self._show_grown_up(now)
            self._read_alerts()
            self._read_apdex(now)
            self._read_client_gauges(now)
            if time.monotonic() >= self._users_until:
                started = time.monotonic()
                self._read_session_users(now)
                ended = time.monotonic()
                self._users_until = ended + min((ended - started) * _USERS_CACHE_FACTOR, _USERS_CACHE_SECONDS)
            used_bytes, size = db.used_bytes(), db.size_bytes()
            positions = self._database.positions(db)
            elsewhere = self._database.waiting(db)
        finally:
            db.execute("COMMIT")
        self._family(names.STORE_CREATED).put((), float(meta["created"]))
        self._family(names.STORE_USED).put((), used_bytes)
        self._family(names.STORE_SIZE).put((), size)
        return positions, elsewhere

    def _read_series(self, now: float) -> None:
        assert self._db is not None
        families = self._families
        # What was evicted before the first scrape has never been here; it is the one part that only grows. Afterwards
        # the order is the index's, or the few rows that changed would be found by reading all.
        is_first = self._change < 0
        which = "evicted = 0 ORDER BY id" if is_first else "change > ? ORDER BY change, id"
        rows = self._db.execute(
            f"""SELECT metric, labels, part, value, exemplar, evicted, created, returned, returned_value FROM series
            WHERE {which}""",  # noqa: S608 (constants)
            () if is_first else (self._change,),
        )
        decode = _label_values.decode
        for row in map(tuple, rows):
            metric, text, part, value, exemplar_json, evicted, created, returned, returned_value = row
            family = families.get(metric)
            if family is None:  # written by a newer exporter
                continue
            labels = decode(text)
            if len(labels) != len(family.metric.labels):  # written by an exporter whose metric had other labels
                continue
            if evicted:
                family.drop(labels)
                self._held.pop((metric, labels, part), None)
                continue
            exemplar = None
            if exemplar_json is not None:
                pairs, worth, timestamp = json.loads(exemplar_json)
                exemplar = Exemplar(tuple((name, value_) for name, value_ in pairs), worth, timestamp)
            until, first = self._first_value(family, labels, created, returned, returned_value)
            if now < until:
                self._held[metric, labels, part] = (until, value, exemplar)
                _put(family, labels, part, first, None, created)
            else:
                if self._held:
                    self._held.pop((metric, labels, part), None)
                _put(family, labels, part, value, exemplar, created)

    def _first_value(
        self,
        family: Family | HistogramFamily,
        labels: tuple[str, ...],
        created: float,
        returned: float,
        returned_value: float,
    ) -> tuple[float, float]:
        """Return until when a series is shown with its first value, and that value."""
        if not self._first_seconds:
            return float("-inf"), 0.0
        if returned:
            return returned + self._first_seconds, returned_value
        if not family.metric.starts_at_zero:
            return float("-inf"), 0.0
        if isinstance(family, HistogramFamily):  # all its buckets are there with its first part
            created = self._histogram_births.setdefault((family.metric.name, labels), created)
        return created + self._first_seconds, 0.0

    def _show_grown_up(self, now: float) -> None:
        """Show the values of series whose first values were seen for long enough."""
        for place in [place for place, (until, _, _) in self._held.items() if until <= now]:
            _, value, exemplar = self._held.pop(place)
            metric, labels, part = place
            _put(self._families[metric], labels, part, value, exemplar)

    def _read_issues(self) -> None:
        assert self._db is not None
        info, first_seen_in, noticed_in, last_seen_in, users_in, regressed_in = map(self._family, _OF_AN_ISSUE)
        if self._issues and (deleted := deletion.since(self._db, self._change)):
            for key in [key for key in self._issues if (key[0], key[2]) in deleted]:
                self._drop_issue(key)
        for (
            environment, users, first_seen, last_seen, noticed, project, fingerprint, type_, title, culprit, status,
            first_release, regressed, is_exposed, is_merged,
        ) in map(tuple, self._db.execute(_ISSUE_ROWS, (self._change,))):  # fmt: skip
            key = (project, environment, fingerprint)
            if is_merged or not is_exposed:
                self._drop_issue(key)
                continue
            labels = (*key, type_, title[:MAX_TITLE_LABEL], culprit[:MAX_TITLE_LABEL], status, first_release or "")
            last_seen_in.put(key, last_seen)
            shown = _Shown(labels, first_seen, noticed or first_seen, users, regressed)
            old = self._issues.get(key)
            if old == shown:  # an event came of an issue that is known: that is what most changes are
                continue
            self._issues[key] = shown
            if old is None or old.labels != labels:
                if old is not None:
                    info.drop(old.labels)
                info.put(labels, 1)
            first_seen_in.put(key, shown.first_seen)
            noticed_in.put(key, shown.noticed)
            users_in.put(key, users)
            if regressed is not None:
                regressed_in.put(key, regressed)

    def _drop_issue(self, key: tuple[str, str, str]) -> None:
        """Remove the gauges of what is no issue of its own any more, whose counter stays, or gave its place up."""
        if (shown := self._issues.pop(key, None)) is not None:
            self._family(names.ISSUE_INFO).drop(shown.labels)
        for metric in _OF_AN_ISSUE[1:]:
            self._family(metric).drop(key)

    def _read_alerts(self) -> None:
        assert self._db is not None
        self._family(names.ALERTS).clear()  # one that was not told of for a week is removed without a change
        for name, severity, firing in self._db.execute(
            "SELECT name, severity, count(*) FILTER (WHERE ends_at IS NULL) FROM alerts GROUP BY name, severity"
        ):
            self._family(names.ALERTS).put((name, severity), firing)

    def _read_client_gauges(self, now: float) -> None:
        """Show what processes have renewed lately; what expires does so without a change of the store."""
        assert self._db is not None
        found = gauges.read(self._db, now)
        if not found and not self._gauge_series:
            return
        series = dict.fromkeys(self._gauge_series, 0)
        for metric in names.PUSHED.values():
            if metric.kind == "gauge":
                self._family(metric).clear()
        for metric_name, labels, value in found:
            family = self._families.get(metric_name)
            if isinstance(family, Family) and len(labels) == len(family.metric.labels):
                family.put(labels, value)
                if labels[-1] != names.OTHER:
                    series[labels[0], metric_name] = series.get((labels[0], metric_name), 0) + 1
        self._gauge_series = series
        for labels, count in series.items():
            self._family(names.SERIES).put(labels, count)

    def _read_monitors(self) -> None:
        assert self._db is not None
        expected, deadline = self._family(names.CHECK_IN_NEXT_EXPECTED), self._family(names.CHECK_IN_DEADLINE)
        expected.clear()  # a job that no longer exists has no row any more
        deadline.clear()
        for job, next_expected, due in lifecycle.planned(self._db):
            expected.put(job, next_expected)
            deadline.put(job, due)

    def _read_session_users(self, now: float) -> None:
        assert self._db is not None
        users, crashed = self._family(names.SESSION_USERS), self._family(names.CRASHED_SESSION_USERS)
        users.clear()  # a release that nobody uses any more has no share of users
        crashed.clear()
        for labels, all_users, crashed_users in session_users.counts(self._db, now):
            users.put(labels, all_users)
            crashed.put(labels, crashed_users)

    def _read_apdex(self, now: float) -> None:
        assert self._db is not None
        family = self._family(names.APDEX_SCORE)
        family.clear()  # a transaction without requests has no score
        rows = self._db.execute(
            """SELECT project, environment, trans, sum(satisfied), sum(tolerating), sum(frustrated) FROM apdex_slots
            WHERE slot > ? GROUP BY project, environment, trans""",
            ((now - names.APDEX_WINDOW_SECONDS) // apdex.SLOT_SECONDS,),
        )
        for project, environment, transaction, satisfied, tolerating, frustrated in rows:
            score = apdex.score(satisfied, tolerating, frustrated)
            if score is not None:
                family.put((project, environment, transaction), score)

    def _show_journal(self, backlog: Backlog, now: float) -> None:
        since = now if backlog.oldest is None else backlog.oldest
        self._family(names.JOURNAL_LAG_EVENTS).put((), backlog.events)
        self._family(names.JOURNAL_LAG_SECONDS).put((), max(now - since, 0.0))
        self._family(names.JOURNAL_SIZE).put((), backlog.size)
        for metric in names.CATALOGUE:
            if metric.series_limit:
                self._family(names.SERIES_LIMIT).put((metric.name,), self._budget.limit(metric))

    def _family(self, metric: Metric) -> Family:
        family = self._families[metric.name]
        assert isinstance(family, Family)
        return family


def _put(
    family: Family | HistogramFamily,
    labels: tuple[str, ...],
    part: str,
    value: float,
    exemplar: Exemplar | None,
    created: float = 0.0,
) -> None:
    if isinstance(family, HistogramFamily):
        family.put(labels, part, value, exemplar, created)
    else:
        family.put(labels, value, exemplar, created)
