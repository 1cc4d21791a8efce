"""Sets of users in the store: bounded rows, exact after a restart, windows that move on."""

from __future__ import annotations

import random
import sqlite3

import pytest

from errtally import names
from errtally.exporter.digest.users import EXACT_USERS, slot
from errtally.exporter.store import sqlite, users
from errtally.exporter.store.users import UserSets, count_together, issue_subject

pytestmark = pytest.mark.usefixtures("any_database")

HOUR = 3600.0
NOW = 1_750_000_200.0  # in the middle of a slot


@pytest.fixture
def db(tmp_path):
    made = sqlite.create(tmp_path / "x")
    yield made
    made.close()


def some(seed, count):
    draw = random.Random(seed)
    return {draw.getrandbits(64) - 2**63 for _ in range(count)}


def rows(db):
    return db.execute("SELECT count(*) FROM user_set_members").fetchone()[0]


def hit(sets, at, members, now=NOW, place=("p", "prod")):
    return sets.add_affected({(*place, slot(at)): members}, now)


def windows(found, place=("p", "prod")):
    return [found[names.USERS_AFFECTED.name, (*place, window), ""] for window in ("1h", "24h")]


def test_a_set_is_exact_up_to_its_limit_and_bounded_beyond(db):
    sets, key = UserSets(db), (issue_subject(1, "prod"), 0, 0)
    assert sets.add(key, some(1, EXACT_USERS))[0] == rows(db) == EXACT_USERS
    assert sets.add(key, some(2, 50_000))[0] == pytest.approx(EXACT_USERS + 50_000, rel=0.02)
    assert rows(db) == 0
    assert len(db.execute("SELECT sketch FROM user_sets").fetchone()[0]) < 17_000
    before, _ = sets.add(key, {1})
    again = UserSets(db)
    assert again.add(key, some(2, 50_000)) == (before, 0)
    assert rows(db) <= EXACT_USERS


def test_sets_that_are_not_in_memory_are_read_again(db):
    sets = UserSets(db, cache_bytes=100_000)
    for round_ in range(3):
        for number in range(50):
            assert sets.add((issue_subject(number, "prod"), 0, 0), some(f"{number} {round_}", 40)) == (
                40 * (round_ + 1),
                40,
            )
    assert len(sets._sets) < 50
    assert sets._cached_bytes == sum(kept.memory_bytes for _, kept, _ in sets._sets.values()) <= 100_000


def some_hits(sets):
    hit(sets, NOW - 25.5 * HOUR, {9})
    hit(sets, NOW - 23 * HOUR, {1, 2})
    hit(sets, NOW - 2 * HOUR, {2, 3})
    return hit(sets, NOW, {3, 4, 5})


def test_windows_count_those_within_them_once(db):
    assert windows(some_hits(UserSets(db))) == [3, 5]


def test_windows_after_a_restart_are_the_same(db):
    some_hits(UserSets(db))
    assert windows(UserSets(db).slide([("p", "prod")], NOW)) == [3, 5]


def test_windows_move_on_without_events(db):
    sets = UserSets(db)
    some_hits(sets)
    places = [("p", "prod")]
    assert sets.slide(places, NOW + 60) == {}
    assert windows(sets.slide(places, NOW + 2 * HOUR)) == [0, 4]
    assert windows(sets.slide(places, NOW + 30 * HOUR)) == [0, 0]


@pytest.mark.parametrize(
    ("ago", "expected"),
    [
        pytest.param(HOUR - 1, 1, id="within the hour"),
        pytest.param(HOUR + 301, 0, id="before the slot that the hour began in"),
        pytest.param(-600.0, 1, id="a clock that is ahead"),
        pytest.param(400 * HOUR, 0, id="an event that comes weeks late"),
    ],
)
def test_how_far_an_hour_reaches(db, ago, expected):
    sets = UserSets(db)
    hit(sets, NOW, {0})
    assert windows(hit(sets, NOW - ago, {1}))[0] == expected + 1


def test_an_event_that_comes_weeks_late_leaves_nothing(db):
    hit(UserSets(db), NOW - 400 * HOUR, {1})
    assert rows(db) == db.execute("SELECT count(*) FROM user_sets").fetchone()[0] == 0


def test_windows_beyond_their_memory_are_counted_anew(db, monkeypatch):
    sets = UserSets(db)
    places = [("p", f"e{number}") for number in range(5)]
    for place in places:
        hit(sets, NOW, some(place[1], 100), place=place)
    monkeypatch.setattr(users, "WINDOW_BYTES", 20_000)
    sets.slide(places, NOW)
    assert sum(together is None for _, together in sets._windows.values()) > 5
    for place in places:
        assert windows(hit(sets, NOW, {7}, place=place), place) == [101, 101]


def test_large_windows_are_within_two_percent(db):
    sets = UserSets(db)
    for number in range(4):
        found = hit(sets, NOW - number * 2 * HOUR, some(number, 8_000) | some("always", 2_000))
    expected = [pytest.approx(10_000, rel=0.02), pytest.approx(34_000, rel=0.02)]
    assert windows(found) == expected
    assert windows(UserSets(db).slide([("p", "prod")], NOW)) == expected


def test_old_slots_go_and_issues_stay(db):
    sets = UserSets(db)
    sets.add((issue_subject(1, "prod"), 0, 0), {1, 2})
    hit(sets, NOW, {1, 2, 3})
    sets.prune(NOW)
    assert rows(db) == 8
    sets.prune(NOW + 30 * HOUR)
    assert (rows(db), db.execute("SELECT count(*) FROM user_sets").fetchone()[0]) == (2, 1)
    # A slot that is gone is made anew, not added to.
    later = NOW + 30 * HOUR
    assert windows(hit(sets, later, {5}, now=later)) == [1, 1]
    assert windows(UserSets(db).slide([("p", "prod")], later)) == [1, 1]


def test_after_a_transaction_that_failed_nothing_is_missing(db):
    sets, key = UserSets(db), (issue_subject(1, "prod"), 0, 0)
    sets.add(key, {1})
    db.execute("BEGIN")
    sets.add(key, {2, 3})
    hit(sets, NOW, {4})
    db.execute("ROLLBACK")
    sets.forget()
    assert sets.add(key, {2, 3}) == (3, 2)
    assert windows(hit(sets, NOW, {4, 5})) == [2, 2]
    assert rows(db) == 3 + 4


def test_merged_issues_count_their_users_once(db):
    sets = UserSets(db)
    sets.add((issue_subject(1, "prod"), 0, 0), some(1, 5000))
    sets.add((issue_subject(2, "prod"), 0, 0), some(1, 5000) | {1, 2, 3})
    sets.add((issue_subject(3, "prod"), 0, 0), {3, 4})
    subjects = [issue_subject(number, "prod") for number in (1, 2, 3, 99)]
    assert count_together(db, subjects) == pytest.approx(5004, rel=0.005)
    assert count_together(db, subjects[2:]) == 2


def test_a_set_that_can_not_be_written_says_so(db):
    sets = UserSets(db)
    db.execute("DROP TABLE user_set_members")
    with pytest.raises(sqlite3.OperationalError):
        sets.add((issue_subject(1, "prod"), 0, 0), {1})
