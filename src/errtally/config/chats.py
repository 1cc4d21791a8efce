"""Chat programs that notifications can go to, as the key ``alerting.channels`` configures them.

Each needs an Alertmanager that has its integration: https://prometheus.io/docs/alerting/latest/configuration/.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from errtally.config.named_secret import NamedSecret, named_secret

if TYPE_CHECKING:
    from collections.abc import Mapping

CHATS = ("slack", "mattermost", "discord", "teams", "telegram", "google_chat")
"""Channels that stand in for each other: what goes to chat goes to those that are configured."""


@dataclass(frozen=True, slots=True)
class Slack:
    """An incoming webhook of Slack, or of what takes the same messages (Rocket.Chat)."""

    api_url: NamedSecret
    channel: str


@dataclass(frozen=True, slots=True)
class Mattermost:
    """An incoming webhook of Mattermost, which takes Slack's messages; ``channel`` "" is the webhook's own."""

    webhook_url: NamedSecret
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Discord:
    """A webhook of a channel of Discord. Alertmanager 0.25; 0.27 where a file holds its URL."""

    webhook_url: NamedSecret


@dataclass(frozen=True, slots=True)
class Teams:
    """A workflow of Microsoft Teams that posts to a channel when its webhook is called. Alertmanager 0.28."""

    webhook_url: NamedSecret


@dataclass(frozen=True, slots=True)
class Telegram:
    """A bot of Telegram that writes to a chat, or to a topic of it (0: none). Alertmanager 0.26.

    ``api_url`` "" is Telegram's own.
    """

    bot_token: NamedSecret
    chat_id: int
    message_thread_id: int = 0
    api_url: str = ""


@dataclass(frozen=True, slots=True)
class GoogleChat:
    """A webhook of a space of Google Chat, which wants a body of its own. Alertmanager 0.32."""

    webhook_url: NamedSecret


def chats(document: Mapping[str, Any], place: str, problems: list[str]) -> dict[str, Any]:
    """Build the chats of a checked mapping, which stands at ``place``, by their names.

    Append what is wrong to ``problems``.
    """

    def secret(name: str, key: str) -> NamedSecret:
        return named_secret(document[name], f"{place}.{name}", key, problems)

    found: dict[str, Any] = {}
    if "slack" in document:
        found["slack"] = Slack(secret("slack", "api_url"), document["slack"]["channel"])
    if "mattermost" in document:
        found["mattermost"] = Mattermost(secret("mattermost", "webhook_url"), document["mattermost"].get("channel", ""))
    if "telegram" in document:
        telegram = document["telegram"]
        topic, api_url = telegram.get("message_thread_id", 0), telegram.get("api_url", "")
        found["telegram"] = Telegram(secret("telegram", "bot_token"), telegram["chat_id"], topic, api_url)
    for name, kind in (("discord", Discord), ("teams", Teams), ("google_chat", GoogleChat)):
        if name in document:
            found[name] = kind(secret(name, "webhook_url"))
    return found
