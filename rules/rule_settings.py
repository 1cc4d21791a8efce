"""The settings of an alert rule: as the rule has them, and as they are after the configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from errtally.config.objectives import Monitor, Slo

SLACK_STEPS = 4
"""Steps that tests wait beyond what a rule needs, for the first samples of a rate."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """The settings that the configuration may change, as the rule has them by default.

    Attributes:
        severity: one of `names.SEVERITIES`.
        channels: where notifications go; none for what only Alertmanager itself must know.
        for_seconds: how long the condition must hold.
        threshold: the number compared with, None for a condition without one.
        window_seconds: how far the query looks back, None for a query that looks at now.
        minimum: how much must have happened before the rule may speak, so that one odd request in a quiet night
            pages nobody; None for a rule without such a floor.
        has_cooldown: whether the alert goes on for the cooldown after its condition ended, so that a value that
            wavers about its threshold gives one notification instead of many.
    """

    severity: str
    channels: tuple[str, ...] = ()
    for_seconds: int = 0
    threshold: float | None = None
    window_seconds: int | None = None
    minimum: float | None = None
    has_cooldown: bool = False


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """A rule's settings after the configuration: what queries and tests are built from."""

    severity: str
    channels: tuple[str, ...]
    for_seconds: int
    threshold: float
    window_seconds: int
    minimum: float
    keep_firing_seconds: int
    step_seconds: int
    """The distance of samples and evaluations in the generated tests."""
    exporters: str = "one"
    """How the series of several exporters add up; one of `EXPORTERS`."""
    slos: tuple[Slo, ...] = ()
    monitors: tuple[Monitor, ...] = ()

    @property
    def settled_steps(self) -> int:
        """Steps after which a condition that held from the start has filled the window and waited long enough."""
        return _whole_steps(self.window_seconds + self.for_seconds, self.step_seconds) + SLACK_STEPS

    @property
    def settled_seconds(self) -> int:
        """The same in seconds."""
        return self.settled_steps * self.step_seconds

    @property
    def over_steps(self) -> int:
        """Steps until an alert has ended whose condition ended right after `settled_steps`."""
        after = _whole_steps(self.window_seconds, self.step_seconds)
        return self.settled_steps + after + _whole_steps(self.keep_firing_seconds, self.step_seconds) + SLACK_STEPS

    @property
    def over_seconds(self) -> int:
        """The same in seconds."""
        return self.over_steps * self.step_seconds


def _whole_steps(seconds: int, step_seconds: int) -> int:
    return -(-seconds // step_seconds)
