"""When a scheduled job is to run: cron's five fields in a time zone, or an interval.

Cron is cronsim's, which treats the days on which clocks change as Debian's cron does.
"""

from __future__ import annotations

import math
from calendar import monthrange
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from errtally.errors import ScheduleError

if TYPE_CHECKING:
    from errtally.event.signals import Schedule

EARLY_SECONDS = 60.0
EARLY_SHARE = 0.25
"""A report that comes this little before its time, as clocks differ, is that of the run that is due; of short intervals
at most this share."""

_UNIT_SECONDS = {"minute": 60, "hour": 3600, "day": 86400, "week": 7 * 86400}
_UNIT_MONTHS = {"month": 1, "year": 12}
UNITS = (*_UNIT_SECONDS, *_UNIT_MONTHS)
MAX_INTERVAL_SECONDS = 10 * 366 * 86400
_CRON_FIELDS = 5
_NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}


def check(schedule: Schedule) -> None:
    """Check a schedule that a client sent.

    Raises:
        ScheduleError: it says why it names no times.
    """
    if schedule.kind == "crontab":
        _cron_after(schedule.value, schedule.timezone, 0.0)
    elif schedule.kind == "interval":
        _length(schedule)
        _zone(schedule.timezone)
    else:
        raise ScheduleError(f"schedule type {schedule.kind!r} is neither crontab nor interval")


def following(schedule: Schedule, base: float, after: float) -> float:
    """Return the first planned time after another.

    Args:
        schedule: a checked one.
        base: a planned time, from which intervals are counted; cron needs none.
        after: seconds since the epoch.

    Raises:
        ScheduleError: the schedule names no times.
    """
    if schedule.kind == "crontab":
        return _cron_after(schedule.value, schedule.timezone, after)
    number, unit = _length(schedule)
    if unit in _UNIT_SECONDS:
        seconds = number * _UNIT_SECONDS[unit]
        return base + max(math.floor((after - base) / seconds) + 1, 1) * seconds
    months, times = number * _UNIT_MONTHS[unit], 1
    while (moment := _months_later(base, times * months, schedule.timezone)) <= after:
        times += 1
    return moment


def answered_until(schedule: Schedule, at: float) -> float:
    """Return the planned time that a report does not answer any more: the first one after it.

    Raises:
        ScheduleError: the schedule names no times.
    """
    expected = following(schedule, at, at)
    if schedule.kind == "interval":
        return expected
    then = following(schedule, expected, expected)
    is_early = expected - at <= min(EARLY_SECONDS, EARLY_SHARE * (then - expected))
    return then if is_early else expected


def _length(schedule: Schedule) -> tuple[int, str]:
    number = int(schedule.value) if schedule.value.isascii() and schedule.value.isdigit() else 0
    if schedule.unit not in UNITS:
        raise ScheduleError(f"unit {schedule.unit!r} is none of {', '.join(UNITS)}")
    seconds = _UNIT_SECONDS.get(schedule.unit, 30 * 86400 * _UNIT_MONTHS.get(schedule.unit, 0))
    if not 0 < number * seconds <= MAX_INTERVAL_SECONDS:
        raise ScheduleError(f"an interval of {schedule.value!r} {schedule.unit}s is not between 1 minute and 10 years")
    return number, schedule.unit


def _cron_after(expression: str, timezone: str, after: float) -> float:
    fields = _NICKNAMES.get(expression.strip().lower(), expression)
    if len(fields.split()) != _CRON_FIELDS:
        raise ScheduleError(f"{expression!r} has not the five fields of cron")
    zone = _zone(timezone)
    try:
        moment = next(CronSim(fields, datetime.fromtimestamp(after, zone)))
    except (CronSimError, StopIteration) as exc:
        raise ScheduleError(f"{expression!r}: {str(exc) or 'no such day'}") from exc
    return moment.timestamp()


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as exc:  # not found, a path out of the database, a folder of it
        raise ScheduleError(f"there is no time zone {name!r}") from exc


def _months_later(base: float, months: int, timezone: str) -> float:
    """The same day and time of a later month; its last day where it is shorter."""
    moment = datetime.fromtimestamp(base, _zone(timezone))
    years, month = divmod(moment.month - 1 + months, 12)
    year = moment.year + years
    day = min(moment.day, monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day).astimezone(UTC).timestamp()
