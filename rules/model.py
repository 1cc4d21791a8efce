"""What an alert rule is: its queries, its words, its runbook and its test cases.

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
    from errtally.rules.boards import Board
    from errtally.rules.rule_settings import Defaults, RuleSettings


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
