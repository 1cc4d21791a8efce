"""Baselines: what a quantity usually is, by its own last hour, as recording rules.

Points are taken a minute apart by a subquery, so that a baseline means the same whatever the evaluation interval is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.config.duration import format_duration
from errtally.rules.model import Recording

if TYPE_CHECKING:
    from errtally.rules.rule_settings import RuleSettings

POINTS = 10
"""A baseline counts from so many points, that is minutes, on."""

_POINT_SECONDS = 60


def baseline_record(record: str) -> str:
    """Return the name of the recorded baseline of a recorded quantity."""
    return f"{record}:avg1h"


def baseline(record: str, settings: RuleSettings) -> Recording:
    """Return the mean of the hour before the window, absent until it has `POINTS` points.

    The window itself is left out, so that an anomaly does not raise the baseline that it is measured against.
    """
    past = f"{record}[1h:1m] offset {format_duration(settings.window_seconds)}"
    return Recording(baseline_record(record), f"avg_over_time({past})\nand\ncount_over_time({past}) >= {POINTS}")


def history_steps(settings: RuleSettings) -> int:
    """Return how many steps of a test give a baseline that a change does not move at once: forty points."""
    return (4 * POINTS * _POINT_SECONDS + settings.window_seconds) // settings.step_seconds
