from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from tests.peers import peer

from errtally import config
from errtally.alertmanager import routes
from errtally.alertmanager.build import CONFIG_FILE, build
from errtally.command_line import errtally
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
    heartbeat: {url: 'https://heartbeat.example.com/x', interval: 1m}
    exporter: {token_file: /run/secrets/key}
"""
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
    monkeypatch.setattr(routes, "_channel", lambda channel: [{"receiver": channel, "matchers": ['severity="loud"']}])
    file = tmp_path / "errtally.yml"
    file.write_text(EVERYTHING)
    result = CliRunner().invoke(errtally, ["alertmanager", "test", "--config", str(file)])
    assert result.exit_code == 1
    assert "amtool config routes test" in result.output


def test_only_configured_channels_get_receivers() -> None:
    receivers = {receiver["name"]: receiver for receiver in _content(MAIL_ONLY)["receivers"]}
    assert list(receivers) == ["default", "quiet", "email", "exporter"]
    assert set(receivers["default"]) == {"name", "email_configs"}, "what nobody else takes reaches who can be reached"
    assert set(receivers["quiet"]) == {"name"}


def test_secrets_in_files_are_never_written_down() -> None:
    text = build(config.parse(EVERYTHING, "f"))[CONFIG_FILE]
    assert "api_url_file: /run/secrets/slack" in text
    assert "routing_key_file: /run/secrets/pagerduty" in text
    assert "auth_password_file: /run/secrets/mail" in text
    assert "credentials_file: /run/secrets/key" in text


def test_the_cooldown_is_the_time_between_repetitions() -> None:
    route = _content("alerting: {cooldown: 30m}")["route"]
    assert (route["group_interval"], route["repeat_interval"]) == ("5m", "30m")


def test_a_critical_alert_hides_warnings_but_never_a_new_issue_or_the_watchdog() -> None:
    (rule,) = _content("")["inhibit_rules"]
    assert rule["equal"] == ["project", "environment"]
    assert 'alertname!~"NewIssue|Watchdog"' in rule["target_matchers"]
    assert {routes.NEW_ISSUE, routes.WATCHDOG} <= {rule.name for rule in ALERTS}


def test_alerts_without_a_project_neither_hide_nor_are_hidden() -> None:
    (rule,) = _content("")["inhibit_rules"]
    assert 'project!=""' in rule["source_matchers"]
    assert 'project!=""' in rule["target_matchers"]
