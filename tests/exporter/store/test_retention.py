"""Retention: which sample events go, why, and that counting goes on meanwhile."""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from dataclasses import replace

import pytest
from tests.exporter.databases import database_at
from tests.exporter.inprocess import InProcess

from errtally import names
from errtally.exporter.config import ExporterConfig, Retention
from errtally.exporter.store import retention, sqlite
from errtally.exporter.store.retention import STEP_SAMPLES

DAY = 86_400.0


@pytest.fixture
def make(tmp_path):
    made = []

    def start(**settings):
        made.append(InProcess(tmp_path, ExporterConfig(retention=Retention(**settings))))
        return made[-1]

    yield start
    for each in made:
        each.close()


def send(exporter, number=1, *, count=1, message="lost", extra=""):
    for start in range(0, count, 10):
        events = [
            {"message": message, "type": f"Error{number}", "context": {"extra": {"more": extra}}}
            for _ in range(min(10, count - start))
        ]
        assert exporter.post("/api/events", {"events": events}).status == 200
    exporter.fold()


def deleted(exporter, reason):
    return exporter.total(names.SAMPLES_DELETED.name, reason=reason)


def samples(exporter):
    return sum(len(exporter.reader.issue(one["fingerprint"])["samples"]) for one in exporter.reader.issues())


def let_go(exporter, later=0.0):
    """Take all the steps there are; return how many there were."""
    steps = 1
    while exporter.writer.let_go(time.time() + later):
        steps += 1
    return steps


def resolve(exporter, number=1):
    [issue] = [one for one in exporter.reader.issues() if one["type"] == f"Error{number}"]
    with exporter.folding():
        assert exporter.post(f"/api/issues/{issue['fingerprint']}/resolve", {}).status == 200


@pytest.mark.parametrize(
    ("settings", "days", "reason"),
    [
        pytest.param({"event_days": 10}, 9.99, "", id="not old enough"),
        pytest.param({"event_days": 10}, 10.01, "age", id="older than an event may be"),
        pytest.param({"idle_event_days": 10}, 10.01, "idle", id="nothing happened for too long"),
        pytest.param({"resolved_event_days": 10}, 10.01, "", id="not resolved at all"),
    ],
)
def test_when_sample_events_go(make, settings, days, reason):
    exporter = make(**settings)
    send(exporter, count=5)
    let_go(exporter, days * DAY)
    assert samples(exporter) == (0 if reason else 5)
    for each in names.SAMPLE_REASONS:
        assert deleted(exporter, each) == (5 if each == reason else 0)
    assert exporter.total(names.EVENTS.name) == 5
    assert exporter.reader.issues()[0]["events"] == 5


def test_a_resolved_issue_loses_its_samples_and_the_others_keep_theirs(make):
    exporter = make(resolved_event_days=10)
    send(exporter, 1, count=4)
    send(exporter, 2, count=3)
    resolve(exporter, 2)
    let_go(exporter, 9.9 * DAY)
    assert samples(exporter) == 7
    let_go(exporter, 10.1 * DAY)
    assert (samples(exporter), deleted(exporter, "resolved")) == (4, 3)


def test_an_issue_that_lost_its_samples_takes_new_ones(make):
    exporter = make(event_days=10)
    send(exporter, count=3)
    let_go(exporter, 11 * DAY)
    send(exporter, count=2)
    assert samples(exporter) == 2
    assert exporter.get(f"/issues/{exporter.reader.issues()[0]['fingerprint']}").status == 200


def test_too_many_of_one_issue_are_counted_as_such(make):
    exporter = make(events_per_issue=5)
    send(exporter, count=10)
    assert (samples(exporter), deleted(exporter, "number")) == (4, 6)


def test_the_oldest_go_when_the_store_is_too_large(make, monkeypatch):
    exporter = make(store_bytes=1)
    for number in range(4):
        send(exporter, number)
    sizes = iter([2, 1])
    monkeypatch.setattr(type(exporter.writer._store._db), "used_bytes", lambda _: next(sizes))
    monkeypatch.setattr(retention, "STEP_SAMPLES", 3)
    changes = exporter.writer._store.overdue(exporter.config.retention, time.time())
    assert {reason for _, reason in changes.deleted_samples} == {"size"}
    first = min(id_ for id_, _ in changes.deleted_samples)
    assert first == 1
    assert not exporter.writer._store.overdue(exporter.config.retention, time.time()).deleted_samples


def test_a_store_that_is_too_large_shrinks_below_its_limit_and_counts_on(make):
    exporter = make(events_per_issue=400)
    draw = random.Random(1)
    for number in range(15):
        # Twenty of an issue are kept whole at once.
        for _ in range(2):
            words = [draw.choice("bcdfg") + draw.choice("aeiou") * draw.randint(1, 9) for _ in range(1500)]
            send(exporter, number, count=10, extra=" ".join(words))
    db = database_at(exporter.config.data_dir).reader()
    before, kept = db.used_bytes(), samples(exporter)
    smaller = Retention(events_per_issue=400, store_bytes=before * 2 // 3)
    exporter.writer.configure(replace(exporter.config, retention=smaller))
    exporter.fold()
    steps = let_go(exporter)
    assert db.used_bytes() <= smaller.store_bytes
    assert 0 < samples(exporter) == kept - deleted(exporter, "size")
    assert steps >= 2
    assert kept > STEP_SAMPLES
    (free,) = db.execute("PRAGMA freelist_count").fetchone()
    assert free <= sqlite.FREE_PAGES
    assert exporter.total(names.EVENTS.name) == exporter.total(names.ISSUE_EVENTS.name) == 300
    assert exporter.total(names.STORE_USED.name) == db.used_bytes()
    db.close()


def test_free_pages_go_back_in_small_steps(tmp_path):
    db = sqlite.create(tmp_path / "x")
    db.execute("CREATE TABLE filler (content BLOB)")
    db.executemany("INSERT INTO filler VALUES (?)", [(b"x" * 4000,)] * 3000)
    (pages,) = db.execute("PRAGMA page_count").fetchone()
    assert not db.vacuum()
    db.execute("DELETE FROM filler WHERE rowid > 200")
    freed = []
    while db.vacuum():
        freed.append(pages - db.execute("PRAGMA page_count").fetchone()[0])
    assert freed[0] == sqlite.STEP_PAGES
    assert 3 <= len(freed) <= 10
    (left,) = db.execute("PRAGMA freelist_count").fetchone()
    assert left <= sqlite.FREE_PAGES
    db.close()


def test_the_writer_deletes_by_itself_and_goes_on_counting(make):
    exporter = make(event_days=1e-9)
    send(exporter, count=20)
    stop = threading.Event()
    thread = threading.Thread(target=exporter.writer.run, args=(stop,))
    thread.start()
    end = time.monotonic() + 20
    while samples(exporter):
        assert time.monotonic() < end
        time.sleep(0.02)
    stop.set()
    thread.join()
    assert deleted(exporter, "age") == 20
    assert exporter.total(names.EVENTS.name) == 20


def test_a_store_that_fails_meanwhile_is_told_and_tried_again(make, monkeypatch):
    exporter = make(event_days=1)
    send(exporter, count=3)
    real, calls = retention.overdue, []

    def failing(*arguments):
        calls.append(1)
        if len(calls) == 1:
            raise sqlite3.OperationalError("database is locked")
        return real(*arguments)

    monkeypatch.setattr("errtally.exporter.store.writing.overdue", failing)
    monkeypatch.setattr("errtally.exporter.writer._log.warning", lambda *_, **__: None)
    assert not exporter.writer.let_go(time.time() + 2 * DAY)
    let_go(exporter, 2 * DAY)
    send(exporter, 2)
    assert exporter.total(names.STORE_ERRORS.name) == 1
    assert deleted(exporter, "age") == 3


def found(exporter, query):
    return [one["type"] for one in exporter.get(f"/api/issues?status=all&query={query}").json()["issues"]]


@pytest.mark.parametrize("settings", [{"event_days": 10}, {"idle_event_days": 10}], ids=["age", "idle"])
def test_an_issue_is_not_found_by_what_events_said_that_are_not_kept(make, settings):
    exporter = make(**settings)
    event = {"message": "order 4711 is lost", "type": "Error1", "context": {"user": {"id": "ann-17"}}}
    assert exporter.post("/api/events", {"events": [event]}).status == 200
    exporter.fold()
    assert (found(exporter, "4711"), found(exporter, "user:ann-17")) == (["Error1"], ["Error1"])
    let_go(exporter, 10.01 * DAY)
    assert (found(exporter, "4711"), found(exporter, "user:ann-17")) == ([], [])
    assert found(exporter, "lost") == ["Error1"], "what it is stays"


def test_what_only_old_events_of_a_living_issue_said_goes_with_them(make):
    exporter = make(event_days=10)
    now = time.time()
    for number, user, at in ((4711, "ann-17", now - 6 * DAY), (5000, "bob-18", now)):
        event = {"message": f"order {number} is lost", "type": "Error1", "timestamp": at,
                 "context": {"user": {"id": user}}}  # fmt: skip
        assert exporter.post("/api/events", {"events": [event]}).status == 200
    exporter.fold()
    later = now + 5 * DAY
    exporter.writer._store.prune(later, exporter.config.retention)
    let_go(exporter, 5 * DAY)
    assert [found(exporter, one) for one in ("4711", "user:ann-17", "5000", "user:bob-18")] == [
        [], [], ["Error1"], ["Error1"],
    ]  # fmt: skip
