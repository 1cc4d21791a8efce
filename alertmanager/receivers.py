"""Receivers: how each configured channel is told, as Alertmanager's configuration has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from errtally.config.alerting import Alerting
    from errtally.config.channels import Channels, Email, PagerDuty, Slack
    from errtally.config.teams import Team

DEFAULT = "default"
"""Takes what no route takes. It has every configured channel, so that no alert goes unheard."""

QUIET = "quiet"
"""Tells nobody."""

HEARTBEAT = "heartbeat"
EXPORTER = "exporter"


@dataclass(frozen=True, slots=True)
class Audience:
    """Who is told: a team with its channels, or, with the team None, everybody else."""

    team: Team | None
    channels: Channels

    @property
    def fallback(self) -> str:
        """The receiver with all of the audience's channels."""
        return f"team-{self.team.name}" if self.team else DEFAULT

    def receiver(self, channel: str) -> str:
        """The receiver of one channel."""
        return f"{self.fallback}-{channel}" if self.team else channel


def audiences(alerting: Alerting) -> list[Audience]:
    """Return the teams in their order, then everybody else."""
    teams = [Audience(team, team.channels.or_else(alerting.channels)) for team in alerting.teams]
    return [*teams, Audience(None, alerting.channels)]


def events_receiver(receiver: str) -> str:
    """The receiver of a channel for what happened once: the same place, which never hears that it is resolved."""
    return f"{receiver}-events"


def receivers(alerting: Alerting) -> list[dict[str, Any]]:
    """Return all receivers: for each audience one with every channel and one a channel, and those of machines."""
    found: list[dict[str, Any]] = []
    for audience in reversed(audiences(alerting)):
        people = people_configs(audience.channels)
        found.append({"name": audience.fallback, **{f"{name}_configs": [config] for name, config in people.items()}})
        if audience.team is None:
            found.append({"name": QUIET})
        for name, config in people.items():
            receiver, once = audience.receiver(name), {**config, "send_resolved": False}
            found.append({"name": receiver, f"{name}_configs": [config]})
            found.append({"name": events_receiver(receiver), f"{name}_configs": [once]})
        if webhook := audience.channels.webhook:
            config = _webhook(webhook.url, webhook.token_file)
            found.append({"name": audience.receiver("webhook"), "webhook_configs": [config]})
    channels = alerting.channels
    if channels.heartbeat:
        found.append({"name": HEARTBEAT, "webhook_configs": [{"url": channels.heartbeat.url, "send_resolved": False}]})
    if channels.exporter:
        config = _webhook(channels.exporter.url, channels.exporter.token_file)
        found.append({"name": EXPORTER, "webhook_configs": [config]})
    return found


def _webhook(url: str, token_file: str) -> dict[str, Any]:
    login = {"http_config": {"authorization": {"credentials_file": token_file}}} if token_file else {}
    return {"url": url, "send_resolved": True, **login}


def destinations(alerting: Alerting) -> dict[str, str]:
    """Return for each receiver where it leads, in words."""
    found = {QUIET: "nobody"}
    for audience in audiences(alerting):
        own = _places(audience.channels)
        found[audience.fallback] = ", ".join(own.values()) or "nobody: no channel is configured"
        for name, place in own.items():
            receiver = audience.receiver(name)
            found |= {receiver: place, events_receiver(receiver): place}
        if audience.channels.webhook:
            found[audience.receiver("webhook")] = f"webhook {audience.channels.webhook.url}"
    if alerting.channels.heartbeat:
        found[HEARTBEAT] = f"heartbeat {alerting.channels.heartbeat.url}"
    if alerting.channels.exporter:
        found[EXPORTER] = f"errtally {alerting.channels.exporter.url}"
    return found


def _places(channels: Channels) -> dict[str, str]:
    found = {}
    if channels.slack:
        found["slack"] = f"Slack {channels.slack.channel}"
    if channels.pagerduty:
        found["pagerduty"] = "PagerDuty"
    if channels.email:
        found["email"] = f"mail to {', '.join(channels.email.to)}"
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
        "class": _template("names"),
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
            {"href": _template("dashboard"), "text": "Dashboard"},
            {"href": _template("runbook"), "text": "Runbook"},
            {"href": _template("silence"), "text": "Silence"},
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
