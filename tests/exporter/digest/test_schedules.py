"""Planned times: cron in time zones, intervals."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errtally.errors import ScheduleError
from errtally.event.signals import Schedule
from errtally.exporter.digest.agenda import Agenda
from errtally.exporter.digest.schedules import UNITS, answered_until, check, following


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def shown(seconds):
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


@pytest.mark.parametrize(
    ("expression", "zone", "after", "expected"),
    [
        pytest.param("0 3 * * *", "UTC", "2026-11-24 03:00:00", "2026-11-25 03:00:00", id="not the same moment"),
        pytest.param("0 3 * * *", "UTC", "2026-11-24 02:59:59.9", "2026-11-24 03:00:00", id="the moment after"),
        pytest.param("*/15 * * * *", "UTC", "2026-11-24 03:16", "2026-11-24 03:30:00", id="every quarter"),
        pytest.param("0 0 * * 1-5", "UTC", "2026-11-27 12:00", "2026-11-30 00:00:00", id="working days"),
        pytest.param("0 0 29 2 *", "UTC", "2026-01-01 00:00", "2028-02-29 00:00:00", id="leap days"),
        pytest.param("@daily", "UTC", "2026-11-24 03:00", "2026-11-25 00:00:00", id="a nickname"),
        pytest.param("0 3 * * *", "Europe/Berlin", "2026-11-24 03:00", "2026-11-25 02:00:00", id="winter in Berlin"),
        pytest.param("0 3 * * *", "Europe/Berlin", "2026-07-01 03:00", "2026-07-02 01:00:00", id="summer in Berlin"),
        pytest.param(
            "30 2 * * *", "Europe/Berlin", "2026-03-28 12:00", "2026-03-29 01:00:00", id="a time that is left out"
        ),
        pytest.param(
            "30 2 * * *", "Europe/Berlin", "2026-10-25 00:31", "2026-10-26 01:30:00", id="a time that comes twice"
        ),
        pytest.param("0 9 * * *", "America/Los_Angeles", "2026-11-24 16:59", "2026-11-24 17:00:00", id="the west"),
    ],
)
def test_cron(expression, zone, after, expected):
    schedule = Schedule("crontab", expression, timezone=zone)
    check(schedule)
    assert shown(following(schedule, 0.0, at(after))) == expected


@pytest.mark.parametrize(
    ("value", "unit", "base", "after", "expected"),
    [
        pytest.param("10", "minute", "2026-11-24 03:05", "2026-11-24 03:05", "2026-11-24 03:15:00", id="the next"),
        pytest.param("10", "minute", "2026-11-24 03:05", "2026-11-24 03:40", "2026-11-24 03:45:00", id="in steps"),
        pytest.param(
            "10", "minute", "2026-11-24 03:05", "2026-11-24 03:35", "2026-11-24 03:45:00", id="strictly later"
        ),
        pytest.param(
            "10", "minute", "2026-11-24 03:05", "2026-11-24 01:00", "2026-11-24 03:15:00", id="never the base"
        ),
        pytest.param("2", "day", "2026-11-24 03:05", "2026-11-24 03:05", "2026-11-26 03:05:00", id="days"),
        pytest.param("1", "week", "2026-11-24 03:05", "2026-11-24 03:05", "2026-12-01 03:05:00", id="weeks"),
        pytest.param("1", "month", "2026-01-31 03:05", "2026-01-31 03:05", "2026-02-28 03:05:00", id="a short month"),
        pytest.param(
            "1", "month", "2026-01-31 03:05", "2026-03-01 00:00", "2026-03-31 03:05:00", id="a long one again"
        ),
        pytest.param(
            "3", "month", "2026-11-24 03:05", "2026-11-24 03:05", "2027-02-24 03:05:00", id="over a year's end"
        ),
        pytest.param("1", "year", "2028-02-29 03:05", "2028-02-29 03:05", "2029-02-28 03:05:00", id="years"),
    ],
)
def test_intervals(value, unit, base, after, expected):
    schedule = Schedule("interval", value, unit)
    check(schedule)
    assert shown(following(schedule, at(base), at(after))) == expected


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        pytest.param(Schedule("moon", "full"), "'moon' is neither", id="another kind"),
        pytest.param(Schedule("crontab", "* * * *"), "five fields", id="four fields"),
        pytest.param(Schedule("crontab", "0 * * * * *"), "five fields", id="seconds"),
        pytest.param(Schedule("crontab", "61 * * * *"), "minute", id="a minute that is none"),
        pytest.param(Schedule("crontab", "0 0 30 2 *"), "day-of-month", id="a day that never is"),
        pytest.param(Schedule("crontab", "H * * * *"), "minute", id="Jenkins"),
        pytest.param(Schedule("crontab", "0 0 * * *", timezone="Mars/Olympus"), "time zone", id="no time zone"),
        pytest.param(Schedule("crontab", "0 0 * * *", timezone="../../etc/passwd"), "time zone", id="a path"),
        pytest.param(Schedule("crontab", "0 0 * * *", timezone="Europe"), "time zone", id="a folder of the database"),
        pytest.param(Schedule("interval", "0", "hour"), "between 1 minute", id="no length"),
        pytest.param(Schedule("interval", "-1", "hour"), "between 1 minute", id="a negative length"),
        pytest.param(Schedule("interval", "1.5", "hour"), "between 1 minute", id="half a unit"),
        pytest.param(Schedule("interval", "²", "hour"), "between 1 minute", id="digits of another kind"),
        pytest.param(Schedule("interval", "11", "year"), "between 1 minute", id="too long"),
        pytest.param(Schedule("interval", "1", "fortnight"), "'fortnight' is none of", id="another unit"),
        pytest.param(Schedule("interval", "1", "month", timezone="Nowhere"), "time zone", id="months of no time zone"),
    ],
)
def test_what_names_no_times_is_refused(schedule, message):
    with pytest.raises(ScheduleError, match=message):
        check(schedule)


@given(
    st.integers(1, 40),
    st.sampled_from(UNITS),
    st.floats(1.6e9, 1.9e9),
    st.floats(0, 4e7),
)
def test_the_next_time_of_an_interval_is_the_first_one_after(number, unit, base, later):
    schedule = Schedule("interval", str(min(number, 10) if unit == "year" else number), unit)
    found = following(schedule, base, base + later)
    assert found > base + later
    assert following(schedule, base, base) <= found
    assert answered_until(schedule, base) == following(schedule, base, base)


def test_an_agenda_tells_each_thing_once_at_its_earliest_time():
    agenda = Agenda()
    for key, when in (("a", 5.0), ("b", 3.0), ("a", 4.0), ("a", 9.0)):
        agenda.note((key,), when)
    assert list(agenda.due(2.9)) == []
    assert list(agenda.due(4.0)) == [("b",), ("a",)]
    assert list(agenda.due(100.0)) == []
    agenda.note(("a",), 50.0)
    assert list(agenda.due(50.0)) == [("a",)]
