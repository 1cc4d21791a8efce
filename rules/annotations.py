"""The labels and annotations of an alert: as Prometheus' templates, and as a generated test expects them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote_plus

from errtally import names
from errtally.config.duration import format_duration
from errtally.config.objectives import glob_matches, glob_regex

if TYPE_CHECKING:
    from collections.abc import Mapping

    from errtally.config.alerting import Alerting
    from errtally.rules.model import AlertRule, Firing, Tuned

OVERVIEW_UID = "errtally-overview"
"""The overview dashboard's address in Grafana; the dashboards room builds it under this name."""


DASHBOARD_RANGE = "from=now-3h&to=now"
"""The time range of links to dashboards."""


def labels(rule: AlertRule, tuned: Tuned, alerting: Alerting) -> dict[str, str]:
    """Return the labels that the rule adds: severity, channels, and the team that owns the project.

    ``channels`` is a list with commas, which routes match. An alert whose project no team owns has no team: Prometheus
    drops an empty label.
    """
    team = {"team": _team_template(alerting)} if alerting.teams and "project" in rule.labels else {}
    return {**_fixed_labels(tuned), **team}


def expected_labels(rule: AlertRule, tuned: Tuned, alerting: Alerting, firing: Firing) -> dict[str, str]:
    """Return all labels that one firing alert has."""
    found = {**firing.labels, **_fixed_labels(tuned)}
    if "project" in rule.labels:
        owners = [team.name for team in alerting.teams if glob_matches(team.projects, firing.labels["project"])]
        found |= {"team": owners[0]} if owners else {}
    return found


def _fixed_labels(tuned: Tuned) -> dict[str, str]:
    channels = {"channels": ",".join(tuned.channels)} if tuned.channels else {}
    return {"severity": tuned.severity, **channels}


def _team_template(alerting: Alerting) -> str:
    branches = "".join(
        f'{{{{ {"else " if index else ""}if match "^(?:{glob_regex(team.projects)})$" $labels.project }}}}{team.name}'
        for index, team in enumerate(alerting.teams)
    )
    return branches.replace("\\", "\\\\") + "{{ end }}"


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
    variables = ""
    if set(names.BASE_LABELS) <= set(rule.labels):
        variables = "".join(f"var-{label}={words[f'{label}_query']}&" for label in names.BASE_LABELS)
    # Prometheus' templates know no time; Alertmanager's put the alert's own in the place of this range.
    dashboard = f"{alerting.grafana.url}/d/{OVERVIEW_UID}?{variables}{DASHBOARD_RANGE}"
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
