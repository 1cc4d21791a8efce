"""Render a notification as a channel would get it, by Alertmanager's own template engine (amtool)."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from errtally.alertmanager.build import build
from errtally.alertmanager.receivers import people_configs
from errtally.config.alerting import alerting
from errtally.config.channels import CHANNELS, Channels, Email, PagerDuty
from errtally.config.chats import Discord, GoogleChat, Mattermost, Slack, Teams, Telegram
from errtally.config.named_secret import NamedSecret
from errtally.generate import programs
from errtally.generate.files import write

if TYPE_CHECKING:
    from collections.abc import Mapping

_HOOK = NamedSecret(value="https://chat.example.com/hook")
_EXAMPLES = Channels(
    slack=Slack(_HOOK, "#alerts"),
    mattermost=Mattermost(_HOOK, "alerts"),
    discord=Discord(_HOOK),
    teams=Teams(_HOOK),
    telegram=Telegram(NamedSecret(value="token"), -100),
    google_chat=GoogleChat(_HOOK),
    pagerduty=PagerDuty(NamedSecret(value="key")),
    email=Email(("oncall@example.com",), "errtally@example.com", "mail.example.com:587"),
)
"""Stand in for channels that are not configured, so that each can be looked at before it is."""

_SECRETS = ("api_url", "routing_key", "auth_password", "webhook_url", "bot_token", "url")
_BETWEEN = "\x1e"
"""Stands between the texts that are rendered in one go."""

PREVIEWED = (*CHANNELS, "webhook")


def preview(document: Mapping[str, Any], channel: str, message: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a channel gets for a message, every template filled in, without secrets.

    Args:
        document: the checked configuration.
        channel: one of `PREVIEWED`.
        message: what Alertmanager knows of a group of alerts, in the form of its webhook's body.

    Raises:
        ErrtallyError: amtool is not installed or can't render a template.
    """
    if channel == "webhook":
        return dict(message)
    configured = people_configs(alerting(document).channels)
    chosen = configured[channel] if channel in configured else people_configs(_EXAMPLES)[channel]
    config = {key: value for key, value in chosen.items() if key.removesuffix("_file") not in _SECRETS}
    with tempfile.TemporaryDirectory(prefix="errtally-preview-") as name:
        folder = Path(name)
        write(build(document), folder)
        (folder / "message.json").write_text(json.dumps(message), encoding="utf-8")
        page = {"html": _render([config.pop("html")], folder, "html")[0]} if "html" in config else {}
        texts = _texts(config)
        filled = iter(_render(texts, folder, "html" if config.get("parse_mode") == "HTML" else "text"))
        rendered = _filled(config, filled)
    return {**rendered, **page}


def _render(texts: list[str], folder: Path, kind: str) -> list[str]:
    arguments = [
        "template",
        "render",
        "--template.glob=templates/*.tmpl",
        f"--template.type={kind}",
        "--template.data=message.json",
        f"--template.text={_BETWEEN.join(texts)}",
    ]
    return programs.result("amtool", arguments, folder=folder).split(_BETWEEN)


def _texts(config: object) -> list[str]:
    if isinstance(config, dict):
        return [text for value in config.values() for text in _texts(value)]
    if isinstance(config, list):
        return [text for value in config for text in _texts(value)]
    return [config] if isinstance(config, str) else []


def _filled(config: Any, filled: Any) -> Any:  # noqa: ANN401
    if isinstance(config, dict):
        return {key: _filled(value, filled) for key, value in config.items()}
    if isinstance(config, list):
        return [_filled(value, filled) for value in config]
    return next(filled) if isinstance(config, str) else config
