from __future__ import annotations

import itertools
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from tests.peers import peer

from errtally import config, names
from errtally.command_line import errtally
from errtally.errors import ConfigError
from errtally.generate.files import drift
from errtally.rules.alerts import ALERTS
from errtally.rules.build import RESOURCE_FILE, RULES_FILE, TESTS_FILE, build

ROOT = Path(__file__).parents[2]

SHORT = """
external_url: https://errors.example.com
alerting:
  cooldown: 5s
  group_interval: 1s
  rules:
    HighErrorRate: {window: 10s, for: 0s, threshold: 0.2, severity: warning, channels: [email]}
    ResponseTimeDegradation: {window: 10s, for: 0s, threshold: 0.7}
    MemoryUsageCritical: {threshold: 0.5, for: 0s}
    NewIssue: {window: 20s}
    Watchdog: {enabled: false}
"""


def _rules(document: config.document.Document) -> list[dict[str, Any]]:
    groups = yaml.safe_load(build(document)[RULES_FILE])["groups"]
    return [rule for group in groups for rule in group["rules"]]


def _alerts(document: config.document.Document) -> dict[str, dict[str, Any]]:
    return {rule["alert"]: rule for rule in _rules(document) if "alert" in rule}


def test_the_committed_files_are_what_an_empty_configuration_gives() -> None:
    assert drift(build({}), ROOT / "rules/generated") == []


@pytest.mark.parametrize("text", [pytest.param("", id="every default"), pytest.param(SHORT, id="short windows")])
def test_the_generated_unit_tests_pass(tmp_path: Path, text: str) -> None:
    peer("promtool")
    (tmp_path / "errtally.yml").write_text(text)
    result = CliRunner().invoke(errtally, ["rules", "test", "--config", str(tmp_path / "errtally.yml")])
    assert result.exit_code == 0, result.output
    assert "SUCCESS" in result.output


@pytest.mark.parametrize(
    ("alert", "old", "new"),
    [
        pytest.param("HighErrorRate", "> 0.05", "> 0.0502", id="a higher limit of failures"),
        pytest.param("HighErrorRate", "> 0.05", "> 0.0498", id="a lower limit of failures"),
        pytest.param("HighErrorRate", "or 0 *", "or 1 *", id="a service without failures"),
        pytest.param("HighErrorRate", "keep_firing_for: 15m", "keep_firing_for: 5h", id="a cooldown without end"),
        pytest.param("ResponseTimeDegradation", "> 1\n", "> 1.5\n", id="a higher limit of response time"),
        pytest.param("MemoryUsageCritical", "> 0.9\n", ">= 0.9\n", id="memory at the limit"),
        pytest.param("DiskSpaceLow", "< 0.1\n", "<= 0.1\n", id="disk at the limit"),
        pytest.param("NewIssue", "abs(time()", "(time()", id="clocks ahead"),
        pytest.param("NewIssue", "[1h]", "[1s]", id="no memory of lost stores"),
        pytest.param("NewIssue", "  unless on (project", "  unless on (issue, project", id="a new issue told twice"),
        pytest.param("DataAbsent", "unless on () up", "unless on () nothing", id="a target down told twice"),
        pytest.param("StoreFailing", "errtally_up == 0", "errtally_up < 5", id="a store that works"),
    ],
)
def test_the_generated_unit_tests_notice_a_broken_rule(tmp_path: Path, alert: str, old: str, new: str) -> None:
    promtool = peer("promtool")
    files = build({})
    assert old in files[RULES_FILE]
    tests = yaml.safe_load(files[TESTS_FILE])
    tests["tests"] = [test for test in tests["tests"] if test["name"].startswith(f"{alert} ")]
    (tmp_path / RULES_FILE).write_text(files[RULES_FILE].replace(old, new))
    (tmp_path / TESTS_FILE).write_text(yaml.safe_dump(tests))
    done = subprocess.run([promtool, "test", "rules", TESTS_FILE], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 1
    assert alert.encode() in done.stdout + done.stderr, "failed for another reason"


def test_every_query_reads_only_metrics_of_the_catalogue_and_recorded_ones() -> None:
    suffixes = ("", "_bucket", "_sum", "_count")
    known = {metric.name + suffix for metric, suffix in itertools.product(names.CATALOGUE, suffixes)}
    recorded = {rule["record"] for rule in _rules({}) if "record" in rule}
    for rule in _rules({}):
        expr = rule["expr"]
        for record in recorded:
            expr = expr.replace(record, "")
        assert set(re.findall(r"\berrtally_\w+", expr)) <= known


def test_every_alert_has_what_a_person_on_call_needs() -> None:
    for name, alert in _alerts({}).items():
        annotations = alert["annotations"]
        assert {"title", "summary", "description", "value", "threshold", "runbook_url", "dashboard_url"} <= set(
            annotations
        )
        assert alert["labels"]["severity"] in names.SEVERITIES
        assert annotations["runbook_url"].rsplit("/", 1)[1] == name
        page = (ROOT / "docs/runbooks" / f"{name}.md").read_text()
        for part in ("Meaning", "Impact", "Diagnosis", "Mitigation"):
            assert f"## {part}\n" in page


@pytest.mark.parametrize(
    ("name", "severity", "channels", "held"),
    [
        pytest.param("HighErrorRate", "critical", "slack,pagerduty", "15m", id="High Error Rate"),
        pytest.param("ResponseTimeDegradation", "warning", "slack", "15m", id="Response Time Degradation"),
        pytest.param("MemoryUsageCritical", "critical", "slack,pagerduty", "15m", id="Memory Usage Critical"),
        pytest.param("DiskSpaceLow", "warning", "slack,email", "15m", id="Disk Space Low"),
    ],
)
def test_the_default_rules_have_their_severity_channels_and_cooldown(
    name: str, severity: str, channels: str, held: str
) -> None:
    alert = _alerts({})[name]
    assert alert["labels"] == {"severity": severity, "channels": channels}
    assert alert["keep_firing_for"] == held


def test_the_configuration_changes_a_rule_and_switches_one_off() -> None:
    alerts = _alerts(config.parse(SHORT, "f"))
    assert "Watchdog" not in alerts
    alert = alerts["HighErrorRate"]
    assert alert["expr"].endswith("rate10s > 0.2")
    assert "for" not in alert
    assert alert["keep_firing_for"] == "5s"
    assert alert["labels"] == {"severity": "warning", "channels": "email"}
    assert alert["annotations"]["threshold"] == "20%"
    assert alerts["NewIssue"]["annotations"]["issue_url"].startswith("https://errors.example.com{{")


@pytest.mark.parametrize(
    ("rules", "problem"),
    [
        pytest.param("{HighErorRate: {}}", "there is no such rule; known are HighErrorRate", id="a misspelt rule"),
        pytest.param("{NewIssue: {threshold: 3}}", "this rule has no threshold", id="a threshold that means nothing"),
        pytest.param("{DiskSpaceLow: {window: 5m}}", "looks at the present value", id="a window that means nothing"),
        pytest.param("{HighErrorRate: {threshold: 5}}", "must be below 1", id="per cent instead of a share"),
        pytest.param("{HighErrorRate: {window: 1s}}", "at least 4s", id="a window without two samples"),
        pytest.param("{ResponseTimeDegradation: {threshold: 60}}", "below 30.0 seconds", id="beyond the histogram"),
        pytest.param("{Watchdog: {severity: critical}}", "heartbeat service only", id="a watchdog that pages"),
    ],
)
def test_a_change_that_does_not_fit_its_rule_is_refused(rules: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        build(config.parse(f"alerting:\n  rules: {rules}", "f"))


def test_the_operators_resource_holds_the_same_groups() -> None:
    resource = yaml.safe_load(build({}, "prometheusrule")[RESOURCE_FILE])
    assert resource["kind"] == "PrometheusRule"
    assert resource["spec"] == yaml.safe_load(build({})[RULES_FILE])


def test_every_rule_has_cases_that_fire_and_cases_that_are_silent() -> None:
    tests = yaml.safe_load(build({})[TESTS_FILE])["tests"]
    for rule in ALERTS:
        own = [test for test in tests if test["name"].startswith(f"{rule.name} ")]
        outcomes = [bool(check["exp_alerts"]) for test in own for check in test["alert_rule_test"]]
        assert True in outcomes
        assert rule.name == "Watchdog" or False in outcomes


def test_checking_names_the_line_that_drifted(tmp_path: Path) -> None:
    arguments = ["--out", str(tmp_path)]
    assert CliRunner().invoke(errtally, ["rules", "build", *arguments]).exit_code == 0
    rules = tmp_path / RULES_FILE
    rules.write_text(rules.read_text().replace("for: 1m", "for: 2m", 1))
    result = CliRunner().invoke(errtally, ["rules", "check", *arguments])
    assert result.exit_code == 1
    assert re.search(r"errtally\.rules\.yml:\d+: differs", result.output)


def test_checking_asks_promtool(tmp_path: Path) -> None:
    peer("promtool")
    arguments = ["--out", str(tmp_path)]
    assert CliRunner().invoke(errtally, ["rules", "build", *arguments]).exit_code == 0
    result = CliRunner().invoke(errtally, ["rules", "check", *arguments])
    assert "SUCCESS: 11 rules found" in result.output
