"""Sessions over time in the store: hours that become days, and days that go."""

from __future__ import annotations

import pytest
from tests.exporter.databases import database_at

from errtally.exporter.store import session_hours

pytestmark = pytest.mark.usefixtures("any_database")

NOW = 1_795_500_000.0
LABELS = ("p", "e", "1", "started")
TODAY = int(NOW // 86_400) * 24


@pytest.fixture
def db(tmp_path):
    made = database_at(tmp_path).writer()
    yield made
    made.close()


def kept(db) -> dict[int, float]:
    return {row[0]: row[5] for row in session_hours.counts(db, range(10**7))}


def test_sessions_of_one_hour_add_up(db) -> None:
    for _ in range(2):
        session_hours.apply(db, {(TODAY, LABELS): 3})
    assert kept(db) == {TODAY: 6}


def test_hours_become_days_after_two_weeks_and_days_go_after_a_year(db) -> None:
    year, weeks = TODAY - 366 * 24, TODAY - 14 * 24
    hours = (year - 24, year, weeks - 25, weeks - 24, weeks - 1, weeks, weeks + 1, TODAY + 5)
    session_hours.apply(db, {(hour, LABELS): 1 for hour in hours})
    for _ in range(2):  # doing it again changes nothing
        session_hours.prune(db, NOW)
        assert kept(db) == {year: 1, weeks - 48: 1, weeks - 24: 2, weeks: 1, weeks + 1: 1, TODAY + 5: 1}
