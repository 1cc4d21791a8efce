"""The channels that notifications can take, as the key ``alerting.channels`` configures them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from errtally.config.duration import parse_duration

if TYPE_CHECKING:
    from collections.abc import Mapping

CHANNELS = ("slack", "pagerduty", "email")
"""Channels that a rule can name, in the order in which they are written into the label ``channels``."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret, better named by the file that holds it than written down.

    Attributes:
        file: path that Alertmanager reads; goes before the value.
        value: the secret itself, or "".
    """

    file: str = ""
    value: str = ""

    def __bool__(self) -> bool:
        return bool(self.file or self.value)

    def keys(self, name: str) -> dict[str, str]:
        """Return the one key of Alertmanager's configuration for this secret: ``name`` or ``name_file``."""
        if self.file:
            return {f"{name}_file": self.file}
        return {name: self.value} if self.value else {}


@dataclass(frozen=True, slots=True)
class Slack:
    """An incoming webhook of Slack, or of what understands the same (Mattermost, Rocket.Chat)."""

    api_url: Secret
    channel: str


@dataclass(frozen=True, slots=True)
class PagerDuty:
    """An integration key of PagerDuty's Events API v2; ``url`` "" is PagerDuty's own."""

    routing_key: Secret
    url: str = ""


@dataclass(frozen=True, slots=True)
class Email:
    """Mail by SMTP; ``smarthost`` is HOST:PORT."""

    to: tuple[str, ...]
    sender: str
    smarthost: str
    hello: str = ""
    auth_username: str = ""
    auth_password: Secret = Secret()
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
    pagerduty: PagerDuty | None = None
    email: Email | None = None
    webhook: Webhook | None = None
    heartbeat: Heartbeat | None = None
    exporter: ExporterWebhook | None = None

    @property
    def configured(self) -> tuple[str, ...]:
        """The names of the channels for people that are configured."""
        return tuple(name for name in CHANNELS if getattr(self, name) is not None)

    def secret_files(self) -> dict[str, str]:
        """Return the files of secrets that Alertmanager reads, each under the key that names it."""
        files = {
            "slack.api_url_file": self.slack and self.slack.api_url.file,
            "pagerduty.routing_key_file": self.pagerduty and self.pagerduty.routing_key.file,
            "email.auth_password_file": self.email and self.email.auth_password.file,
            "webhook.token_file": self.webhook and self.webhook.token_file,
            "exporter.token_file": self.exporter and self.exporter.token_file,
        }
        return {key: file for key, file in files.items() if file}

    def or_else(self, others: Channels) -> Channels:
        """Return these channels for people, and for each that is not configured the one of ``others``."""
        return Channels(
            slack=self.slack or others.slack,
            pagerduty=self.pagerduty or others.pagerduty,
            email=self.email or others.email,
            webhook=self.webhook or others.webhook,
        )


def channels(
    document: Mapping[str, Any], external_url: str, problems: list[str], place: str = "alerting.channels"
) -> Channels:
    """Build the channels from a checked mapping, which stands at ``place``; append what is wrong to ``problems``."""
    slack = document.get("slack")
    pagerduty = document.get("pagerduty")
    email = document.get("email")
    webhook = document.get("webhook")
    heartbeat = document.get("heartbeat")
    exporter = document.get("exporter")
    return Channels(
        slack=None if slack is None else Slack(_secret(slack, f"{place}.slack", "api_url", problems), slack["channel"]),
        pagerduty=None
        if pagerduty is None
        else PagerDuty(_secret(pagerduty, f"{place}.pagerduty", "routing_key", problems), pagerduty.get("url", "")),
        email=None if email is None else _email(email, f"{place}.email", problems),
        webhook=None if webhook is None else Webhook(webhook["url"], webhook.get("token_file", "")),
        heartbeat=None
        if heartbeat is None
        else Heartbeat(heartbeat["url"], parse_duration(heartbeat.get("interval", "5m"))),
        exporter=None
        if exporter is None
        else ExporterWebhook(exporter.get("url", f"{external_url}/api/alerts"), exporter.get("token_file", "")),
    )


def _secret(values: Mapping[str, Any], place: str, key: str, problems: list[str], *, required: bool = True) -> Secret:
    secret = Secret(values.get(f"{key}_file", ""), values.get(key, ""))
    if required and not secret:
        problems.append(f"{place}: needs {key}_file (better) or {key}")
    if secret.file and secret.value:
        problems.append(f"{place}: has {key} and {key}_file; only one can hold")
    return secret


def _email(values: Mapping[str, Any], place: str, problems: list[str]) -> Email:
    password = _secret(values, place, "auth_password", problems, required=False)
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
