"""Receivers: how each configured channel is told, as Alertmanager's configuration has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from errtally.config.alerting import Alerting
    from errtally.config.channels import Channels, Email, PagerDuty, Slack

DEFAULT = "default"
"""Takes what no route takes. It has every configured channel, so that no alert goes unheard."""

QUIET = "quiet"
"""Tells nobody."""

HEARTBEAT = "heartbeat"
EXPORTER = "exporter"


def receivers(alerting: Alerting) -> list[dict[str, Any]]:
    """Return all receivers: the default one, a quiet one, and one for each configured channel."""
    channels = alerting.channels
    people = people_configs(channels)
    found: list[dict[str, Any]] = [
        {"name": DEFAULT, **{f"{name}_configs": [config] for name, config in people.items()}},
        {"name": QUIET},
        *({"name": name, f"{name}_configs": [config]} for name, config in people.items()),
    ]
    if channels.heartbeat:
        found.append({"name": HEARTBEAT, "webhook_configs": [{"url": channels.heartbeat.url, "send_resolved": False}]})
    if channels.exporter:
        config: dict[str, Any] = {"url": channels.exporter.url, "send_resolved": True}
        if channels.exporter.token_file:
            config["http_config"] = {"authorization": {"credentials_file": channels.exporter.token_file}}
        found.append({"name": EXPORTER, "webhook_configs": [config]})
    return found


def people_configs(channels: Channels) -> dict[str, dict[str, Any]]:
    """Return the integration of each configured channel that people read, by the channel's name."""
    found = {}
    if channels.slack:
        found["slack"] = _slack(channels.slack)
    if channels.pagerduty:
        found["pagerduty"] = _pagerduty(channels.pagerduty)
    if channels.email:
        found["email"] = _email(channels.email)
    return found


def _template(name: str) -> str:
    return f'{{{{ template "errtally.{name}" . }}}}'


def _slack(slack: Slack) -> dict[str, Any]:
    fields = {
        "Severity": "{{ .CommonLabels.severity | toUpper }}",
        "Environment": _template("environment"),
        "Current Value": _template("value"),
        "Threshold": _template("threshold"),
    }
    return {
        **slack.api_url.keys("api_url"),
        "channel": slack.channel,
        "send_resolved": True,
        "color": _template("slack.color"),
        "title": _template("slack.title"),
        "title_link": _template("link"),
        "text": _template("slack.text"),
        "fallback": _template("title"),
        "fields": [{"title": title, "value": value, "short": True} for title, value in fields.items()],
        # Alertmanager can't set an attachment's own time, so the footer says it behind the project's name.
        "footer": _template("slack.footer"),
    }


def _pagerduty(pagerduty: PagerDuty) -> dict[str, Any]:
    return {
        **pagerduty.routing_key.keys("routing_key"),
        **({"url": pagerduty.url} if pagerduty.url else {}),
        "send_resolved": True,
        "severity": _template("pagerduty.severity"),
        "description": _template("pagerduty.summary"),
        "class": "{{ .CommonLabels.alertname }}",
        "component": "{{ .CommonLabels.project }}",
        "group": "{{ .CommonLabels.environment }}",
        "client": "errtally",
        "client_url": _template("link"),
        "details": {
            "rule": _template("rule"),
            "environment": _template("environment"),
            "current_value": _template("value"),
            "threshold": _template("threshold"),
            "firing": '{{ template "errtally.pagerduty.alerts" .Alerts.Firing }}',
            "resolved": '{{ template "errtally.pagerduty.alerts" .Alerts.Resolved }}',
        },
        "links": [
            {"href": _template("link"), "text": "Errors"},
            {"href": "{{ .CommonAnnotations.dashboard_url }}", "text": "Dashboard"},
            {"href": "{{ .CommonAnnotations.runbook_url }}", "text": "Runbook"},
        ],
    }


def _email(email: Email) -> dict[str, Any]:
    login = {"auth_username": email.auth_username} if email.auth_username else {}
    return {
        "to": ", ".join(email.to),
        "from": email.sender,
        "smarthost": email.smarthost,
        **({"hello": email.hello} if email.hello else {}),
        **login,
        **email.auth_password.keys("auth_password"),
        "require_tls": email.require_tls,
        "send_resolved": True,
        "headers": {"Subject": _template("email.subject")},
        "text": _template("email.text"),
        "html": _template("email.html"),
    }
