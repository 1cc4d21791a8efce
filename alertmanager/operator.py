"""The routing as the Prometheus operator's object AlertmanagerConfig, whose secrets stand in a Secret beside it.

The object knows less than Alertmanager's own file: what it can't say is refused, never left out. Its templates are not
part of it: Alertmanager needs those beside it.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from errtally.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

SECRET: Final = "errtally-alertmanager"  # noqa: S105 - the name of an object, no secret
"""The Secret that has each file of a secret as a key of the file's name."""

_MATCHER: Final = re.compile(r'(?P<name>\w+)(?P<matchType>=~|!~|!=|=)"(?P<value>.*)"')

_NAMES: Final = {
    "api_url": "apiURL",
    "bot_token": "botToken",
    "chat_id": "chatID",
    "client_url": "clientURL",
    "links": "pagerDutyLinkConfigs",
    "message_thread_id": "messageThreadID",
    "require_tls": "requireTLS",
}
"""Keys of the object that are not Alertmanager's own in camel case."""

_SECRETS: Final = {
    "slack_configs": {"api_url": "apiURL"},
    "discord_configs": {"webhook_url": "apiURL"},
    "msteamsv2_configs": {"webhook_url": "webhookURL"},
    "telegram_configs": {"bot_token": "botToken"},
    "pagerduty_configs": {"routing_key": "routingKey"},
    "email_configs": {"auth_password": "authPassword"},
}
"""Of each integration the key of its secret, here and there."""


def alertmanager_config(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the object that says what ``content``, Alertmanager's configuration as this room builds it, says.

    Raises:
        ConfigError: something that the object has no place for: a secret written down, a place for the hours, a body
            of a webhook's own.
    """
    problems: list[str] = []
    intervals = [_interval(interval, problems) for interval in content.get("time_intervals", [])]
    receivers = [_receiver(receiver, problems) for receiver in content["receivers"]]
    if problems:
        raise ConfigError(list(dict.fromkeys(problems)))
    return {
        "apiVersion": "monitoring.coreos.com/v1alpha1",
        "kind": "AlertmanagerConfig",
        "metadata": {"name": "errtally", "labels": {"app.kubernetes.io/name": "errtally"}},
        "spec": {
            "route": _route(content["route"]),
            "inhibitRules": [_inhibition(rule) for rule in content["inhibit_rules"]],
            **({"muteTimeIntervals": intervals} if intervals else {}),
            "receivers": receivers,
        },
    }


def _camel(key: str) -> str:
    head, *tail = key.split("_")
    return _NAMES.get(key) or head + "".join(word.capitalize() for word in tail)


def _matchers(texts: list[str]) -> list[dict[str, str]]:
    found = []
    for text in texts:
        parts = _MATCHER.fullmatch(text)
        if parts is None:
            raise ValueError(f"{text} is no matcher")
        found.append({name: value.replace("\\\\", "\\") for name, value in parts.groupdict().items()})
    return found


def _route(route: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for key, value in route.items():
        if key == "matchers":
            found[key] = _matchers(value)
        elif key == "routes":
            found[key] = [_route(child) for child in value]
        else:
            found[_camel(key)] = value
    return found


def _inhibition(rule: Mapping[str, Any]) -> dict[str, Any]:
    equal = {"equal": rule["equal"]} if "equal" in rule else {}
    source, target = _matchers(rule["source_matchers"]), _matchers(rule["target_matchers"])
    return {"sourceMatch": source, "targetMatch": target, **equal}


def _interval(interval: Mapping[str, Any], problems: list[str]) -> dict[str, Any]:
    parts = []
    for part in interval["time_intervals"]:
        if part["location"] != "UTC":
            problems.append(f"alerting.quiet_hours: an AlertmanagerConfig knows UTC only, and not {part['location']}")
        times = [{_camel(key): value for key, value in span.items()} for span in part["times"]]
        parts.append({"times": times, **({"weekdays": part["weekdays"]} if "weekdays" in part else {})})
    return {"name": interval["name"], "timeIntervals": parts}


def _receiver(receiver: Mapping[str, Any], problems: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in receiver.items():
        if key == "name":
            found[key] = value
        else:
            found[_camel(key)] = [_integration(key, one, problems) for one in value]
    return found


def _integration(kind: str, config: Mapping[str, Any], problems: list[str]) -> dict[str, Any]:
    secrets = _SECRETS.get(kind, {})
    found: dict[str, Any] = {}
    for key, value in config.items():
        if key.removesuffix("_file") in secrets:
            if not key.endswith("_file"):
                problems.append(f"alerting.channels: an AlertmanagerConfig takes no {key} written down: use {key}_file")
            found[secrets[key.removesuffix("_file")]] = _reference(value)
        elif key == "http_config":
            found["httpConfig"] = {
                "authorization": {"credentials": _reference(value["authorization"]["credentials_file"])}
            }
        elif key in ("payload", "url_file"):
            problems.append("alerting.channels: an AlertmanagerConfig has no place for google_chat")
        elif key in ("details", "headers"):
            found[key] = [{"key": name, "value": text} for name, text in value.items()]
        elif key == "links":
            found[_camel(key)] = [{"href": link["href"], "alt": link["text"]} for link in value]
        else:
            found[_camel(key)] = value
    return found


def _reference(file: str) -> dict[str, str]:
    return {"name": SECRET, "key": PurePosixPath(file).name}
