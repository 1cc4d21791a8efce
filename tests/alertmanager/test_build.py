from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from tests.peers import peer

from errtally import config
from errtally.alertmanager import inhibition, routes
from errtally.alertmanager.build import CONFIG_FILE, build
from errtally.alertmanager.quiet_hours import time_intervals
from errtally.command_line import errtally
from errtally.config.alerting import alerting
from errtally.config.quiet_hours import QuietHours
from errtally.generate.files import drift
from errtally.rules.alerts import ALERTS

ROOT = Path(__file__).parents[2]

EVERYTHING = """
alerting:
  channels:
    slack: {api_url_file: /run/secrets/slack, channel: '#alerts'}
    pagerduty: {routing_key_file: /run/secrets/pagerduty}
    email:
      to: [oncall@example.com, sre@example.com]
      from: errtally@example.com
      smarthost: mail.example.com:587
      auth_username: errtally
      auth_password_file: /run/secrets/mail
    webhook: {url: 'https://hooks.example.com/all', token_file: /run/secrets/hook}
    heartbeat: {url: 'https://heartbeat.example.com/x', interval: 1m}
    exporter: {token_file: /run/secrets/key}
"""
TEAMS = (
    EVERYTHING
    + """
  teams:
    - name: shop
      projects: [shop-*, checkout]
      channels:
        slack: {api_url_file: /run/secrets/slack, channel: '#shop'}
        email: {to: [shop@example.com], from: b@example.com, smarthost: 'mail:25', require_tls: false}
    - {name: data, projects: ["etl*"], channels: {webhook: {url: 'https://hooks.example.com/data'}}}
  quiet_hours:
    - {from: "22:00", to: "06:00", location: Europe/Berlin}
    - {from: "00:00", to: "24:00", days: [saturday, sunday]}
"""
)
MAIL_ONLY = """
alerting:
  channels:
    email: {to: [a@example.com], from: b@example.com, smarthost: 'mail:25', require_tls: false}
    exporter: {}
"""
LITERAL_SECRETS = """
alerting:
  channels:
    slack: {api_url: 'https://chat.example.com/hook', channel: '#alerts'}
    pagerduty: {routing_key: abc}
"""


def _content(text: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(build(config.parse(text, "f"))[CONFIG_FILE])
    return content


@pytest.mark.parametrize(
    ("text", "folder"),
    [
        pytest.param("", "alertmanager/generated", id="every default"),
        pytest.param((ROOT / "deploy/errtally.yml").read_text(), "deploy/generated/alertmanager", id="compose"),
    ],
)
def test_the_committed_files_are_what_the_configuration_gives(text: str, folder: str) -> None:
    assert drift(build(config.parse(text, "f")), ROOT / folder) == []


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing configured"),
        pytest.param(EVERYTHING, id="every channel"),
        pytest.param(MAIL_ONLY, id="mail only"),
        pytest.param(LITERAL_SECRETS, id="secrets written down"),
        pytest.param(TEAMS, id="teams and quiet hours"),
    ],
)
def test_amtool_accepts_the_file_and_its_routes(tmp_path: Path, text: str) -> None:
    peer("amtool")
    file, out = tmp_path / "errtally.yml", tmp_path / "out"
    file.write_text(text)
    for verb in (["build", "--out", str(out)], ["check", "--out", str(out)], ["test"]):
        result = CliRunner().invoke(errtally, ["alertmanager", *verb, "--config", str(file)])
        assert result.exit_code == 0, result.output


def test_a_route_that_loses_an_alert_fails_the_routing_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    peer("amtool")
    monkeypatch.setattr(
        routes, "_channel", lambda _, channel, __: [{"receiver": channel, "matchers": ['severity="loud"']}]
    )
    file = tmp_path / "errtally.yml"
    file.write_text(EVERYTHING)
    result = CliRunner().invoke(errtally, ["alertmanager", "test", "--config", str(file)])
    assert result.exit_code == 1
    assert "amtool config routes test" in result.output


def test_only_configured_channels_get_receivers() -> None:
    receivers = {receiver["name"]: receiver for receiver in _content(MAIL_ONLY)["receivers"]}
    assert list(receivers) == ["default", "quiet", "email", "email-events", "exporter"]
    assert set(receivers["default"]) == {"name", "email_configs"}, "what nobody else takes reaches who can be reached"
    assert set(receivers["quiet"]) == {"name"}


def test_secrets_in_files_are_never_written_down() -> None:
    text = build(config.parse(EVERYTHING, "f"))[CONFIG_FILE]
    assert "api_url_file: /run/secrets/slack" in text
    assert "routing_key_file: /run/secrets/pagerduty" in text
    assert "auth_password_file: /run/secrets/mail" in text
    assert "credentials_file: /run/secrets/key" in text


def test_a_page_repeats_soon_and_what_can_wait_twice_a_day_whatever_the_cooldown_is() -> None:
    """Half of a group_interval early: Alertmanager looks every five minutes, a moment before the last one is due."""
    routes_ = _all_routes(_content(MAIL_ONLY.replace("alerting:", "alerting:\n  cooldown: 30m", 1))["route"])
    assert routes_[0]["repeat_interval"] == "43050s"
    (pages,) = {route["repeat_interval"] for route in routes_ if route.get("matchers") == ['severity="critical"']}
    assert pages == "3450s"


def test_what_happened_once_is_never_resolved_and_is_told_soon() -> None:
    content = _content(MAIL_ONLY)
    (receiver,) = [one for one in content["receivers"] if one["name"] == "email-events"]
    assert receiver["email_configs"][0]["send_resolved"] is False
    events = [route for route in _all_routes(content["route"]) if route["receiver"] == "email-events"]
    assert events
    assert all(route["matchers"] == ['alertname=~"NewIssue|Regression|CheckInFailed"'] for route in events)
    assert all(route["group_interval"] == "30s" for route in events)


def test_no_alert_that_pages_is_ever_held_back() -> None:
    for rule in inhibition.inhibit_rules(alerting({})):
        for one in ALERTS:
            labels = {"alertname": one.name, "severity": "critical", "project": "a", "instance": "c"}
            assert not all(_matches(matcher, labels) for matcher in rule["target_matchers"]), (rule, one.name)


def test_alerts_of_one_outage_are_one_group() -> None:
    tree = _all_routes(_content(MAIL_ONLY)["route"])
    pages = [route for route in tree if route.get("matchers") == ['severity="critical"']]
    assert pages
    assert all(route["group_by"] == ["project", "environment"] for route in pages)


def test_a_critical_alert_hides_warnings_but_never_news_or_the_watchdog() -> None:
    rule, *_ = _content("")["inhibit_rules"]
    assert rule["equal"] == ["project", "environment"]
    assert 'alertname!~"NewIssue|Regression|CheckInFailed|CheckInMissed|Watchdog"' in rule["target_matchers"]


def test_alerts_without_a_project_neither_hide_nor_are_hidden_by_severity() -> None:
    rule, *_ = _content("")["inhibit_rules"]
    assert 'project!=""' in rule["source_matchers"]
    assert 'project!=""' in rule["target_matchers"]


def test_inhibition_names_only_alerts_that_exist() -> None:
    named = {*inhibition.NEWS, *inhibition.OF_THE_STORE, inhibition.TARGET_DOWN, routes.WATCHDOG}
    assert named <= {rule.name for rule in ALERTS}


def test_news_is_the_target_of_no_inhibition() -> None:
    for rule in inhibition.inhibit_rules(alerting({})):
        for name in inhibition.NEWS:
            labels = {"alertname": name, "severity": "warning", "project": "a", "environment": "b", "team": "c"}
            assert not all(_matches(matcher, labels) for matcher in rule["target_matchers"]), (rule, name)


def _matches(matcher: str, labels: dict[str, str]) -> bool:
    name, operator, value = re.fullmatch(r'(\w+)(=~|!~|!=|=)"(.*)"', matcher).groups()  # type: ignore[union-attr]
    found = labels.get(name, "")
    equal = re.fullmatch(value, found) is not None if "~" in operator else value == found
    return equal is not operator.startswith("!")


def test_one_exporter_that_is_down_hides_what_its_store_said() -> None:
    hidden = 'alertname=~"StoreErrors|IngestRejected|SeriesBudgetReached|ClientsDiscarding"'
    waiting = 'severity=~"warning|info"'
    assert [waiting, hidden] in [rule["target_matchers"] for rule in _content("")["inhibit_rules"]]
    shared = _content("alerting: {exporters: shared}")["inhibit_rules"]
    assert [waiting, hidden] not in [rule["target_matchers"] for rule in shared]


def test_a_night_is_two_intervals_and_a_critical_alert_is_never_muted() -> None:
    content = _content(TEAMS)
    (interval,) = content["time_intervals"]
    assert interval["time_intervals"] == [
        {"times": [{"start_time": "22:00", "end_time": "24:00"}], "location": "Europe/Berlin"},
        {"times": [{"start_time": "00:00", "end_time": "06:00"}], "location": "Europe/Berlin"},
        {
            "times": [{"start_time": "00:00", "end_time": "24:00"}],
            "weekdays": ["saturday", "sunday"],
            "location": "UTC",
        },
    ]
    muted = [route for route in _all_routes(content["route"]) if "mute_time_intervals" in route]
    assert muted
    tops = [route for route in muted if route["matchers"] == ['severity=~"warning|info"']]
    below = [child for route in tops for child in _all_routes(route)[1:]]
    assert len(muted) == len(tops) + len(below), "only what waits is muted"


def _all_routes(route: dict[str, Any]) -> list[dict[str, Any]]:
    return [route, *(found for child in route.get("routes", []) for found in _all_routes(child))]


def test_the_night_of_a_weekday_ends_on_the_next_day() -> None:
    span = QuietHours("23:00", "05:00", ("friday", "sunday"))
    (interval,) = time_intervals([span])
    assert [part["weekdays"] for part in interval["time_intervals"]] == [["friday", "sunday"], ["monday", "saturday"]]


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        pytest.param(
            "alertname=A,severity=critical,channels=slack,pagerduty,project=shop-web",
            [
                "exporter: errtally http://127.0.0.1:9765/api/alerts",
                "team-shop-webhook: webhook https://hooks.example.com/all",
                "team-shop-slack: Slack #shop",
                "team-shop-pagerduty: PagerDuty",
            ],
            id="a team's own channel, and what it lacks from above",
        ),
        pytest.param(
            "severity=info,team=data",
            [
                "exporter: errtally http://127.0.0.1:9765/api/alerts",
                "team-data-webhook: webhook https://hooks.example.com/data",
                "team-data-slack: Slack #alerts",
            ],
            id="by the team's label",
        ),
        pytest.param(
            "severity=warning, channels=email, project=unowned",
            [
                "exporter: errtally http://127.0.0.1:9765/api/alerts",
                "webhook: webhook https://hooks.example.com/all",
                "email: mail to oncall@example.com, sre@example.com",
            ],
            id="a project that nobody owns",
        ),
        pytest.param(
            "alertname=Watchdog,severity=none",
            ["heartbeat: heartbeat https://heartbeat.example.com/x"],
            id="a heartbeat",
        ),
    ],
)
def test_the_command_says_who_is_told(tmp_path: Path, labels: str, told: list[str]) -> None:
    peer("amtool")
    (tmp_path / "f.yml").write_text(TEAMS)
    arguments = ["alertmanager", "route", "--config", str(tmp_path / "f.yml"), "--labels", labels]
    result = CliRunner().invoke(errtally, arguments)
    assert result.output.splitlines() == told


def test_labels_that_are_none_are_refused() -> None:
    result = CliRunner().invoke(errtally, ["alertmanager", "route", "--labels", "critical"])
    assert result.exit_code == 2
    assert "'critical' is not NAME=VALUE" in result.output
