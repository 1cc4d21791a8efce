"""Prometheus' rule groups: recording rules first, then the alerts that read them.

Each group stands in a file of its own and reads nothing from another, so the tests of one need not evaluate all.
Prometheus evaluates a group's rules in order: an alert reads what was recorded in the same evaluation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from errtally.config.duration import format_duration
from errtally.rules.annotations import labels, templates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from errtally.config.alerting import Alerting
    from errtally.rules.model import AlertRule, Recording
    from errtally.rules.rule_settings import RuleSettings

_INTERVALS = {"errtally-slo": "1m", "errtally-seasonal": "1m"}
"""Groups that look back over days need no more; the others have Prometheus' own interval."""


def rule_groups(rules: Mapping[AlertRule, RuleSettings], alerting: Alerting) -> list[dict[str, Any]]:
    """Return the rule groups, in the part of the format that Prometheus 2.42 to 3 share."""
    names = list(dict.fromkeys(rule.group for rule in rules))
    return [
        _group(name, {rule: settings for rule, settings in rules.items() if rule.group == name}, alerting)
        for name in names
    ]


def prometheus_rule(groups: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the groups as the custom resource of the Prometheus operator."""
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "errtally", "labels": {"app.kubernetes.io/name": "errtally"}},
        "spec": {"groups": groups},
    }


def _group(name: str, rules: Mapping[AlertRule, RuleSettings], alerting: Alerting) -> dict[str, Any]:
    recordings = {
        (recording.record, *sorted(recording.labels.items())): recording
        for rule, settings in rules.items()
        for recording in rule.recordings(settings)
    }
    return {
        "name": name,
        **({"interval": _INTERVALS[name]} if name in _INTERVALS else {}),
        "rules": [
            *(_recording(recording) for recording in recordings.values()),
            *(_alert(rule, settings, alerting) for rule, settings in rules.items()),
        ],
    }


def _recording(recording: Recording) -> dict[str, Any]:
    own_labels = {"labels": dict(recording.labels)} if recording.labels else {}
    return {"record": recording.record, "expr": recording.expr, **own_labels}


def _alert(rule: AlertRule, settings: RuleSettings, alerting: Alerting) -> dict[str, Any]:
    alert: dict[str, Any] = {"alert": rule.name, "expr": rule.expr(settings)}
    if settings.for_seconds:
        alert["for"] = format_duration(settings.for_seconds)
    if settings.keep_firing_seconds:
        alert["keep_firing_for"] = format_duration(settings.keep_firing_seconds)
    return {**alert, "labels": labels(rule, settings, alerting), "annotations": templates(rule, settings, alerting)}
