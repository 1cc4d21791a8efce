"""Users with sessions: exact while they are few, a bounded sample of the same share of crashes when they are many."""

from __future__ import annotations

import random

import pytest
from tests.exporter.databases import database_at
from tests.exporter.life import Life

from errtally import names
from errtally.exporter.digest.changes import SessionUser
from errtally.exporter.journal.records import SessionSeen
from errtally.exporter.store import session_users

pytestmark = pytest.mark.usefixtures("any_database")

KEY = ("p", "prod", "1.4.2")
DAY = names.SESSION_USERS_WINDOW_SECONDS


@pytest.fixture
def db(tmp_path):
    connection = database_at(tmp_path).writer()
    yield connection
    connection.close()


def counted(db, now):
    return {key: (users, crashed) for key, users, crashed in session_users.counts(db, now)}


def test_few_users_are_counted_exactly_each_once(db):
    session_users.apply(db, {KEY: {11: SessionUser(100.0), -12: SessionUser(100.0, 100.0)}})
    session_users.apply(db, {KEY: {11: SessionUser(90.0, 90.0), 13: SessionUser(110.0)}})
    session_users.apply(db, {("p", "stage", "1.4.2"): {11: SessionUser(100.0)}})
    assert counted(db, 200.0) == {KEY: (3, 2), ("p", "stage", "1.4.2"): (1, 0)}


def test_users_and_crashes_leave_with_the_window(db):
    session_users.apply(db, {KEY: {11: SessionUser(100.0, 100.0), 12: SessionUser(500.0)}})
    session_users.apply(db, {KEY: {11: SessionUser(300.0)}})
    assert counted(db, DAY + 99.0) == {KEY: (2, 1)}
    assert counted(db, DAY + 100.0) == {KEY: (2, 0)}
    assert counted(db, DAY + 300.0) == {KEY: (1, 0)}
    assert counted(db, DAY + 500.0) == {}


def test_prune_removes_what_no_window_reaches(db):
    session_users.apply(db, {KEY: {11: SessionUser(100.0), 12: SessionUser(5000.0)}})
    session_users.prune(db, 101.0 + session_users.KEEP_SECONDS)
    assert [row[0] for row in db.execute('SELECT "user" FROM session_users')] == [12]
    session_users.prune(db, 5001.0 + session_users.KEEP_SECONDS)
    assert [
        db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("session_users", "session_samples")
    ] == [0, 0]


def test_many_users_are_estimated_within_bounds_and_their_share_of_crashes_as_well(db, monkeypatch):
    monkeypatch.setattr(session_users, "MAX_SAMPLED", 512)
    chosen = random.Random(7)
    users = [chosen.getrandbits(64) - (1 << 63) for _ in range(20_000)]
    for start in range(0, len(users), 1000):
        part = users[start : start + 1000]
        session_users.apply(
            db, {KEY: {user: SessionUser(100.0, 100.0 if i % 10 == 0 else 0.0) for i, user in enumerate(part)}}
        )
        assert db.execute("SELECT count(*) FROM session_users").fetchone()[0] <= 512
    [(all_users, crashed)] = counted(db, 200.0).values()
    assert 0.8 * 20_000 < all_users < 1.2 * 20_000
    assert 0.05 < crashed / all_users < 0.15
    session_users.apply(db, {KEY: dict.fromkeys(users, SessionUser(150.0))})
    assert [found[0] for found in counted(db, 200.0).values()] == [all_users]


def session(status, user, *, release="1.4.2", quantity=1, id_=""):
    return SessionSeen("prod", release, status, quantity, id_, user)


@pytest.mark.parametrize("dies", [False, True], ids=["running", "killed after every fold"])
def test_users_of_sessions_are_exposed_by_release(tmp_path, dies):
    life = Life(tmp_path, dies=dies)
    life.take(sessions=[session("started", 11, id_="a"), session("started", 12, id_="b"), session("started", None)])
    life.take(sessions=[session("crashed", 11, id_="a"), session("exited", 12, id_="b")])
    life.take(sessions=[session("unhandled", 13, release="1.4.3", quantity=7)])
    assert life.samples(names.SESSION_USERS.name) == {("prod", "p", "1.4.2"): 2, ("prod", "p", "1.4.3"): 1}
    assert life.samples(names.CRASHED_SESSION_USERS.name) == {("prod", "p", "1.4.2"): 1, ("prod", "p", "1.4.3"): 1}
    life.now += DAY
    assert life.samples(names.SESSION_USERS.name) == {}
    life.close()


def test_releases_beyond_the_budget_have_no_users_of_their_own(tmp_path):
    life = Life(tmp_path)
    life.writer._state.budget.limits = {names.SESSIONS.name: 1}
    life.take(sessions=[session("started", 11), session("started", 12, release="1.4.3")])
    assert life.samples(names.SESSION_USERS.name) == {("prod", "p", "1.4.2"): 1}
    life.close()
