"""Scheduled jobs whose schedule is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from errtally.event.signals import Schedule

Job = tuple[str, str, str]
"""Project, environment and monitor."""

FORGET_SECONDS = 30 * 86400
"""A job that has not reported for so long after it should have is taken for one that no longer exists."""


@dataclass(slots=True)
class Monitor:
    """A scheduled job whose schedule is known.

    Attributes:
        expected: the earliest planned time that no report answered, seconds since the epoch.
        judged_next: the planned time that is missed or not next; later than ``expected`` while the job is overdue.
        runs: runs under way, to when they have taken too long.
    """

    schedule: Schedule
    expected: float
    judged_next: float
    runs: dict[str, float] = field(default_factory=dict)

    @property
    def due(self) -> float:
        """When there is something to judge next."""
        missed = min(self.judged_next + self.schedule.margin_seconds, self.expected + FORGET_SECONDS)
        return min(missed, *self.runs.values()) if self.runs else missed
