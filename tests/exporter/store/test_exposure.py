"""Eviction through fold, store and exposition: what leaves comes back with its value, and nothing is lost meanwhile."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.exporter.databases import database_at

from errtally import names
from errtally.exporter.digest.apdex import Thresholds
from errtally.exporter.digest.budget import Budget
from errtally.exporter.digest.fold import Fold
from errtally.exporter.journal.records import (
    Batch,
    CheckInSeen,
    EventSeen,
    IssueSeen,
    MergeChange,
    RequestSeen,
    StatusChange,
)
from errtally.exporter.metrics.view import StoreView
from errtally.exporter.store.reading import StoreReader
from errtally.exporter.store.writing import StoreWriter

pytestmark = pytest.mark.usefixtures("any_database")

IDLE = 1000.0
LIMITS = {
    names.ISSUE_INFO.name: 2,
    names.EVENTS.name: 2,
    names.REQUEST_DURATION.name: 1,
    names.APDEX_THRESHOLD.name: 2,
    names.CHECK_INS.name: 1,
}
FAMILY = (
    names.ISSUE_EVENTS,
    names.ISSUE_INFO,
    names.ISSUE_FIRST_SEEN,
    names.ISSUE_LAST_SEEN,
    names.ISSUE_REGRESSED,
    names.ISSUE_USERS,
)


class Store:
    """A store with its writer and a view that has seen everything since the start."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "journal").mkdir()
        self.view = None
        self.start()
        self.view = StoreView(database_at(folder), folder, Budget({}))

    def start(self):
        """Start the writer anew."""
        self.db = database_at(self.folder).writer()
        self.store = StoreWriter(self.db, events_per_issue=5)
        self.state, _ = self.store.load(LIMITS, series_idle_seconds=IDLE)

    def restart(self):
        self.db.close()
        self.start()

    def fold(self, *records):
        made = Fold(self.state, Thresholds(()))
        for record in records:
            made.add(record)
        self.store.apply(made.changes, {})

    def series(self, view=None):
        text = (view or self.view).render(0.0, openmetrics=False).decode()
        return {
            (sample.name, tuple(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if not family.name.startswith("errtally_store_")  # what it takes, which a server knows later
        }

    def total(self, metric, *labels):
        return sum(
            value for (name, own), value in self.series().items() if name == metric.name and set(labels) <= set(own)
        )

    def issues(self):
        """Issues that each metric of the family shows."""
        return [
            {labels[2] for name, labels in self.series() if name == metric.name} - {names.OTHER} for metric in FAMILY
        ]


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path)
    yield made
    made.db.close()


def events(fingerprint, at, *, count=1, level="error", environment="prod", type_="T", user=None):
    seen = [IssueSeen(fingerprint, type_, f"title {fingerprint}", "culprit")]
    one = EventSeen(0, environment, level, at, "e" * 32, user=user)
    return Batch("p", at, issues=seen, events=[one] * count)


def request(transaction, at, duration=0.3):
    return Batch("p", at, requests=[RequestSeen("prod", transaction, "GET", "2xx", False, duration, at)])


def test_the_family_of_an_issue_leaves_and_comes_back_as_a_whole(store):
    store.fold(events("f1", 0.0, count=3, user=1), events("f1", 0.0, level="fatal"), events("f2", 10.0))
    store.fold(StatusChange("p", "f1", "resolved", 20.0), events("f1", 30.0))
    assert store.issues() == [{"f1", "f2"}] * 4 + [{"f1"}, {"f1", "f2"}]
    store.fold(events("f3", 1030.0))  # f2 is idle for longest
    assert store.issues() == [{"f1", "f3"}] * 4 + [{"f1"}, {"f1", "f3"}]
    store.fold(events("f2", 1031.0))
    assert store.issues() == [{"f2", "f3"}] * 4 + [set(), {"f2", "f3"}]
    assert store.series()[names.ISSUE_EVENTS.name, ("p", "prod", "f2", "error")] == 2
    store.fold(events("f1", 2031.0, user=2))
    assert store.issues() == [{"f1", "f2"}] * 4 + [{"f1"}, {"f1", "f2"}]
    series = store.series()
    assert series[names.ISSUE_EVENTS.name, ("p", "prod", "f1", "error")] == 5
    assert series[names.ISSUE_EVENTS.name, ("p", "prod", "f1", "fatal")] == 1
    assert series[names.ISSUE_USERS.name, ("p", "prod", "f1")] == 2
    assert series[names.ISSUE_FIRST_SEEN.name, ("p", "prod", "f1")] == 0.0
    assert store.series(StoreView(database_at(store.folder), store.folder, Budget({}))) == series


def test_what_left_is_told_and_adds_up(store):
    store.fold(events("f1", 0.0, count=3), events("f1", 0.0, level="fatal"), events("f2", 10.0))
    store.fold(events("f3", 2000.0, count=7), events("f4", 2000.0, count=11), events("f5", 2000.0, count=13))
    assert store.total(names.ISSUE_EVENTS) == 7 + 11 + 13
    assert store.series()[names.ISSUE_EVENTS.name, ("p", "prod", names.OTHER, "error")] == 13
    assert store.total(names.SERIES_EVICTED, names.ISSUE_INFO.name) == 2
    assert store.total(names.SERIES_EVICTED_VALUE, names.ISSUE_EVENTS.name) == 5
    assert store.total(names.SERIES_EVICTIONS, names.ISSUE_INFO.name) == 2
    assert store.total(names.SERIES, names.ISSUE_INFO.name) == 2
    assert store.total(names.SERIES_OVERFLOW, names.ISSUE_INFO.name) == 13
    store.fold(events("f1", 3000.0))
    assert store.total(names.SERIES_EVICTED, names.ISSUE_INFO.name) == 2
    assert store.total(names.SERIES_EVICTED_VALUE, names.ISSUE_EVENTS.name) == 1 + 7
    assert store.total(names.ISSUE_EVENTS) + 8 == 3 + 1 + 1 + 7 + 11 + 13 + 1


def test_an_issue_that_found_no_room_gets_series_when_there_is_some(store):
    store.fold(events("f1", 0.0), events("f2", 500.0), events("f3", 500.0, count=2))
    assert store.issues()[0] == {"f1", "f2"}
    store.fold(events("f3", 1000.0, count=4))
    assert store.issues() == [{"f2", "f3"}] * 4 + [set(), {"f2", "f3"}]
    series = store.series()
    assert series[names.ISSUE_EVENTS.name, ("p", "prod", "f3", "error")] == 4
    assert series[names.ISSUE_EVENTS.name, ("p", "prod", names.OTHER, "error")] == 2
    assert StoreReader(database_at(store.folder)).issue("f3")["events"] == 6


def test_after_a_restart_idle_is_what_was_idle_before(store):
    store.fold(events("f1", 0.0))
    store.fold(events("f2", 100.0))
    store.fold(events("f1", 900.0))
    store.restart()
    store.fold(events("f3", 1100.0))
    assert store.issues()[0] == {"f1", "f3"}
    store.restart()
    store.fold(events("f2", 1899.0))
    assert store.issues()[0] == {"f1", "f3"}
    store.restart()
    store.fold(events("f2", 1901.0))
    assert store.issues()[0] == {"f2", "f3"}
    series = store.series()
    assert series[names.ISSUE_EVENTS.name, ("p", "prod", "f2", "error")] == 2
    assert series[names.ISSUE_EVENTS.name, ("p", "prod", names.OTHER, "error")] == 1


def test_what_leaves_and_comes_back_within_one_fold_never_left(store):
    store.fold(events("f1", 0.0), events("f2", 0.0))
    store.fold(events("f3", 2000.0), events("f4", 2000.0), events("f1", 4000.0), events("f2", 4000.0))
    assert store.issues()[0] == {"f1", "f2"}
    series = store.series()
    assert series[names.ISSUE_EVENTS.name, ("p", "prod", "f1", "error")] == 2
    assert store.total(names.SERIES_EVICTED, names.ISSUE_INFO.name) == 2
    assert store.total(names.SERIES_EVICTED_VALUE, names.ISSUE_EVENTS.name) == 2
    assert store.total(names.ISSUE_EVENTS) == 4


def test_a_decision_is_no_idleness(store):
    store.fold(events("f1", 0.0), events("f2", 10.0))
    store.fold(StatusChange("p", "f1", "ignored", 500.0))
    store.restart()
    store.fold(events("f3", 1200.0))
    assert store.issues()[0] == {"f1", "f3"}


def test_a_histogram_leaves_with_all_its_parts(store):
    store.fold(request("/a", 0.0), request("/a", 0.0, 0.7), request("/b", 1.0))
    name = names.REQUEST_DURATION.name
    assert store.series()[f"{name}_count", ("p", "prod", "/a", "success")] == 2
    store.fold(request("/c", 2000.0))
    transactions = {labels[2] for sample, labels in store.series() if sample == f"{name}_bucket"}
    assert transactions == {"/c", names.OTHER}
    assert store.total(names.SERIES_EVICTED_VALUE, name) == 2
    store.fold(request("/a", 4000.0, 0.3))
    series = store.series()
    assert series[f"{name}_count", ("p", "prod", "/a", "success")] == 3
    assert series[f"{name}_sum", ("p", "prod", "/a", "success")] == pytest.approx(1.3)
    assert series[f"{name}_bucket", ("p", "prod", "/a", "success", "0.5")] == 2
    assert store.total(names.SERIES_EVICTED_VALUE, name) == 1


def test_thresholds_are_bounded_like_their_transactions(store):
    for number in range(5):
        store.fold(request(f"/{number}", 2000.0 * number))
    shown = {labels[2] for name, labels in store.series() if name == names.APDEX_THRESHOLD.name}
    assert shown == {"", "/4"}
    assert store.total(names.SERIES_EVICTED, names.APDEX_THRESHOLD.name) == 4
    assert not store.total(names.SERIES_EVICTED_VALUE, names.APDEX_THRESHOLD.name)


def test_a_monitor_that_reports_no_more_keeps_its_series(store):
    store.fold(Batch("p", 0.0, check_ins=[CheckInSeen("prod", "nightly", "ok", 0.0)]))
    store.fold(Batch("p", 90_000.0, check_ins=[CheckInSeen("prod", "hourly", "ok", 90_000.0)]))
    series = store.series()
    assert series[names.CHECK_IN_LAST_OK.name, ("p", "prod", "nightly")] == 0.0
    assert series[names.CHECK_INS.name, ("p", "prod", names.OTHER, "ok")] == 1


def test_an_issue_that_was_merged_gives_its_place_up_when_it_is_idle(store):
    store.fold(events("f1", 0.0, count=2), events("f2", 0.0), MergeChange("p", "f2", "f1", 10.0, "ann"))
    store.fold(events("f2", 900.0))
    assert store.series()[names.ISSUE_EVENTS.name, ("p", "prod", "f1", "error")] == 3
    store.fold(events("f3", 1200.0))
    assert store.issues()[0] == {"f1", "f3"}
    assert store.total(names.SERIES_EVICTED_VALUE, names.ISSUE_EVENTS.name) == 1


def test_environments_leave_one_by_one(store):
    store.fold(events("f1", 0.0, environment="stage"), events("f1", 500.0))
    store.fold(events("f2", 1100.0))
    assert {labels[1:3] for name, labels in store.series() if name == names.ISSUE_INFO.name} == {
        ("prod", "f1"),
        ("prod", "f2"),
    }
