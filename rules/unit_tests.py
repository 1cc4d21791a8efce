"""promtool's unit tests of the generated alerts, from the cases that each rule brings.

promtool evaluates every rule of a file at one interval, and refuses a query over more than some 10,000 samples. So
there is a test file for each rule group and distance of samples: rules that look back over weeks take long steps.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from errtally import names
from errtally.config.duration import format_duration
from errtally.rules.annotations import expected, expected_labels

if TYPE_CHECKING:
    from collections.abc import Mapping

    from errtally.config.alerting import Alerting
    from errtally.rules.model import AlertRule, Case, Check
    from errtally.rules.rule_settings import RuleSettings

_METRIC = re.compile(r"(\w+?)(?:_bucket|_sum|_count)?(\{.*\})?")
_PART = re.compile(r"(?P<start>[\d.e-]+)(?:\+(?P<step>[\d.e-]+))?(?P<count>x\d+)?")
"""One part of promtool's notation: a value, what each step adds, how many steps; `_` and `_x3` are gaps."""


def unit_tests(rules: Mapping[AlertRule, RuleSettings], alerting: Alerting) -> dict[str, dict[str, Any]]:
    """Return the content of each test file for ``promtool test rules``, which lie beside the rule files."""
    files: dict[str, dict[str, Any]] = {}
    usual: dict[str, int] = {}
    for rule, settings in rules.items():
        step = settings.step_seconds
        first = usual.setdefault(rule.group, step)
        name = rule.group if step == first else f"{rule.group}-{format_duration(step)}"
        tests = files.setdefault(
            f"{name}.tests.yml",
            {"rule_files": [f"{rule.group}.rules.yml"], "evaluation_interval": format_duration(step), "tests": []},
        )
        tests["tests"] += [_test(rule, settings, alerting, case) for case in rule.cases(settings)]
    return files


def _test(rule: AlertRule, settings: RuleSettings, alerting: Alerting, case: Case) -> dict[str, Any]:
    return {
        "name": f"{rule.name} {case.name}",
        "interval": format_duration(settings.step_seconds),
        "input_series": [
            {"series": series, "values": values}
            for sent, over_time in case.series.items()
            for series, values in _scraped(sent, over_time, settings.exporters)
        ],
        "alert_rule_test": [_check(rule, settings, alerting, check) for check in case.checks],
    }


def _check(rule: AlertRule, settings: RuleSettings, alerting: Alerting, check: Check) -> dict[str, Any]:
    return {
        "eval_time": format_duration(check.at_seconds),
        "alertname": rule.name,
        "exp_alerts": [
            {
                "exp_labels": expected_labels(rule, settings, alerting, firing),
                "exp_annotations": expected(rule, settings, alerting, firing),
            }
            for firing in check.firing
        ],
    }


def _scraped(series: str, values: str, exporters: str) -> list[tuple[str, str]]:
    """A series as Prometheus has it when it scrapes one exporter or two.

    Two that share a store show the same; of two with stores of their own, each has counted a half.
    """
    match = _METRIC.fullmatch(series)
    metric = names.BY_NAME.get(match[1]) if match else None
    if metric is None or "instance=" in series:
        return [(series, values)]
    instances = ["exporter-1:9765"] if exporters == "one" else ["exporter-1:9765", "exporter-2:9765"]
    adds_up = metric.kind in ("counter", "histogram") or metric is names.USERS_AFFECTED
    if exporters == "independent" and adds_up and metric is not names.STORE_ERRORS:
        values = " ".join(_halved(part) for part in values.split())
    return [(_labelled(series, f'job="errtally", instance="{instance}"'), values) for instance in instances]


def _halved(part: str) -> str:
    match = _PART.fullmatch(part)
    if match is None:
        return part
    step = f"+{Decimal(match['step']) / 2:f}" if match["step"] else ""
    return f"{Decimal(match['start']) / 2:f}{step}{match['count'] or ''}"


def _labelled(series: str, labels: str) -> str:
    if series.endswith("}"):
        return f"{series[:-1]}, {labels}}}"
    return f"{series}{{{labels}}}"
