"""Times at which only critical alerts may wake anybody (``alerting.quiet_hours``)."""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """One span of a day: ``start`` and ``end`` are HH:MM in ``location``; an end before its start is the next day's."""

    start: str
    end: str
    days: tuple[str, ...] = WEEKDAYS
    location: str = "UTC"


def quiet_hours(entries: Sequence[Mapping[str, Any]], problems: list[str]) -> tuple[QuietHours, ...]:
    """Build the spans from the checked list below ``alerting.quiet_hours``; append what is wrong to ``problems``."""
    found = []
    for index, entry in enumerate(entries):
        place = f"alerting.quiet_hours[{index}]"
        span = QuietHours(entry["from"], entry["to"], tuple(entry.get("days", WEEKDAYS)), entry.get("location", "UTC"))
        if span.start == span.end:
            problems.append(f"{place}: begins and ends at {span.start}; from 00:00 to 24:00 is a whole day")
        try:
            zoneinfo.ZoneInfo(span.location)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            problems.append(f"{place}.location: {span.location!r} is not a time zone such as Europe/Berlin")
        found.append(span)
    return tuple(found)
