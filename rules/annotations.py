"""The labels and annotations of an alert: as Prometheus' templates, and as a generated test expects them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote_plus

from errtally.config.duration import format_duration
from errtally.config.objectives import glob_matches, glob_regex
from errtally.rules import boards

if TYPE_CHECKING:
    from collections.abc import Mapping

    from errtally.config.alerting import Alerting
    from errtally.rules.model import AlertRule, ExpectedAlert
    from errtally.rules.rule_settings import RuleSettings

DASHBOARD_RANGE = "from=now-3h&to=now"
"""The time range of links to dashboards."""


def labels(rule: AlertRule, settings: RuleSettings, alerting: Alerting) -> dict[str, str]:
    """Return the labels that the rule adds: severity, channels, and the team that owns the project.

    ``channels`` is a list with commas, which routes match. An alert whose project no team owns has no team: Prometheus
    drops an empty label.
    """
    team = {"team": _team_template(alerting)} if alerting.teams and "project" in rule.labels else {}
    return {**_fixed_labels(settings), **team}


def expected_labels(
    rule: AlertRule, settings: RuleSettings, alerting: Alerting, firing: ExpectedAlert
) -> dict[str, str]:
    """Return all labels that one firing alert has."""
    found = {**firing.labels, **_fixed_labels(settings)}
    if "project" in rule.labels:
        owners = [team.name for team in alerting.teams if glob_matches(team.projects, firing.labels.get("project", ""))]
        found |= {"team": owners[0]} if owners else {}
    return found


def _fixed_labels(settings: RuleSettings) -> dict[str, str]:
    channels = {"channels": ",".join(settings.channels)} if settings.channels else {}
    return {"severity": settings.severity, **channels}


def _team_template(alerting: Alerting) -> str:
    branches = "".join(
        f'{{{{ {"else " if index else ""}if match "^(?:{glob_regex(team.projects)})$" $labels.project }}}}{team.name}'
        for index, team in enumerate(alerting.teams)
    )
    return branches.replace("\\", "\\\\") + "{{ end }}"


def templates(rule: AlertRule, settings: RuleSettings, alerting: Alerting) -> dict[str, str]:
    """Return the annotations with Prometheus' template expressions in them."""
    words = {
        **{label: f"{{{{ $labels.{label} }}}}" for label in rule.labels},
        "value": rule.value,
        **rule.fields(settings),
    }
    board = _board_template(rule)
    return _annotations(rule, settings, alerting, words, board)


def _board_template(rule: AlertRule) -> str:
    """Return the dashboard's path; one of an issue needs an issue, which alerts of a service as a whole don't have."""
    variables = "".join(
        f"{{{{ with $labels.{label} }}}}var-{label}={{{{ . | urlquery }}}}&{{{{ end }}}}"
        for label in rule.board.variables
        if label in rule.labels
    )
    uid = rule.board.uid
    if rule.board is boards.ISSUE:
        uid = f"{{{{ if $labels.issue }}}}{uid}{{{{ else }}}}{boards.OVERVIEW.uid}{{{{ end }}}}"
    return f"{uid}?{variables}"


def expected(rule: AlertRule, settings: RuleSettings, alerting: Alerting, firing: ExpectedAlert) -> dict[str, str]:
    """Return the annotations that Prometheus makes of the templates for one firing alert."""
    values = {label: firing.labels.get(label, "") for label in rule.labels}
    words = {
        **values,
        "value": firing.value,
        **firing.texts,
    }
    board = boards.OVERVIEW if rule.board is boards.ISSUE and not values["issue"] else rule.board
    chosen = {label: values[label] for label in board.variables if values.get(label)}
    variables = "".join(f"var-{label}={quote_plus(value)}&" for label, value in chosen.items())
    return _annotations(rule, settings, alerting, words, f"{board.uid}?{variables}")


def _annotations(
    rule: AlertRule, settings: RuleSettings, alerting: Alerting, words: Mapping[str, str], board: str
) -> dict[str, str]:
    words = {
        **words,
        "threshold": rule.threshold_text(settings.threshold),
        "window": format_duration(settings.window_seconds),
        "for": format_duration(settings.for_seconds),
    }
    # Prometheus' templates know no time; Alertmanager's put the alert's own in the place of this range.
    dashboard = f"{alerting.grafana.url}/d/{board}{DASHBOARD_RANGE}"
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
