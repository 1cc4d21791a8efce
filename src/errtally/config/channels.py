"""The channels that notifications can take, as the key ``alerting.channels`` configures them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from errtally.config.chats import CHATS, Discord, GoogleChat, Mattermost, Slack, Teams, Telegram, chats
from errtally.config.duration import parse_duration
from errtally.config.named_secret import NamedSecret, named_secret

if TYPE_CHECKING:
    from collections.abc import Mapping

CHANNELS = (*CHATS, "pagerduty", "email")
"""Channels that a rule can name, in the order in which they are written into the label ``channels``."""


@dataclass(frozen=True, slots=True)
class PagerDuty:
    """An integration key of PagerDuty's Events API v2; ``url`` "" is PagerDuty's own."""

    routing_key: NamedSecret
    url: str = ""


@dataclass(frozen=True, slots=True)
class Email:
    """Mail by SMTP; ``smarthost`` is HOST:PORT."""

    to: tuple[str, ...]
    sender: str
    smarthost: str
    hello: str = ""
    auth_username: str = ""
    auth_password: NamedSecret = field(default_factory=NamedSecret)
    require_tls: bool = True


@dataclass(frozen=True, slots=True)
class Webhook:
    """Any receiver of Alertmanager's own webhook, which hears every alert; ``token_file`` holds a bearer token."""

    url: str
    token_file: str = ""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A webhook that hears the dead man's switch every ``interval_seconds``; its silence is the alarm."""

    url: str
    interval_seconds: int = 300


@dataclass(frozen=True, slots=True)
class ExporterWebhook:
    """The exporter's own ``/api/alerts``, which shows active alerts and measures how long they last."""

    url: str
    token_file: str = ""


@dataclass(frozen=True, slots=True)
class Channels:
    """What is configured; None is not."""

    slack: Slack | None = None
    mattermost: Mattermost | None = None
    discord: Discord | None = None
    teams: Teams | None = None
    telegram: Telegram | None = None
    google_chat: GoogleChat | None = None
    pagerduty: PagerDuty | None = None
    email: Email | None = None
    webhook: Webhook | None = None
    heartbeat: Heartbeat | None = None
    exporter: ExporterWebhook | None = None

    @property
    def configured(self) -> tuple[str, ...]:
        """The names of the channels for people that are configured."""
        return tuple(name for name in CHANNELS if getattr(self, name) is not None)

    @property
    def chats(self) -> tuple[str, ...]:
        """The names of the chats that are configured."""
        return tuple(name for name in CHATS if getattr(self, name) is not None)

    def secret_files(self) -> dict[str, str]:
        """Return the files of secrets that Alertmanager reads, each under the key that names it."""
        files = {
            "slack.api_url_file": self.slack and self.slack.api_url.file,
            "mattermost.webhook_url_file": self.mattermost and self.mattermost.webhook_url.file,
            "discord.webhook_url_file": self.discord and self.discord.webhook_url.file,
            "teams.webhook_url_file": self.teams and self.teams.webhook_url.file,
            "telegram.bot_token_file": self.telegram and self.telegram.bot_token.file,
            "google_chat.webhook_url_file": self.google_chat and self.google_chat.webhook_url.file,
            "pagerduty.routing_key_file": self.pagerduty and self.pagerduty.routing_key.file,
            "email.auth_password_file": self.email and self.email.auth_password.file,
            "webhook.token_file": self.webhook and self.webhook.token_file,
            "exporter.token_file": self.exporter and self.exporter.token_file,
        }
        return {key: file for key, file in files.items() if file}

    def or_else(self, others: Channels) -> Channels:
        """Return these channels for people, and for each that is not configured the one of ``others``.

        Of chats, those of ``others`` only where none is configured here: who has a chat of its own is told there.
        """
        of_chats = self if self.chats else others
        return Channels(
            **{name: getattr(of_chats, name) for name in CHATS},
            pagerduty=self.pagerduty or others.pagerduty,
            email=self.email or others.email,
            webhook=self.webhook or others.webhook,
        )


def channels(
    document: Mapping[str, Any], external_url: str, problems: list[str], place: str = "alerting.channels"
) -> Channels:
    """Build the channels from a checked mapping, which stands at ``place``; append what is wrong to ``problems``."""
    pagerduty = document.get("pagerduty")
    email = document.get("email")
    webhook = document.get("webhook")
    heartbeat = document.get("heartbeat")
    exporter = document.get("exporter")
    return Channels(
        **chats(document, place, problems),
        pagerduty=None
        if pagerduty is None
        else PagerDuty(
            named_secret(pagerduty, f"{place}.pagerduty", "routing_key", problems), pagerduty.get("url", "")
        ),
        email=None if email is None else _email(email, f"{place}.email", problems),
        webhook=None if webhook is None else Webhook(webhook["url"], webhook.get("token_file", "")),
        heartbeat=None
        if heartbeat is None
        else Heartbeat(heartbeat["url"], parse_duration(heartbeat.get("interval", "5m"))),
        exporter=None
        if exporter is None
        else ExporterWebhook(exporter.get("url", f"{external_url}/api/alerts"), exporter.get("token_file", "")),
    )


def _email(values: Mapping[str, Any], place: str, problems: list[str]) -> Email:
    password = named_secret(values, place, "auth_password", problems, required=False)
    username = values.get("auth_username", "")
    if bool(password) != bool(username):
        problems.append(f"{place}: auth_username and auth_password_file need each other")
    return Email(
        to=tuple(values["to"]),
        sender=values["from"],
        smarthost=values["smarthost"],
        hello=values.get("hello", ""),
        auth_username=username,
        auth_password=password,
        require_tls=values.get("require_tls", True),
    )
