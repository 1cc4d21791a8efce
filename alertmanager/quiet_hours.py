"""Quiet hours as Alertmanager's time intervals, which end at midnight: a night is two of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from errtally.config.quiet_hours import WEEKDAYS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from errtally.config.quiet_hours import QuietHours

QUIET_HOURS = "quiet-hours"
_MIDNIGHT = ("00:00", "24:00")


def time_intervals(spans: Sequence[QuietHours]) -> list[dict[str, Any]]:
    """Return the named interval for all spans, or nothing when there are none."""
    if not spans:
        return []
    return [{"name": QUIET_HOURS, "time_intervals": [part for span in spans for part in _parts(span)]}]


def _parts(span: QuietHours) -> list[dict[str, Any]]:
    if span.start < span.end:
        return [_part(span, span.start, span.end, span.days)]
    tomorrow = tuple(WEEKDAYS[(WEEKDAYS.index(day) + 1) % len(WEEKDAYS)] for day in span.days)
    parts = [_part(span, span.start, _MIDNIGHT[1], span.days)]
    if span.end != _MIDNIGHT[0]:
        parts.append(_part(span, _MIDNIGHT[0], span.end, tomorrow))
    return parts


def _part(span: QuietHours, start: str, end: str, days: Sequence[str]) -> dict[str, Any]:
    weekdays = {} if set(days) == set(WEEKDAYS) else {"weekdays": sorted(days, key=WEEKDAYS.index)}
    return {"times": [{"start_time": start, "end_time": end}], **weekdays, "location": span.location}
