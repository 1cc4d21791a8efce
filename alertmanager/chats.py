"""Chats as Alertmanager's integrations have them: https://prometheus.io/docs/alerting/latest/configuration/."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from errtally.config.channels import Channels
    from errtally.config.chats import Discord, GoogleChat, Mattermost, Slack, Teams, Telegram

INTEGRATIONS: Final = {"mattermost": "slack", "teams": "msteamsv2", "google_chat": "webhook"}
"""The integration that tells a channel, where it has another name."""


def template(name: str) -> str:
    """Return the call of one of our templates."""
    return f'{{{{ template "errtally.{name}" . }}}}'


def chat_configs(channels: Channels) -> dict[str, dict[str, Any]]:
    """Return the integration of each configured chat, by the channel's name."""
    found = {}
    if channels.slack:
        found["slack"] = _slack(channels.slack)
    if channels.mattermost:
        found["mattermost"] = _mattermost(channels.mattermost)
    if channels.discord:
        found["discord"] = _discord(channels.discord)
    if channels.teams:
        found["teams"] = _teams(channels.teams)
    if channels.telegram:
        found["telegram"] = _telegram(channels.telegram)
    if channels.google_chat:
        found["google_chat"] = _google_chat(channels.google_chat)
    return found


def _slack(slack: Slack) -> dict[str, Any]:
    return {**slack.api_url.keys("api_url"), "channel": slack.channel, **_attachment()}


def _mattermost(mattermost: Mattermost) -> dict[str, Any]:
    channel = {"channel": mattermost.channel} if mattermost.channel else {}
    return {**mattermost.webhook_url.keys("api_url"), **channel, **_attachment()}


def _attachment() -> dict[str, Any]:
    """Return the message that Slack and Mattermost show, which reads Slack's markup."""
    fields = {
        "Severity": "{{ .CommonLabels.severity | toUpper }}",
        "Environment": template("environment"),
        "Current Value": template("value"),
        "Threshold": template("threshold"),
    }
    return {
        "send_resolved": True,
        "color": template("slack.color"),
        "title": template("chat.title"),
        "title_link": template("link"),
        "text": template("slack.text"),
        "fallback": template("title"),
        "fields": [{"title": title, "value": value, "short": True} for title, value in fields.items()],
        # Alertmanager can't set an attachment's own time, so the footer says it behind the project's name.
        "footer": template("slack.footer"),
    }


def _discord(discord: Discord) -> dict[str, Any]:
    # Its colour is Alertmanager's: red, green when it is over.
    return {
        **discord.webhook_url.keys("webhook_url"),
        "send_resolved": True,
        "title": template("chat.title"),
        "message": template("markdown.text"),
    }


def _teams(teams: Teams) -> dict[str, Any]:
    return {
        **teams.webhook_url.keys("webhook_url"),
        "send_resolved": True,
        "title": template("chat.title"),
        "text": template("markdown.text"),
    }


def _telegram(telegram: Telegram) -> dict[str, Any]:
    return {
        **telegram.bot_token.keys("bot_token"),
        **({"api_url": telegram.api_url} if telegram.api_url else {}),
        "chat_id": telegram.chat_id,
        **({"message_thread_id": telegram.message_thread_id} if telegram.message_thread_id else {}),
        "send_resolved": True,
        "parse_mode": "HTML",
        "message": template("telegram.message"),
    }


def _google_chat(google_chat: GoogleChat) -> dict[str, Any]:
    # Its webhooks take no body of Alertmanager's own: https://developers.google.com/workspace/chat/format-messages.
    return {
        **google_chat.webhook_url.keys("url"),
        "send_resolved": True,
        "payload": {"text": template("google_chat.text")},
    }
