"""Receivers: how each configured channel is told, as Alertmanager's configuration has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from errtally.alertmanager.chats import INTEGRATIONS, chat_configs, template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from errtally.config.alerting import Alerting
    from errtally.config.channels import Channels, Email, PagerDuty
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
        found.append({"name": audience.fallback, **_integrations(people)})
        if audience.team is None:
            found.append({"name": QUIET})
        for name, config in people.items():
            receiver, once = audience.receiver(name), {**config, "send_resolved": False}
            found.append({"name": receiver, **_integrations({name: config})})
            found.append({"name": events_receiver(receiver), **_integrations({name: once})})
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


def _integrations(people: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Return a receiver's keys; two channels may be told by one integration of Alertmanager's."""
    found: dict[str, Any] = {}
    for name, config in people.items():
        found.setdefault(f"{INTEGRATIONS.get(name, name)}_configs", []).append(config)
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
    if channels.mattermost:
        found["mattermost"] = f"Mattermost {channels.mattermost.channel}".rstrip()
    if channels.discord:
        found["discord"] = "Discord"
    if channels.teams:
        found["teams"] = "Microsoft Teams"
    if channels.telegram:
        found["telegram"] = f"Telegram chat {channels.telegram.chat_id}"
    if channels.google_chat:
        found["google_chat"] = "Google Chat"
    if channels.pagerduty:
        found["pagerduty"] = "PagerDuty"
    if channels.email:
        found["email"] = f"mail to {', '.join(channels.email.to)}"
    return found


def people_configs(channels: Channels) -> dict[str, dict[str, Any]]:
    """Return the integration of each configured channel that people read, by the channel's name."""
    found = chat_configs(channels)
    if channels.pagerduty:
        found["pagerduty"] = _pagerduty(channels.pagerduty)
    if channels.email:
        found["email"] = _email(channels.email)
    return found


def _pagerduty(pagerduty: PagerDuty) -> dict[str, Any]:
    return {
        **pagerduty.routing_key.keys("routing_key"),
        **({"url": pagerduty.url} if pagerduty.url else {}),
        "send_resolved": True,
        "severity": template("pagerduty.severity"),
        "description": template("pagerduty.summary"),
        "class": template("names"),
        "component": "{{ .CommonLabels.project }}",
        "group": "{{ .CommonLabels.environment }}",
        "client": "errtally",
        "client_url": template("link"),
        "details": {
            "rule": template("rule"),
            "environment": template("environment"),
            "current_value": template("value"),
            "threshold": template("threshold"),
            "firing": '{{ template "errtally.pagerduty.alerts" .Alerts.Firing }}',
            "resolved": '{{ template "errtally.pagerduty.alerts" .Alerts.Resolved }}',
        },
        "links": [
            {"href": template("link"), "text": "Errors"},
            {"href": template("dashboard"), "text": "Dashboard"},
            {"href": template("runbook"), "text": "Runbook"},
            {"href": template("silence"), "text": "Silence"},
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
        "headers": {"Subject": template("email.subject")},
        "text": template("email.text"),
        "html": template("email.html"),
    }
