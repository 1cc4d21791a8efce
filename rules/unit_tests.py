"""promtool's unit tests of the generated alerts, from the cases that each rule brings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from errtally.config.duration import format_duration
from errtally.rules.annotations import expected, labels

if TYPE_CHECKING:
    from collections.abc import Mapping

    from errtally.config.alerting import Alerting
    from errtally.rules.model import AlertRule, Case, Check, Tuned


def unit_tests(rules: Mapping[AlertRule, Tuned], alerting: Alerting, rule_file: str) -> dict[str, Any]:
    """Return the content of a test file for ``promtool test rules`` that lies beside ``rule_file``."""
    steps = {tuned.step_seconds for tuned in rules.values()} or {60}
    return {
        "rule_files": [rule_file],
        "evaluation_interval": format_duration(min(steps)),
        "tests": [_test(rule, tuned, alerting, case) for rule, tuned in rules.items() for case in rule.cases(tuned)],
    }


def _test(rule: AlertRule, tuned: Tuned, alerting: Alerting, case: Case) -> dict[str, Any]:
    return {
        "name": f"{rule.name} {case.name}",
        "interval": format_duration(tuned.step_seconds),
        "input_series": [{"series": series, "values": values} for series, values in case.series.items()],
        "alert_rule_test": [_check(rule, tuned, alerting, check) for check in case.checks],
    }


def _check(rule: AlertRule, tuned: Tuned, alerting: Alerting, check: Check) -> dict[str, Any]:
    return {
        "eval_time": format_duration(check.at_seconds),
        "alertname": rule.name,
        "exp_alerts": [
            {
                "exp_labels": {**firing.labels, **labels(tuned)},
                "exp_annotations": expected(rule, tuned, alerting, firing),
            }
            for firing in check.firing
        ],
    }
