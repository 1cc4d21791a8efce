"""The store: what was applied is there after a restart, all of it or nothing."""

from __future__ import annotations

import sqlite3

import pytest
from tests.exporter.databases import database_at

from errtally import names
from errtally.errors import StoreError
from errtally.exporter.config import Retention
from errtally.exporter.digest.apdex import Thresholds
from errtally.exporter.digest.changes import Changes, Exemplar, Sample
from errtally.exporter.digest.fold import Fold
from errtally.exporter.journal.records import AlertSeen, Batch, EventSeen, IssueSeen, RequestSeen, StatusChange
from errtally.exporter.store import seen_rows, sqlite
from errtally.exporter.store.reading import StoreReader
from errtally.exporter.store.writing import StoreWriter


def event(number=1, *, environment="prod", user=None, sample=b'{"message": "m"}', at=100.0, level="error", release=""):
    return EventSeen(0, environment, level, at, f"{number:032x}", True, user, release, "", "", sample)


def batch(*events, fingerprint="f1", **more):
    return Batch(
        "p",
        1.0,
        issues=[IssueSeen(fingerprint, "T", "title", "culprit", "pattern", ("why",), "python")],
        events=list(events),
        **more,
    )


def fold(state, *records):
    made = Fold(state, Thresholds(()))
    for record in records:
        made.add(record)
    return made.changes


def test_what_was_applied_is_loaded_again(open_store):
    store, state, positions = open_store()
    assert positions == {}
    records = [
        batch(
            event(1, user=7),
            event(2, environment="stage"),
            requests=[RequestSeen("prod", "/a", "GET", "2xx", False, 0.1, 1005.0)],
        ),
        StatusChange("p", "f1", "resolved", 200.0, "ann"),
        batch(event(3, at=300.0), fingerprint="f2"),
    ]
    store.apply(fold(state, *records), {"a.segment": 7, "b.segment": 9})
    _, again, positions = open_store()
    assert positions == {"a.segment": 7, "b.segment": 9}
    assert again.issues == state.issues
    assert again.environments == state.environments
    assert again.next_issue_id == state.next_issue_id == 3
    # A label that is never bounded, such as that of the whole service, is remembered just the same.
    assert again.budget.touched.keys() == state.budget.touched.keys()
    # The store has the fold's time, which is at least as late: nothing is taken for idle that is not.
    assert all(again.budget.touched[one] >= touched for one, touched in state.budget.touched.items())
    assert again.budget.sizes == state.budget.sizes
    assert (again.now, again.request_buckets.bounds) == (state.now, state.request_buckets.bounds)
    assert not fold(again, batch(event(1))).issues
    assert fold(again, batch(event(1), event(4))).add[names.DUPLICATES.name, ("p",), ""] == 1


def values(path):
    with sqlite.read_only(path) as db:
        rows = db.execute("SELECT metric, labels, part, value FROM series").fetchall()
    db.close()
    return {(row["metric"], row["labels"], row["part"]): row["value"] for row in rows}


def test_values_are_added_set_and_raised(open_store, path):
    store, _, _ = open_store()
    a, b, c = ((names.STORE_ERRORS.name, (), part) for part in ("add", "put", "peak"))
    for number in (3.0, 2.0):
        changes = Changes()
        changes.add[a] = changes.put[b] = changes.peak[c] = number
        store.apply(changes, {})
    assert [values(path)[key[0], "[]", key[2]] for key in (a, b, c)] == [5.0, 2.0, 3.0]


def test_an_exemplar_stays_until_the_next(open_store, path):
    store, state, _ = open_store()
    store.apply(fold(state, batch(event(1))), {})
    store.apply(fold(state, batch(event(2, sample=None))), {})
    db = sqlite3.connect(path)
    [text] = [row[0] for row in db.execute("SELECT exemplar FROM series WHERE exemplar IS NOT NULL")]
    db.close()
    assert f"{1:032x}" in text


def failing(connection_class, statement):
    class Failing(connection_class):
        def execute(self, sql, *rest):
            if sql.startswith(statement):
                raise sqlite3.OperationalError("database or disk is full")
            return super().execute(sql, *rest)

    return Failing


@pytest.mark.parametrize(
    "statement", ["BEGIN", "INSERT INTO issues", "INSERT INTO user_sets", "INSERT INTO seen", "UPDATE meta", "COMMIT"]
)
def test_an_apply_that_fails_changed_nothing_and_may_be_made_again(path, connections, statement):
    connections.append(sqlite.create(path))
    broken = sqlite3.connect(path, isolation_level=None, factory=failing(sqlite.SqliteConnection, statement))
    connections.append(broken)
    store = StoreWriter(connections[0], events_per_issue=50)
    state, _ = store.load({})
    changes = fold(state, batch(event(1), event(2, user=7)))
    store._db = store.users._db = broken
    with pytest.raises(StoreError, match="can't be written"):
        store.apply(changes, {"a.segment": 5})
    assert values(path) == {}
    store._db = store.users._db = connections[0]
    store.apply(changes, {"a.segment": 5})
    assert values(path)[names.DIGESTED_EVENTS.name, "[]", ""] if names.DIGESTED_EVENTS.name in values(path) else True
    assert values(path)[names.EVENTS.name, '["p", "prod", "error", "T"]', ""] == 2
    reader = StoreReader(database_at(path.parent))
    assert (reader.issue("f1")["events"], reader.issue("f1")["users"]) == (2, 1)


def test_of_many_samples_the_first_the_newest_and_some_between_stay(open_store, path):
    store, state, _ = open_store(events_per_issue=8)
    for start in range(0, 40, 4):
        store.apply(fold(state, batch(*(event(number) for number in range(start, start + 4)))), {})
    kept = [int(sample["event_id"], 16) for sample in StoreReader(database_at(path.parent)).issue("f1")["samples"]]
    assert kept == [39, 38, 37, 32, 16, 1, 0]


@pytest.mark.parametrize(("limit", "expected"), [(2, [9, 0]), (5, [9, 8, 4, 0]), (6, [9, 8, 4, 1, 0])])
def test_a_small_limit_of_samples_holds(open_store, path, limit, expected):
    store, state, _ = open_store(events_per_issue=limit)
    for number in range(10):
        store.apply(fold(state, batch(event(number))), {})
    assert [
        int(item["event_id"], 16) for item in StoreReader(database_at(path.parent)).issue("f1")["samples"]
    ] == expected


def test_users_are_counted_once_an_environment(open_store, path):
    store, state, _ = open_store()
    store.apply(fold(state, batch(event(1, user=7), event(2, user=7), event(3, user=8))), {})
    store.apply(fold(state, batch(event(4, user=7), event(5, user=-9), event(6, environment="stage", user=7))), {})
    found = StoreReader(database_at(path.parent)).issue("f1")
    assert {item["environment"]: item["users"] for item in found["environments"]} == {"prod": 3, "stage": 1}
    assert found["users"] == 4


def test_an_issue_keeps_its_first_and_takes_its_last(open_store, path):
    store, state, _ = open_store()
    store.apply(fold(state, batch(event(1, at=100.0, release="a"))), {})
    store.apply(
        fold(state, batch(event(2, at=50.0, release="old"), event(3, at=200.0, release="b", level="fatal"))), {}
    )
    store.apply(fold(state, StatusChange("p", "f1", "ignored", 250.0, "ann")), {})
    found = StoreReader(database_at(path.parent)).issue("f1")
    assert (found["first_seen"], found["last_seen"], found["events"]) == (50.0, 200.0, 3)
    assert (found["first_release"], found["last_release"], found["level"]) == ("old", "b", "fatal")
    assert (found["status"], found["why"]) == ("ignored", ["why"])
    assert found["history"] == [{"id": 1, "at": 250.0, "by": "ann", "what": "ignored", "details": {}}]


# Moments, releases and levels of one issue's events, the last of them on time; what has to be shown of it.
ARRIVALS = {
    "in order": ([(10.0, "1.3", "error"), (20.0, "1.4", "fatal")], (10.0, "1.3", 20.0, "1.4", "fatal")),
    "a late event of an older release": (
        [(20.0, "1.4", "fatal"), (10.0, "1.3", "warning")], (10.0, "1.3", 20.0, "1.4", "fatal")),
    "a late event between": (
        [(10.0, "1.3", "error"), (30.0, "1.5", "fatal"), (20.0, "1.4", "info")], (10.0, "1.3", 30.0, "1.5", "fatal")),
    "the first names no release": (
        [(20.0, "1.4", "error"), (10.0, "", "error")], (10.0, "", 20.0, "1.4", "error")),
    "the last names no release, a late one does": (
        [(20.0, "", "fatal"), (10.0, "1.3", "error")], (10.0, "1.3", 20.0, "1.3", "fatal")),
}  # fmt: skip


@pytest.mark.parametrize("way", ["one fold", "a fold each"])
@pytest.mark.parametrize("name", sorted(ARRIVALS))
def test_first_and_last_release_and_level_belong_to_the_first_and_last_event(open_store, path, name, way):
    sent, expected = ARRIVALS[name]
    store, state, _ = open_store()
    batches = [
        batch(event(number, at=at, release=release, level=level))
        for number, (at, release, level) in enumerate(sent, start=1)
    ]
    for folded in [batches] if way == "one fold" else [[one] for one in batches]:
        store.apply(fold(state, *folded), {})
    found = StoreReader(database_at(path.parent)).issue("f1")
    shown = [found[key] for key in ("first_seen", "first_release", "last_seen", "last_release", "level")]
    assert tuple(shown) == expected


def test_issues_are_listed_by_when_they_were_last_seen(open_store, path):
    store, state, _ = open_store()
    for number in range(4):
        store.apply(fold(state, batch(event(number, at=100.0 + number), fingerprint=f"f{number}")), {})
    store.apply(fold(state, StatusChange("p", "f3", "resolved", 250.0), StatusChange("p", "f0", "ignored", 250.0)), {})
    reader = StoreReader(database_at(path.parent))

    def listed(**options):
        return [issue["fingerprint"] for issue in reader.issues(**options)]

    assert listed() == ["f3", "f2", "f1", "f0"]
    assert listed(limit=2) == ["f3", "f2"]
    assert listed(status="open") == ["f2", "f1"]
    assert listed(status="resolved") == ["f3"]
    assert listed(project="other") == []
    assert listed(project="p", status="ignored") == ["f0"]
    assert listed(limit=0) == []


def test_what_is_not_there_is_none(open_store, path):
    store, state, _ = open_store()
    store.apply(fold(state, batch(event(1))), {})
    reader = StoreReader(database_at(path.parent))
    assert reader.issue("nothing") is None
    assert reader.issue("f1", "other") is None
    assert reader.issue("f1", "p") is not None
    assert reader.sample([1], "0" * 32) is None
    assert reader.sample([1], f"{1:032x}") == {"message": "m"}
    store.apply(fold(state, StatusChange("p", "f1", "ignored", 7.0, "ann")), {})
    assert reader.is_decided(1, 7.0)
    assert not reader.is_decided(1, 8.0)
    assert not reader.is_decided(99, 7.0)


def test_prune_removes_what_no_window_reaches(open_store, path, monkeypatch):
    monkeypatch.setattr(seen_rows, "CAPACITY", 2)
    store, state, _ = open_store()
    now = 1_000_000.0
    old_request, request = (RequestSeen("prod", "/a", "GET", "2xx", False, 0.1, at) for at in (now - 700, now - 100))
    alert = AlertSeen("a1", "HighErrorRate", "critical", 5.0, None, {"a": "b"}, "s")
    store.apply(fold(state, batch(event(1, user=7, at=now - 95_000), requests=[old_request], alerts=[alert])), {})
    for number in range(2, 8):
        store.apply(fold(state, batch(event(number, user=8, at=now - 50), requests=[request])), {})
    store.prune(now, Retention())
    db = sqlite3.connect(path)

    def count(table):
        return db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]

    assert count("apdex_slots") == 2
    assert count("user_sets WHERE span > 0") == 2
    assert count("user_set_members JOIN user_sets ON id = set_id WHERE subject LIKE 'affected %'") == 2
    assert count("seen") == 4
    assert count("alerts") == 1
    store.prune(10_000_000_000.0, Retention())
    assert (count("apdex_slots"), count("user_sets WHERE span > 0"), count("seen"), count("alerts")) == (0, 0, 4, 0)
    assert count("user_set_members") == 2
    db.close()
    _, again, _ = open_store()
    assert not fold(again, batch(event(7))).issues


def test_an_alert_is_kept_with_its_end(open_store, path):
    store, state, _ = open_store()
    store.apply(fold(state, batch(alerts=[AlertSeen("a1", "N", "critical", 5.0, None, {}, "")])), {})
    changes = fold(state, batch(alerts=[AlertSeen("a1", "N", "critical", 5.0, 65.0, {}, "")] * 2))
    assert changes.add[names.ALERT_DURATION.name, ("N", "critical"), "sum"] == 60.0
    store.apply(changes, {})
    store.apply(fold(state, batch(alerts=[AlertSeen("a1", "N", "critical", 5.0, None, {}, "")])), {})
    db = sqlite3.connect(path)
    assert db.execute("SELECT starts_at, ends_at FROM alerts").fetchall() == [(5.0, 65.0)]
    db.close()


def test_positions_of_segments_that_are_gone_are_forgotten(open_store):
    store, _, _ = open_store()
    store.apply(Changes(), {"a": 1, "b": 2})
    store.forget(["a"])
    assert open_store()[2] == {"b": 2}


def test_exemplars_and_samples_hold_what_they_were_given():
    assert Exemplar((("a", "b"),), 1.0, 2.0).labels == (("a", "b"),)
    assert Sample("e", "prod", 1.0, b"{}").page == b"{}"


def test_a_request_that_is_held_back_is_held_back_after_a_restart(open_store):
    store, state, _ = open_store()
    held = RequestSeen("prod", "/a", "GET", "2xx", False, 0.1, 1005.0, "t" * 32, is_unsure=True)
    store.apply(fold(state, batch(event(1), requests=[held])), {})
    _, again, _ = open_store()
    assert [one.request for one in again.held_requests] == [held]
