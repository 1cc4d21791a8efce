"""Counts of pages in a storm: they wait for the sum of many folds, and none is lost or counted twice."""

from __future__ import annotations

import pytest
from tests.exporter.databases import database_at

from errtally.errors import StoreError
from errtally.exporter.digest.apdex import Thresholds
from errtally.exporter.digest.changes import Changes
from errtally.exporter.digest.fold import Fold
from errtally.exporter.journal.records import Batch, DeletionChange, EventSeen, IssueSeen
from errtally.exporter.store import activity
from errtally.exporter.store.reading import StoreReader
from errtally.exporter.store.writing import StoreWriter

pytestmark = pytest.mark.usefixtures("any_database")

HOUR = 3600.0
START = 500_000 * HOUR
MANY = activity.FEW_ISSUES + 10


class Storm:
    """A store that folds events of many issues without a pause."""

    def __init__(self, folder):
        self.folder = folder
        self.db = None
        self.open()

    def open(self):
        """Begin anew, as after the death of the writer."""
        if self.db is not None:
            self.db.close()
        self.db = database_at(self.folder).writer()
        self.writer = StoreWriter(self.db, events_per_issue=5)
        self.state, _ = self.writer.load({})
        self.reader = StoreReader(database_at(self.folder))

    def fold(self, at=START, *, user=None, tags=None):
        """Fold one event of each issue."""
        fold = Fold(self.state, Thresholds(()))
        for number in range(MANY):
            event = EventSeen(0, "prod", "error", at, "", user=user, release="1.0", tags=tags or {})
            fold.add(Batch("shop", START, [IssueSeen(f"f{number}", "E", "t", "c")], [event]))
        self.writer.apply(fold.changes, {})

    def shown(self):
        """What pages show of the first issue and of the last: events and new users by hour, and its tags."""
        found = []
        for fingerprint in ("f0", f"f{MANY - 1}"):
            ids = self.reader.issue(fingerprint)["ids"]
            found.append((self.reader.hours(ids, 0), self.reader.tags(ids)))
        assert found[0] == found[1]
        return found[0]


@pytest.fixture
def storm(tmp_path):
    made = Storm(tmp_path)
    yield made
    made.db.close()


def tags(events, **more):
    return {
        name: [(value, events)] for name, value in {"environment": "prod", "level": "error", "release": "1.0"}.items()
    } | {name: [value] for name, value in more.items()}


def test_the_first_fold_of_a_storm_is_shown_at_once(storm):
    storm.fold()
    assert storm.shown() == ({500_000: (1, 0)}, tags(1))
    assert not storm.writer.is_waiting


def test_what_follows_waits_and_the_pause_brings_it_in(storm):
    storm.fold(user=1)
    storm.fold(user=2, tags={"host": "a"})
    storm.fold(START + HOUR, user=3)
    assert storm.shown() == ({500_000: (1, 1)}, tags(1))
    assert storm.reader.issue("f0")["events"] == 3  # only charts and shares wait
    assert storm.writer.is_waiting
    storm.writer.apply(Changes(), {})
    assert storm.shown() == ({500_000: (2, 2), 500_001: (1, 1)}, tags(3, host=("a", 1)))
    assert not storm.writer.is_waiting


def test_without_a_pause_it_is_brought_in_when_it_is_old(storm, monkeypatch):
    storm.fold()
    monkeypatch.setattr(activity, "LATEST_SECONDS", 0.0)
    storm.fold()
    assert storm.shown() == ({500_000: (2, 0)}, tags(2))


def test_no_more_issues_wait_than_memory_is_for(storm, monkeypatch):
    storm.fold()
    monkeypatch.setattr(activity, "MAX_WAITING", MANY)
    storm.fold()
    assert storm.writer.is_waiting
    storm.fold()
    assert storm.shown() == ({500_000: (3, 0)}, tags(3))


def test_what_waits_outlives_the_writer(storm):
    storm.fold(user=1)
    storm.fold(user=2, tags={"host": "a"})
    storm.fold(START + HOUR, tags={"host": "a"})
    storm.open()
    storm.fold(START + HOUR, tags={"host": "b"})
    hours, shares = storm.shown()
    assert hours == {500_000: (2, 2), 500_001: (2, 0)}
    assert (shares["level"], sorted(shares["host"])) == ([("error", 4)], [("a", 2), ("b", 1)])


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param("positions", id="the fold that waits"),
        pytest.param("issue_tags", id="the fold that brings in"),
    ],
)
def test_a_transaction_that_fails_counts_nothing_and_loses_nothing(storm, broken, monkeypatch):
    storm.fold()
    storm.fold()
    if broken == "issue_tags":
        monkeypatch.setattr(activity, "LATEST_SECONDS", 0.0)
    storm.db.execute(f"ALTER TABLE {broken} RENAME TO gone")
    fold = Fold(storm.state, Thresholds(()))
    fold.add(Batch("shop", START, [IssueSeen("f0", "E", "t", "c")], [EventSeen(0, "prod", "error", START, "")]))
    with pytest.raises(StoreError):
        storm.writer.apply(fold.changes, {"segment": 1})
    storm.db.execute(f"ALTER TABLE gone RENAME TO {broken}")
    storm.writer.apply(Changes(), {})
    assert storm.shown() == ({500_000: (2, 0)}, tags(2))


def test_few_issues_never_wait(storm):
    for number in range(3):
        fold = Fold(storm.state, Thresholds(()))
        fold.add(Batch("shop", START, [IssueSeen("f0", "E", "t", "c")], [EventSeen(0, "prod", "error", START, "")]))
        storm.writer.apply(fold.changes, {})
        assert storm.reader.hours(storm.reader.issue("f0")["ids"], 0) == {500_000: (number + 1, 0)}


def test_nothing_waits_for_an_issue_that_is_deleted(storm):
    storm.fold()
    storm.fold()
    fold = Fold(storm.state, Thresholds(()))
    fold.add(DeletionChange("shop", "f1", START, "anna"))
    storm.writer.apply(fold.changes, {})
    storm.fold()
    storm.writer.apply(Changes(), {})
    assert storm.shown() == ({500_000: (3, 0)}, tags(3))
    assert storm.reader.hours(storm.reader.issue("f1")["ids"], 0) == {500_000: (1, 0)}  # it appeared again
