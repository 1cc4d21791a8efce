"""The object of the Prometheus operator says what Alertmanager's own file says, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from click.testing import CliRunner

from errtally import config
from errtally.alertmanager.build import CONFIG_FILE, RESOURCE_FILE, build
from errtally.command_line import errtally
from errtally.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHANNELS = """
alerting:
  channels:
    slack: {api_url_file: /run/secrets/slack, channel: '#alerts'}
    discord: {webhook_url_file: /run/secrets/discord}
    teams: {webhook_url_file: /run/secrets/teams}
    telegram: {bot_token_file: /run/secrets/telegram, chat_id: -100, message_thread_id: 7}
    pagerduty: {routing_key_file: /run/secrets/pagerduty}
    email:
      to: [oncall@example.com]
      from: errtally@example.com
      smarthost: mail.example.com:587
      auth_username: errtally
      auth_password_file: /run/secrets/mail
    webhook: {url: 'https://hooks.example.com/all', token_file: /run/secrets/hook}
    heartbeat: {url: 'https://heartbeat.example.com/x'}
    exporter: {token_file: /run/secrets/key}
  teams:
    - name: shop
      projects: [shop-*, check.out]
      channels: {slack: {api_url_file: /run/secrets/shop, channel: '#shop'}}
  quiet_hours:
    - {from: "22:00", to: "06:00"}
"""


def _object(text: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(build(config.parse(text, "f"), "alertmanagerconfig")[RESOURCE_FILE])
    return found


def _file(text: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(build(config.parse(text, "f"))[CONFIG_FILE])
    return found


def _matchers(matchers: list[Any]) -> list[str]:
    """As Alertmanager writes them, a backslash as itself."""
    return [
        matcher.replace("\\\\", "\\") if isinstance(matcher, str) else '{name}{matchType}"{value}"'.format(**matcher)
        for matcher in matchers
    ]


def _walk(route: dict[str, Any], depth: int = 0) -> Iterator[tuple[Any, ...]]:
    def one(name: str, other: str) -> Any:
        return route.get(name, route.get(other))

    yield (
        depth,
        route["receiver"],
        _matchers(route.get("matchers", [])),
        route.get("continue", False),
        one("groupBy", "group_by"),
        one("groupWait", "group_wait"),
        one("groupInterval", "group_interval"),
        one("repeatInterval", "repeat_interval"),
        one("muteTimeIntervals", "mute_time_intervals"),
    )
    for child in route.get("routes", []):
        yield from _walk(child, depth + 1)


@pytest.mark.parametrize("text", [pytest.param("", id="no channel"), pytest.param(CHANNELS, id="every channel")])
def test_its_routes_are_those_of_the_file(text: str) -> None:
    theirs, ours = _file(text), _object(text)["spec"]
    assert list(_walk(ours["route"])) == list(_walk(theirs["route"]))
    assert [
        (_matchers(rule["sourceMatch"]), _matchers(rule["targetMatch"]), rule.get("equal"))
        for rule in ours["inhibitRules"]
    ] == [
        (_matchers(rule["source_matchers"]), _matchers(rule["target_matchers"]), rule.get("equal"))
        for rule in theirs["inhibit_rules"]
    ]


def test_its_receivers_are_those_of_the_file() -> None:
    def kinds(receivers: list[dict[str, Any]]) -> list[tuple[str, dict[str, int]]]:
        return [
            (
                receiver["name"],
                {
                    key.lower().replace("_", ""): len(value)
                    for key, value in receiver.items()
                    if isinstance(value, list)
                },
            )
            for receiver in receivers
        ]

    ours = _object(CHANNELS)["spec"]["receivers"]
    assert len(ours) > 15
    assert kinds(ours) == kinds(_file(CHANNELS)["receivers"])
    (events,) = [receiver for receiver in ours if receiver["name"] == "email-events"]
    assert events["emailConfigs"][0]["sendResolved"] is False


@pytest.mark.parametrize(
    ("receiver", "place", "key"),
    [
        ("slack", ("slackConfigs", 0, "apiURL"), "slack"),
        ("discord", ("discordConfigs", 0, "apiURL"), "discord"),
        ("teams", ("msteamsv2Configs", 0, "webhookURL"), "teams"),
        ("telegram", ("telegramConfigs", 0, "botToken"), "telegram"),
        ("pagerduty", ("pagerdutyConfigs", 0, "routingKey"), "pagerduty"),
        ("email", ("emailConfigs", 0, "authPassword"), "mail"),
        ("webhook", ("webhookConfigs", 0, "httpConfig", "authorization", "credentials"), "hook"),
        ("exporter", ("webhookConfigs", 0, "httpConfig", "authorization", "credentials"), "key"),
        ("team-shop-slack", ("slackConfigs", 0, "apiURL"), "shop"),
    ],
)
def test_the_file_of_a_secret_is_a_key_of_the_secret(receiver: str, place: tuple[str | int, ...], key: str) -> None:
    (found,) = [one for one in _object(CHANNELS)["spec"]["receivers"] if one["name"] == receiver]
    for step in place:
        found = found[step]
    assert found == {"name": "errtally-alertmanager", "key": key}


SLACK = "slack: {api_url_file: /s, channel: '#a'}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            "{channels: {slack: {api_url: 'https://chat.example.com/x', channel: '#a'}}}",
            "takes no api_url written down: use api_url_file",
            id="a secret that is written down",
        ),
        pytest.param(
            "{channels: {google_chat: {webhook_url_file: /run/secrets/chat}}}",
            "no place for google_chat",
            id="a webhook with a body of its own",
        ),
        pytest.param(
            f"{{channels: {{{SLACK}}}, quiet_hours: [{{from: '22:00', to: '06:00', location: Europe/Berlin}}]}}",
            "knows UTC only, and not Europe/Berlin",
            id="hours of a place",
        ),
    ],
)
def test_what_it_has_no_place_for_is_refused(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        _object(f"alerting: {text}")
    assert len(caught.value.problems) == 1


def test_the_command_writes_it_with_its_templates_and_says_when_it_differs(tmp_path: Path) -> None:
    arguments = ["--format", "alertmanagerconfig", "--out", str(tmp_path)]
    assert CliRunner().invoke(errtally, ["alertmanager", "build", *arguments]).exit_code == 0
    assert {path.name for path in tmp_path.iterdir()} == {RESOURCE_FILE, "templates"}
    assert CliRunner().invoke(errtally, ["alertmanager", "check", *arguments]).exit_code == 0
    path = tmp_path / RESOURCE_FILE
    path.write_text(path.read_text().replace("30s", "31s"))
    checked = CliRunner().invoke(errtally, ["alertmanager", "check", *arguments])
    assert (checked.exit_code, "differs from what the configuration gives" in checked.output) == (1, True)
