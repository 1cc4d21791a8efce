"""What an alert rule is: its default settings, its queries, its words, its runbook and its test cases.

One file in ``alerts/`` holds one `AlertRule`. Texts for people are written once, with fields in braces
(``{project}``, ``{value}``): the rule's annotations get Prometheus' template expressions in their place, the
generated test gets the values that it expects.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from errtally.rules.boards import OVERVIEW
from errtally.rules.missing_data import usual

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from errtally.config.alerting import Alerting
    from errtally.config.objectives import Monitor, Slo
    from errtally.rules.boards import Board


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


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording rule that the alert reads."""

    record: str
    expr: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Runbook:
    """The four parts of a runbook page, in Markdown."""

    meaning: str
    impact: str
    diagnosis: str
    mitigation: str


@dataclass(frozen=True, slots=True)
class ExpectedAlert:
    """An alert that a test expects: its labels beside the rule's own, and the text of its value."""

    labels: Mapping[str, str]
    value: str
    texts: Mapping[str, str] = field(default_factory=dict)
    """What other template fields give, such as the title of an issue."""


@dataclass(frozen=True, slots=True)
class Check:
    """At ``at_seconds`` exactly these alerts fire."""

    at_seconds: int
    firing: tuple[ExpectedAlert, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One generated unit test: series over time (promtool's notation), and what fires when."""

    name: str
    series: Mapping[str, str]
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AlertRule:
    """One alert.

    Attributes:
        name: the alert's name, also that of its runbook page and its key in the configuration.
        title: the rule's name for people.
        labels: labels that its series carry; they choose the links that make sense.
        summary, description: texts with fields in braces: the labels, ``value`` and those of ``fields``.
        value: Prometheus' template of the current value.
        threshold_text: the threshold as people write it.
        fields: more template fields: name to Prometheus' template.
        expr: the query.
        without_data: says what it does while its data is missing, for the runbook page.
        recordings: recording rules that the query needs.
        cases: unit tests.
        problem: says what is wrong with a setting, or "".
        board: the dashboard that shows what the alert is about.
        minimum_of: what the minimum counts, for the runbook page.
        group: the rule group that evaluates it.
        step_seconds: the longest distance of samples in its tests; a rule that looks far back takes a long one.
        is_due: whether the configuration has what the rule needs.
    """

    name: str
    title: str
    defaults: Defaults
    labels: tuple[str, ...]
    summary: str
    description: str
    value: str
    threshold_text: Callable[[float], str]
    expr: Callable[[RuleSettings], str]
    cases: Callable[[RuleSettings], tuple[Case, ...]]
    runbook: Runbook
    without_data: Callable[[RuleSettings], str] = usual
    recordings: Callable[[RuleSettings], tuple[Recording, ...]] = lambda _: ()
    fields: Callable[[RuleSettings], Mapping[str, str]] = lambda _: {}
    problem: Callable[[RuleSettings], str] = lambda _: ""
    board: Board = OVERVIEW
    minimum_of: str = ""
    group: str = "errtally"
    step_seconds: int = 30
    is_due: Callable[[Alerting], bool] = lambda _: True


def _whole_steps(seconds: int, step_seconds: int) -> int:
    return -(-seconds // step_seconds)
