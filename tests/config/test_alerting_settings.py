from __future__ import annotations

import pytest

from errtally import config
from errtally.config.alerting import Alerting, alerting
from errtally.config.duration import format_duration, parse_duration
from errtally.config.named_secret import NamedSecret
from errtally.config.objectives import glob_matches
from errtally.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        pytest.param("0s", 0, id="nothing"),
        pytest.param("90s", 90, id="seconds beyond a minute stay seconds"),
        pytest.param("15m", 900, id="minutes"),
        pytest.param("1h30m", 5400, id="two units add up"),
        pytest.param("1w", 604_800, id="a week"),
    ],
)
def test_a_duration_is_read_as_seconds(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds
    assert parse_duration(format_duration(seconds)) == seconds


@pytest.mark.parametrize("text", ["", "5", "m", "5 m", "5ms", "-5m", "5m,"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)


def test_an_empty_configuration_gives_every_default() -> None:
    assert alerting({}) == Alerting()


def test_links_follow_the_exporters_address() -> None:
    settings = alerting(config.parse("external_url: https://errors.example.com/", "f"))
    assert settings.external_url == "https://errors.example.com"
    assert settings.runbook_base_url == "https://errors.example.com/runbooks"


def test_a_secret_is_named_by_its_file() -> None:
    text = "alerting: {channels: {slack: {api_url_file: /run/secrets/slack, channel: '#a'}}}"
    slack = alerting(config.parse(text, "f")).channels.slack
    assert slack is not None
    assert slack.api_url == NamedSecret(file="/run/secrets/slack")
    assert slack.api_url.keys("api_url") == {"api_url_file": "/run/secrets/slack"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("channels: {slack: {channel: '#a'}}", "slack: needs api_url_file", id="Slack without a webhook"),
        pytest.param("channels: {pagerduty: {}}", "pagerduty: needs routing_key_file", id="PagerDuty without a key"),
        pytest.param(
            "channels: {pagerduty: {routing_key: a, routing_key_file: b}}", "only one can hold", id="a secret twice"
        ),
        pytest.param(
            "channels: {email: {to: [a@b], from: a@b, smarthost: 'h:25', auth_username: u}}",
            "need each other",
            id="a user without a password",
        ),
        pytest.param("{repeat: {critical: 7m}, group_interval: 2m}", "not a multiple", id="repeated between looks"),
        pytest.param("cooldown: 0s", "must be longer than 0s", id="no cooldown"),
        pytest.param(
            "slos: [{name: a, objective: 0.9, kind: latency}]", "belongs to the kind latency", id="latency of nothing"
        ),
        pytest.param(
            "slos: [{name: a, objective: 0.9, threshold: 1}]",
            "belongs to the kind latency",
            id="a threshold of nothing",
        ),
        pytest.param(
            "slos: [{name: a, objective: 0.9}, {name: a, objective: 0.99}]",
            r"slos\[1\]: there is another objective named 'a'",
            id="two objectives of one name",
        ),
        pytest.param(
            "teams: [{name: a, projects: [x]}, {name: a, projects: [y]}]",
            r"teams\[1\]: there is another team named 'a'",
            id="two teams of one name",
        ),
        pytest.param(
            "teams: [{name: a, projects: [x], channels: {slack: {channel: '#a'}}}]",
            r"teams\[0\].channels.slack: needs api_url_file",
            id="a team's channel without its secret",
        ),
        pytest.param(
            "channels: {discord: {}}", "channels.discord: needs webhook_url_file", id="a chat without its secret"
        ),
        pytest.param(
            "channels: {mattermost: {webhook_url: 'https://a', webhook_url_file: /b}}",
            "channels.mattermost: has webhook_url and webhook_url_file",
            id="a chat with two secrets",
        ),
        pytest.param(
            "quiet_hours: [{from: '06:00', to: '06:00'}]", "begins and ends at 06:00", id="quiet hours of no length"
        ),
        pytest.param(
            "quiet_hours: [{from: '06:00', to: '07:00', location: Nowhere/Land}]",
            "'Nowhere/Land' is not a time zone",
            id="an unknown time zone",
        ),
    ],
)
def test_settings_that_contradict_each_other_are_refused(text: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        alerting(config.parse(f"alerting: {text}" if text.startswith("{") else f"alerting:\n  {text}", "f"))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        pytest.param("cooldown: soon", "alerting.cooldown: 'soon' is not a duration", id="not a duration"),
        pytest.param("rules: {NewIssue: {severity: loud}}", "alerting.rules.NewIssue.severity", id="unknown severity"),
        pytest.param("rules: {NewIssue: {channels: [fax]}}", r"NewIssue.channels\[0\]", id="unknown channel"),
        pytest.param("rules: {NewIssue: {treshold: 1}}", "unknown key 'treshold'", id="a misspelt key"),
        pytest.param("rules: {NewIsue: {}}", "alerting.rules: 'NewIsue' is not one of", id="a misspelt rule"),
        pytest.param("exporters: many", "alerting.exporters: 'many' is not one of", id="an unknown kind of exporters"),
        pytest.param("slos: [{name: a, objective: 99.9}]", r"slos\[0\].objective", id="per cent instead of a share"),
        pytest.param("teams: [{name: A b, projects: [x]}]", r"teams\[0\].name: 'A b' is not a name", id="a bad name"),
        pytest.param("quiet_hours: [{from: '25:00', to: '06:00'}]", "'25:00' is not a time", id="no time of day"),
    ],
)
def test_the_schema_names_the_place(text: str, place: str) -> None:
    with pytest.raises(ConfigError, match=place):
        config.parse(f"alerting:\n  {text}", "f")


def test_repetitions_are_set_by_severity_and_the_cooldown_by_itself() -> None:
    settings = alerting({"alerting": {"cooldown": "7m", "repeat": {"critical": "30m"}}})
    assert settings.cooldown_seconds == 420
    assert settings.repeat_seconds == {"critical": 1800, "warning": 43_200, "info": 86_400}


@pytest.mark.parametrize(
    ("globs", "name", "matches"),
    [
        pytest.param(["shop-*"], "shop-web", True, id="a star is any characters"),
        pytest.param(["shop-*"], "myshop-web", False, id="the whole name must match"),
        pytest.param(["shop.?"], "shop.a", True, id="a question mark is one character"),
        pytest.param(["shop.?"], "shopxa", False, id="a dot is itself"),
        pytest.param(["a", "b*"], "bc", True, id="one of several"),
        pytest.param(["*"], "", True, id="everything"),
    ],
)
def test_a_glob_matches_whole_names(*, globs: list[str], name: str, matches: bool) -> None:
    assert glob_matches(globs, name) is matches


def test_a_team_without_a_channel_has_the_common_one() -> None:
    text = """
alerting:
  channels:
    slack: {api_url_file: /a, channel: '#all'}
    pagerduty: {routing_key_file: /b}
  teams: [{name: shop, projects: ['*'], channels: {slack: {api_url_file: /c, channel: '#shop'}}}]
"""
    settings = alerting(config.parse(text, "f"))
    channels = settings.teams[0].channels.or_else(settings.channels)
    assert channels.slack is not None
    assert channels.slack.channel == "#shop"
    assert channels.pagerduty == settings.channels.pagerduty


def test_a_team_with_a_chat_of_its_own_is_told_there_and_not_in_everybodys() -> None:
    text = """
alerting:
  channels:
    slack: {api_url_file: /a, channel: '#all'}
    telegram: {bot_token_file: /t, chat_id: -100}
    pagerduty: {routing_key_file: /b}
  teams: [{name: shop, projects: ['*'], channels: {discord: {webhook_url_file: /c}}}]
"""
    settings = alerting(config.parse(text, "f"))
    channels = settings.teams[0].channels.or_else(settings.channels)
    assert channels.configured == ("discord", "pagerduty")
    assert settings.chats == ("slack", "discord", "telegram")


def test_slack_stands_for_chat_where_there_is_none() -> None:
    assert alerting(config.parse("alerting: {}", "f")).chats == ("slack",)
