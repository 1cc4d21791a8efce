"""The labels and annotations of an alert: as Prometheus' templates, and as a generated test expects them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote_plus

from errtally import names
from errtally.config.duration import format_duration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from errtally.config.alerting import Alerting
    from errtally.rules.model import AlertRule, Firing, Tuned

OVERVIEW_UID = "errtally-overview"
"""The overview dashboard's address in Grafana; the dashboards room builds it under this name."""


def labels(tuned: Tuned) -> dict[str, str]:
    """Return the labels that the rule adds; ``channels`` is a list with commas, which routes match."""
    channels = {"channels": ",".join(tuned.channels)} if tuned.channels else {}
    return {"severity": tuned.severity, **channels}


def templates(rule: AlertRule, tuned: Tuned, alerting: Alerting) -> dict[str, str]:
    """Return the annotations with Prometheus' template expressions in them."""
    words = {
        **{label: f"{{{{ $labels.{label} }}}}" for label in rule.labels},
        **{f"{label}_query": f"{{{{ $labels.{label} | urlquery }}}}" for label in rule.labels},
        "value": rule.value,
        **rule.fields,
    }
    return _annotations(rule, tuned, alerting, words)


def expected(rule: AlertRule, tuned: Tuned, alerting: Alerting, firing: Firing) -> dict[str, str]:
    """Return the annotations that Prometheus makes of the templates for one firing alert."""
    values = {label: firing.labels.get(label, "") for label in rule.labels}
    words = {
        **values,
        **{f"{label}_query": quote_plus(value) for label, value in values.items()},
        "value": firing.value,
        **firing.texts,
    }
    return _annotations(rule, tuned, alerting, words)


def _annotations(rule: AlertRule, tuned: Tuned, alerting: Alerting, words: Mapping[str, str]) -> dict[str, str]:
    words = {
        **words,
        "threshold": rule.threshold_text(tuned.threshold),
        "window": format_duration(tuned.window_seconds),
        "for": format_duration(tuned.for_seconds),
    }
    dashboard = f"{alerting.grafana.url}/d/{OVERVIEW_UID}"
    if set(names.BASE_LABELS) <= set(rule.labels):
        variables = "&".join(f"var-{label}={words[f'{label}_query']}" for label in names.BASE_LABELS)
        dashboard = f"{dashboard}?{variables}"
    issue = {"issue_url": f"{alerting.external_url}{words['link']}"} if "link" in words else {}
    return {
        "title": rule.title,
        "summary": rule.summary.format_map(words),
        "description": rule.description.format_map(words),
        "value": words["value"],
        "threshold": words["threshold"],
        "runbook_url": f"{alerting.runbook_base_url}/{rule.name}",
        "dashboard_url": dashboard,
        **issue,
    }
