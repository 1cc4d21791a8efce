"""A monitor's configuration, as it comes with check-ins: when the job is to run (develop.sentry.dev, "Check-Ins").

A schedule that names no times is counted as rejected with the reason ``bad_schedule``; the check-in itself is taken.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from errtally.errors import ScheduleError
from errtally.event.signals import Schedule
from errtally.exporter.digest import schedules
from errtally.exporter.protocols import values

if TYPE_CHECKING:
    from errtally.exporter.ingest.submission import Counts

DEFAULT_MARGIN_MINUTES = 1
DEFAULT_MAX_RUNTIME_MINUTES = 30
MAX_MINUTES = 40_320
"""Four weeks: what Sentry takes for both."""
MAX_SCHEDULE = 120

_NO_ID = re.compile(r"[0-]*")
"""An id of noughts stands for the run that is under way, whatever its id."""


def schedule(sent: object, rejected: Counts) -> Schedule | None:
    """Read a monitor's schedule; None without one, or when it names no times, which is counted in ``rejected``."""
    if sent is None:
        return None
    config = sent if isinstance(sent, dict) else {}
    plan = config.get("schedule")
    plan = plan if isinstance(plan, dict) else {}
    made = Schedule(
        kind=str(plan.get("type"))[:MAX_SCHEDULE],
        value=" ".join(str(plan.get("value")).split())[:MAX_SCHEDULE],
        unit=str(plan.get("unit") or "")[:MAX_SCHEDULE],
        timezone=str(config.get("timezone") or "UTC")[:MAX_SCHEDULE],
        margin_seconds=_minutes(config.get("checkin_margin"), DEFAULT_MARGIN_MINUTES),
        max_runtime_seconds=_minutes(config.get("max_runtime"), DEFAULT_MAX_RUNTIME_MINUTES),
    )
    try:
        schedules.check(made)
    except ScheduleError:
        rejected["bad_schedule"] += 1
        return None
    return made


def run_id(sent: object) -> str:
    """Read what names the run of a check-in, "" when nothing does."""
    name = values.label(sent, 64) or ""
    return "" if _NO_ID.fullmatch(name) else name.replace("-", "").lower()


def _minutes(sent: object, default: int) -> float:
    minutes = values.integer(sent)
    return 60.0 * min(max(default if minutes is None else minutes, 1), MAX_MINUTES)
