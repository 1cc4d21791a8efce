"""Baselines: what a quantity usually is, by its own last hour, as recording rules.

Points are taken a minute apart by a subquery, so that a baseline means the same whatever the evaluation interval is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.config.duration import format_duration
from errtally.rules.cases import threshold_cases
from errtally.rules.model import Case, Check, Recording
from errtally.rules.timeline import timeline

if TYPE_CHECKING:
    from collections.abc import Callable

    from errtally.rules.model import ExpectedAlert
    from errtally.rules.rule_settings import RuleSettings
    from errtally.rules.timeline import Levels, Phase

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


def usual_phase(settings: RuleSettings, levels: Callable[[float, float], Levels], usual: float) -> Phase:
    """Return the past of a test in which a quantity is what it usually is."""
    return levels(usual, _traffic(settings)), history_steps(settings)


def anomaly_cases(
    settings: RuleSettings,
    levels: Callable[[float, float], Levels],
    firing: Callable[[float], ExpectedAlert],
    *,
    usual: float,
    high: float,
    fires_near: float,
    silent_near: float,
) -> tuple[Case, ...]:
    """Return the cases of a rule that compares a quantity with its baseline; arguments as for `threshold_cases`.

    What is usual is how the quantity was before, and is when all is well.
    """
    fresh = timeline((levels(high, _traffic(settings)), settings.settled_steps))
    return (
        *threshold_cases(
            settings,
            levels,
            firing,
            high=high,
            calm=usual,
            fires_near=fires_near,
            silent_near=silent_near,
            before=(usual_phase(settings, levels, usual),),
        ),
        Case("is silent without a history", fresh, (Check(settings.settled_seconds),)),
    )


def _traffic(settings: RuleSettings) -> float:
    return 100 * (settings.minimum or 1)
