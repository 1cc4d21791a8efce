"""Alerts reckon with series whose first value is an increase: a series that is born at 1 does not increase."""

from __future__ import annotations

import re

import pytest

from errtally import config, names
from errtally.rules.build import RULES_ENDING, build
from errtally.rules.lint.tree import metric_of

BORN_WITH_A_VALUE = {
    names.ISSUE_EVENTS: "GrowingIssue needs an hour of an issue's history; NewIssue and Regression tell of its birth",
}
"""Counters with labels that rules read all the same, and why nothing is lost."""

_SETTINGS = """
alerting:
  slos: [{name: fast, objective: 0.95, kind: latency, threshold: 1}, {name: up, objective: 0.999}]
  monitors: [{monitor: nightly, interval: 25h}]
"""


def _read_as_increase(text: str) -> set[str]:
    files = build(config.parse(text, "f"))
    rules = "\n".join(text for name, text in files.items() if name.endswith(RULES_ENDING))
    return set(re.findall(r"(?:rate|increase|delta)\((errtally_\w+)", rules))


@pytest.mark.parametrize("exporters", ["one", "shared", "independent"])
def test_what_alerts_take_an_increase_of_exists_at_zero_before_its_first_value(exporters: str) -> None:
    read = _read_as_increase(f"{_SETTINGS}  exporters: {exporters}\n")
    assert len(read) > 8
    metrics = {metric_of(name) for name in read} - {*BORN_WITH_A_VALUE}
    assert [metric.name for metric in metrics if metric and metric.labels and not metric.starts_at_zero] == []


def test_every_exception_is_needed() -> None:
    assert {metric.name for metric in BORN_WITH_A_VALUE} <= _read_as_increase(_SETTINGS)
