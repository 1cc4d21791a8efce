"""Prometheus' rule groups: recording rules first, then the alerts that read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from errtally.config.duration import format_duration
from errtally.rules.annotations import labels, templates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from errtally.config.alerting import Alerting
    from errtally.rules.model import AlertRule, Tuned


def rule_groups(rules: Mapping[AlertRule, Tuned], alerting: Alerting) -> dict[str, Any]:
    """Return the content of a rule file, in the part of the format that Prometheus 2.42 to 3 share.

    One group holds recordings and alerts: Prometheus evaluates a group's rules in order, so an alert reads
    what was recorded in the same evaluation.
    """
    recordings = {
        recording.record: recording.expr for rule, tuned in rules.items() for recording in rule.recordings(tuned)
    }
    return {
        "groups": [
            {
                "name": "errtally",
                "rules": [
                    *({"record": record, "expr": expr} for record, expr in recordings.items()),
                    *(_alert(rule, tuned, alerting) for rule, tuned in rules.items()),
                ],
            }
        ]
    }


def prometheus_rule(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same groups as the custom resource of the Prometheus operator."""
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "errtally", "labels": {"app.kubernetes.io/name": "errtally"}},
        "spec": content,
    }


def _alert(rule: AlertRule, tuned: Tuned, alerting: Alerting) -> dict[str, Any]:
    alert: dict[str, Any] = {"alert": rule.name, "expr": rule.expr(tuned)}
    if tuned.for_seconds:
        alert["for"] = format_duration(tuned.for_seconds)
    if tuned.keep_firing_seconds:
        alert["keep_firing_for"] = format_duration(tuned.keep_firing_seconds)
    return {**alert, "labels": labels(tuned), "annotations": templates(rule, tuned, alerting)}
