"""Issues over time and what their events have in common: counted in full, bounded, kept over restarts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.databases import database_at

from errtally import names
from errtally.errors import StoreError
from errtally.exporter.config import Retention
from errtally.exporter.digest.apdex import Thresholds
from errtally.exporter.digest.fold import Fold
from errtally.exporter.journal.records import Batch, EventSeen, IssueSeen
from errtally.exporter.store import activity
from errtally.exporter.store.reading import StoreReader
from errtally.exporter.store.writing import StoreWriter

pytestmark = pytest.mark.usefixtures("any_database")

HOUR = 3600.0
START = 500_000 * HOUR


class Store:
    """A store in a folder of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.db = database_at(folder).writer()
        self.writer = StoreWriter(self.db, events_per_issue=5)
        self.state, _ = self.writer.load({})
        self.reader = StoreReader(database_at(folder))

    def take(self, *events, fingerprint="f1"):
        fold = Fold(self.state, Thresholds(()))
        fold.add(Batch("shop", START, [IssueSeen(fingerprint, "E", "t", "c")], list(events)))
        self.writer.apply(fold.changes, {})
        return self.reader.issue(fingerprint)["ids"]


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path)
    yield made
    made.db.close()


def event(at=START, *, user=None, tags=None, **more):
    values = {"environment": "prod", "level": "error", "release": "1.0", "transaction": "/buy", **more}
    return EventSeen(0, timestamp=at, event_id="", user=user, tags=tags or {}, **values)


def test_events_are_counted_in_the_hour_in_which_they_happened(store):
    ids = store.take(event(START), event(START + HOUR - 1), event(START + HOUR), event(START - 5 * HOUR))
    ids = store.take(event(START + HOUR))
    assert store.reader.hours(ids, 0) == {499_995: (1, 0), 500_000: (2, 0), 500_001: (2, 0)}
    assert store.reader.hours(ids, 500_001) == {500_001: (2, 0)}


def test_users_count_in_the_hour_in_which_they_were_new(store):
    ids = store.take(event(user=1), event(user=2), event(user=1))
    store.take(event(START + HOUR, user=2), event(START + HOUR, user=3))
    assert store.reader.hours(ids, 0) == {500_000: (3, 2), 500_001: (2, 1)}


def test_days_have_the_hours_that_are_no_days_yet(store):
    ids = store.take(event(START), event(START + 24 * HOUR))
    day = 500_000 // 24
    assert store.reader.days(ids, 0) == {day: (1, 0), day + 1: (1, 0)}


@pytest.mark.parametrize(
    ("hours_later", "expected"),
    [
        pytest.param(activity.HOURS_KEPT, {500_000: (2, 1), 500_030: (1, 0)}, id="hours of the last two weeks stay"),
        pytest.param(activity.HOURS_KEPT + 30, {500_030: (1, 0)}, id="older ones become days, whole days at once"),
        pytest.param(activity.HOURS_KEPT + 60, {}, id="all are older"),
    ],
)
def test_old_hours_become_days_and_nothing_is_lost(store, hours_later, expected):
    ids = store.take(event(START, user=1), event(START))
    store.take(event(START + 30 * HOUR))
    before = store.reader.days(ids, 0)
    for _ in range(2):
        store.writer.prune(START + hours_later * HOUR, Retention())
        assert store.reader.hours(ids, 0) == expected
        assert store.reader.days(ids, 0) == before


def test_days_of_more_than_a_year_ago_are_forgotten(store):
    ids = store.take(event(START))
    store.writer.prune(START + (activity.DAYS_KEPT + 2) * 24 * HOUR, Retention())
    assert store.reader.days(ids, 0) == {}


def test_own_tags_are_of_all_events_and_come_first(store):
    ids = store.take(
        event(tags={"browser": "Firefox", "release": "not the release"}),
        event(tags={"browser": "Chrome", "plan": "free"}),
        event(tags={"browser": "Chrome"}),
        event(release="", transaction="", level="fatal"),
    )
    assert store.reader.tags(ids) == {
        "environment": [("prod", 4)],
        "level": [("error", 3), ("fatal", 1)],
        "release": [("1.0", 3)],
        "transaction": [("/buy", 3)],
        "browser": [("Chrome", 2), ("Firefox", 1)],
        "plan": [("free", 1)],
    }
    assert list(store.reader.tags(ids)) == ["environment", "level", "release", "transaction", "browser", "plan"]


def test_values_beyond_the_limit_are_counted_together(store):
    for number in range(activity.MAX_VALUES + 5):
        ids = store.take(event(tags={"host": f"h{number:02}"}))
    found = dict(store.reader.tags(ids)["host"])
    assert len(found) == activity.MAX_VALUES + 1
    assert found[names.OTHER] == 5
    assert sum(found.values()) == activity.MAX_VALUES + 5


def test_tags_beyond_the_limit_are_not_counted(store):
    ids = store.take(event(tags={f"t{number:02}": "x" for number in range(50)}))
    assert len(store.reader.tags(ids)) == activity.MAX_TAGS + len(activity.OWN_TAGS)


def test_the_limits_hold_after_a_restart(store):
    ids = store.take(*(event(tags={"host": f"h{n}"}) for n in range(30)))
    store.writer = StoreWriter(store.db, events_per_issue=5)
    store.state, _ = store.writer.load({})
    store.take(event(tags={"host": "another"}))
    assert len(store.reader.tags(ids)["host"]) == activity.MAX_VALUES + 1


@pytest.mark.sqlite_alone  # by a trigger
def test_a_rolled_back_transaction_leaves_no_value_behind(store):
    ids = store.take(event())
    store.db.execute("CREATE TRIGGER t BEFORE INSERT ON positions BEGIN SELECT raise(ABORT, 'no'); END")
    fold = Fold(store.state, Thresholds(()))
    fold.add(Batch("shop", START, [IssueSeen("f1", "E", "t", "c")], [event(tags={"a": "b"})]))
    with pytest.raises(StoreError):
        store.writer.apply(fold.changes, {"segment": 1})
    store.db.execute("DROP TRIGGER t")
    store.writer.apply(fold.changes, {"segment": 1})
    assert store.reader.tags(ids)["a"] == [("b", 1)]
    assert store.reader.hours(ids, 0) == {500_000: (2, 0)}


@pytest.mark.sqlite_alone  # many stores
@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 60)), max_size=40))
def test_the_sum_over_time_is_the_number_of_events(tmp_path_factory, spread):
    store = Store(tmp_path_factory.mktemp("activity"))
    try:
        ids = []
        for hours_later, value in spread:
            ids = store.take(event(START + hours_later * HOUR, tags={"value": str(value)}))
        if not ids:
            return
        store.writer.prune(START + 400 * HOUR, Retention())
        assert sum(events for events, _ in store.reader.days(ids, 0).values()) == len(spread)
        assert sum(events for _, events in store.reader.tags(ids)["value"]) == len(spread)
    finally:
        store.db.close()
