from __future__ import annotations

import itertools
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from tests.peers import peer

from errtally import config, names
from errtally.command_line import errtally
from errtally.config.alerting import EXPORTERS, alerting
from errtally.config.duration import parse_duration
from errtally.config.objectives import Slo
from errtally.errors import ConfigError
from errtally.generate.files import drift, write
from errtally.rules import objectives, settings
from errtally.rules.alerts import ALERTS
from errtally.rules.alerts.store_failing import STORE_FAILING
from errtally.rules.alerts.watchdog import WATCHDOG
from errtally.rules.build import RESOURCE_FILE, RULES_ENDING, RULES_FILE, TESTS_ENDING, build

ROOT = Path(__file__).parents[2]

SHORT = """
external_url: https://errors.example.com
alerting:
  cooldown: 5s
  group_interval: 1s
  slos: []
  rules:
    HighErrorRate: {window: 10s, for: 0s, threshold: 0.2, severity: warning, channels: [email]}
    ResponseTimeDegradation: {window: 10s, for: 0s, threshold: 0.7}
    MemoryUsageCritical: {threshold: 0.5, for: 0s}
    NewIssue: {window: 20s}
    CrashFreeSessionsLow: {threshold: 0.95, minimum: 0}
    ErrorSpike: {window: 20m, threshold: 5}
    Watchdog: {enabled: false}
"""


def _rules(document: config.document.Document) -> list[dict[str, Any]]:
    return [rule for group in _groups(document) for rule in group["rules"]]


def _groups(document: config.document.Document) -> list[dict[str, Any]]:
    files = build(document)
    return [group for name in files if name.endswith(RULES_ENDING) for group in yaml.safe_load(files[name])["groups"]]


def _tests(document: config.document.Document) -> list[dict[str, Any]]:
    files = build(document)
    return [test for name in files if name.endswith(TESTS_ENDING) for test in yaml.safe_load(files[name])["tests"]]


def _alerts(document: config.document.Document) -> dict[str, dict[str, Any]]:
    return {rule["alert"]: rule for rule in _rules(document) if "alert" in rule}


def test_the_committed_files_are_what_an_empty_configuration_gives() -> None:
    assert drift(build({}), ROOT / "rules/generated") == []


TEAMS_AND_OBJECTIVES = """
alerting:
  exporters: shared
  teams:
    - {name: platform, projects: [infra-*, "gate?way"]}
    - {name: shop, projects: [checkout, shop.*]}
  slos:
    - {name: quick, objective: 0.95, kind: latency, threshold: 0.5, projects: [check*, "shop-?"], window: 7d}
    - {name: up, objective: 0.999, projects: [checkout]}
  monitors:
    - {monitor: backup-*, interval: 2h}
    - {monitor: "report", interval: 30m}
    - {monitor: "*", interval: 1d}
"""


@pytest.mark.parametrize(
    ("text", "files"),
    [
        pytest.param("", "*", id="every default, one exporter"),
        pytest.param(TEAMS_AND_OBJECTIVES, "errtally", id="replicas of one store, teams, monitors"),
        pytest.param(TEAMS_AND_OBJECTIVES, "errtally-slo*", id="replicas of one store, objectives"),
        pytest.param(SHORT, "errtally-[0-9]*", id="short windows"),
        pytest.param("alerting: {exporters: independent}", "errtally", id="exporters with stores of their own"),
        pytest.param("alerting: {exporters: independent}", "errtally-health", id="health of such exporters"),
    ],
)
def test_the_generated_unit_tests_pass(tmp_path: Path, text: str, files: str) -> None:
    promtool = peer("promtool")
    write(build(config.parse(text, "f")), tmp_path)
    names_of_tests = sorted(path.name for path in tmp_path.glob(files + TESTS_ENDING))
    assert names_of_tests
    with ThreadPoolExecutor(2) as pool:
        for done in pool.map(lambda name: _promtool(promtool, name, tmp_path), names_of_tests):
            assert done.returncode == 0, done.stdout + done.stderr


def _promtool(promtool: Path, name: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [promtool, "test", "rules", name]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_command_runs_the_generated_unit_tests_and_shows_what_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    peer("promtool")
    monkeypatch.setattr(settings, "ALERTS", (WATCHDOG, STORE_FAILING))
    assert CliRunner().invoke(errtally, ["rules", "test"]).exit_code == 0
    monkeypatch.setattr(settings, "ALERTS", (replace(STORE_FAILING, expr=lambda _: "vector(1)"),))
    result = CliRunner().invoke(errtally, ["rules", "test"])
    assert result.exit_code == 1
    assert "alertname: StoreFailing" in result.output


def test_the_tests_of_one_alert_are_run_alone() -> None:
    peer("promtool")
    done = CliRunner().invoke(errtally, ["rules", "test", "--rule", "DiskSpaceLow"])
    assert (done.exit_code, done.output.count("SUCCESS")) == (0, 1)
    wrong = CliRunner().invoke(errtally, ["rules", "test", "--rule", "DiskSpaceLow", "--rule", "NoSuchRule"])
    assert wrong.exit_code == 2
    assert "no enabled rule is called NoSuchRule" in wrong.output


@pytest.mark.parametrize(
    ("alert", "old", "new"),
    [
        pytest.param("HighErrorRate", "keep_firing_for: 15m", "keep_firing_for: 5h", id="a cooldown without end"),
        pytest.param("HighErrorRate", "    for: 1m\n", "    for: 0s\n", id="no wait"),
        pytest.param("MemoryUsageCritical", "> 0.9", ">= 0.9", id="memory at the limit"),
        pytest.param("DiskSpaceLow", "< 0.1", "<= 0.1", id="disk at the limit"),
        pytest.param("NewIssue", "[1d:1m] offset 10m", "[1m:1m] offset 10m", id="gaps are not bridged"),
        pytest.param("NewIssue", "[1h]", "[1s]", id="no memory of lost stores"),
        pytest.param("NewIssue", "  unless on (project", "  unless on (issue, project", id="a new issue told twice"),
        pytest.param("Regression", "unless on (project", "unless on (issue, project", id="a regression told twice"),
        pytest.param("GrowingIssue", "offset 10m", "offset 1s", id="growth measured against itself"),
        pytest.param("GrowingIssue", "issue!=", "issue=~", id="what is beyond the budget as one issue"),
        pytest.param("CrashFreeSessionsLow", 'status="started"', 'status=~".+"', id="sessions counted twice"),
        pytest.param("ErrorRateAnomaly", "offset 5m", "offset 1s", id="an anomaly in its own baseline"),
        pytest.param("DataAbsent", "unless on () up", "unless on () nothing", id="a target down told twice"),
        pytest.param("StoreFailing", "errtally_up == 0", "errtally_up < 5", id="a store that works"),
        pytest.param("CircuitBreakerOpen", "> 0", "> 1", id="a breaker that is half open"),
        pytest.param("CircuitBreakerOpen", "max by", "min by", id="a breaker of one process of several"),
        pytest.param("ClientsDiscarding", "before_send|", "", id="what clients drop on purpose"),
    ],
)
def test_the_generated_unit_tests_notice_a_broken_rule(tmp_path: Path, alert: str, old: str, new: str) -> None:
    promtool = peer("promtool")
    files = build({})
    rules = next(name for name in files if f"alert: {alert}\n" in files[name] and name.endswith(RULES_ENDING))
    content = yaml.safe_load(files[rules])
    (group,) = content["groups"]
    group["rules"] = [rule for rule in group["rules"] if rule.get("alert", alert) == alert]
    text = yaml.safe_dump(content, sort_keys=False, width=1_000_000)
    assert old.strip() in text
    (tmp_path / rules).write_text(text.replace(old.strip(), new.strip()))
    for name, tests in files.items():
        if name.endswith(TESTS_ENDING) and f"alertname: {alert}\n" in tests:
            own = yaml.safe_load(tests)
            own["tests"] = [test for test in own["tests"] if test["name"].startswith(f"{alert} ")]
            (tmp_path / name).write_text(yaml.safe_dump(own))
            break
    done = subprocess.run([promtool, "test", "rules", name], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 1
    assert alert.encode() in done.stdout + done.stderr, "failed for another reason"


def test_every_query_reads_only_metrics_of_the_catalogue_and_recorded_ones() -> None:
    suffixes = ("", "_bucket", "_sum", "_count")
    catalogue = (*names.CATALOGUE, *names.CLIENT_CATALOGUE)
    known = {metric.name + suffix for metric, suffix in itertools.product(catalogue, suffixes)}
    recorded = {rule["record"] for rule in _rules({}) if "record" in rule}
    for rule in _rules({}):
        expr = rule["expr"]
        for record in recorded:
            expr = expr.replace(record, "")
        assert set(re.findall(r"\b(?<!:)errtally_\w+", expr)) <= known


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
        pytest.param("ResponseTimeAnomaly", "warning", "slack", "15m", id="Response Time Anomaly"),
        pytest.param("ErrorRateAnomaly", "critical", "slack,pagerduty", "15m", id="Error Rate Anomaly"),
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
    assert "rate10s > 0.2\n" in alert["expr"]
    assert "for" not in alert
    assert alert["keep_firing_for"] == "5s"
    assert alert["labels"] == {"severity": "warning", "channels": "email"}
    assert alert["annotations"]["threshold"] == "20%"
    assert alerts["NewIssue"]["annotations"]["issue_url"].startswith("https://errors.example.com{{")


@pytest.mark.parametrize(
    ("rules", "problem"),
    [
        pytest.param("{HighErorRate: {}}", "'HighErorRate' is not one of", id="a misspelt rule"),
        pytest.param("{NewIssue: {minimum: 3}}", "has no minimum", id="a minimum that means nothing"),
        pytest.param("{ErrorSpike: {threshold: 0.5}}", "must be above 1", id="a factor that is none"),
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
    assert resource["spec"]["groups"] == _groups({})


def test_every_rule_has_cases_that_fire_and_cases_that_are_silent() -> None:
    tests = _tests(config.parse(TEAMS_AND_OBJECTIVES, "f"))
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
    assert result.output.count("SUCCESS:") == 4
    assert "lint: no problem in 4 rule files" in result.output


def test_the_schema_knows_exactly_the_rules_that_exist() -> None:
    rules = config.document.schema()["properties"]["alerting"]["properties"]["rules"]
    assert sorted(rules["propertyNames"]["enum"]) == sorted(rule.name for rule in ALERTS)


def test_alerts_carry_the_team_that_owns_the_project_and_only_those_with_a_project() -> None:
    alerts = _alerts(config.parse(TEAMS_AND_OBJECTIVES, "f"))
    assert alerts["HighErrorRate"]["labels"]["team"] == (
        '{{ if match "^(?:infra-.*|gate.way)$" $labels.project }}platform'
        '{{ else if match "^(?:checkout|shop\\\\..*)$" $labels.project }}shop{{ end }}'
    )
    assert "team" not in alerts["MemoryUsageCritical"]["labels"]


@pytest.mark.parametrize("exporters", EXPORTERS)
def test_series_add_up_without_counting_an_event_twice(exporters: str) -> None:
    rules = _rules(config.parse(f"alerting: {{exporters: {exporters}}}", "f"))
    rate = next(rule["expr"] for rule in rules if rule.get("record") == "project:errtally_service_requests:rate5m")
    assert ("max by" in rate) is (exporters == "shared")
    assert rate.startswith("sum by (project, environment)")


def test_a_minimum_of_zero_lets_a_single_failure_page() -> None:
    document = config.parse("alerting: {rules: {HighErrorRate: {minimum: 0}}}", "f")
    assert _alerts(document)["HighErrorRate"]["expr"] == "project:errtally_service_requests:failure_ratio_rate5m > 0.05"


def test_missed_check_ins_go_by_the_schedule_and_where_it_is_configured_by_the_interval() -> None:
    deadline = names.CHECK_IN_DEADLINE.name
    assert _overdue({}) == f"time() - {deadline}"
    named = config.parse("alerting: {monitors: [{monitor: backup-*, interval: 2h}]}", "f")
    assert _overdue(named).endswith(f'{deadline}{{monitor!~"backup-.*"}}')
    expr = _overdue(config.parse(TEAMS_AND_OBJECTIVES, "f"))
    assert 'monitor=~"backup-.*"} - 7200' in expr
    assert 'monitor="report",monitor!~"backup-.*"} - 1800' in expr
    assert '{monitor!~"backup-.*",monitor!="report"} - 86400' in expr
    assert deadline not in expr


def _overdue(document: config.document.Document) -> str:
    record = "monitor:errtally_check_in:overdue_seconds"
    return next(rule["expr"] for rule in _rules(document) if rule.get("record") == record)


def test_what_can_never_fire_and_what_needs_a_longer_memory_is_said_when_rules_are_built(tmp_path: Path) -> None:
    file = tmp_path / "errtally.yml"
    file.write_text(
        "alerting: {slos: [{name: low, objective: 0.8, window: 7d}, {name: high, objective: 0.999, window: 90d}]}"
    )
    said = CliRunner().invoke(errtally, ["rules", "build", "--config", str(file), "--out", str(tmp_path)])
    assert said.exit_code == 0
    assert "ErrorBudgetBurn can never fire for the objective low" in said.stderr
    assert "for the objective high" not in said.stderr
    assert "ErrorBudgetBurnSlow can never" not in said.stderr
    assert "the error budget of high looks back 90d" in said.stderr
    assert "the error budget of low looks" not in said.stderr
    assert "ErrorSpike looks back" in said.stderr


@pytest.mark.parametrize(
    ("window", "long", "short"),
    [
        pytest.param("7d", ["14m", "84m", "336m", "1008m"], ["5m", "7m", "28m", "84m"], id="a week"),
        pytest.param("28d", ["56m", "336m", "1344m", "4032m"], ["5m", "28m", "112m", "336m"], id="four weeks"),
        pytest.param("30d", ["1h", "6h", "1d", "3d"], ["5m", "30m", "2h", "6h"], id="the windows of the workbook"),
        pytest.param("90d", ["3h", "18h", "3d", "9d"], ["15m", "90m", "6h", "18h"], id="a quarter"),
    ],
)
def test_windows_are_the_same_share_of_every_objectives_own(window: str, long: list[str], short: list[str]) -> None:
    slo = Slo("any", 0.99, window_seconds=parse_duration(window))
    tiers = (*objectives.PAGE, *objectives.TICKET)
    assert [tier.long(slo) for tier in tiers] == [parse_duration(text) for text in long]
    assert [tier.short(slo) for tier in tiers] == [parse_duration(text) for text in short]


@pytest.mark.parametrize(
    ("channels", "rules", "told"),
    [
        pytest.param("{}", "{}", "slack,pagerduty", id="Slack stands for chat where there is none"),
        pytest.param("{discord: {webhook_url_file: /a}}", "{}", "discord,pagerduty", id="the one chat there is"),
        pytest.param(
            "{slack: {api_url_file: /a, channel: a}, teams: {webhook_url_file: /a}}",
            "{}",
            "slack,teams,pagerduty",
            id="every chat there is",
        ),
        pytest.param(
            "{slack: {api_url_file: /a, channel: a}, teams: {webhook_url_file: /a}}",
            "{HighErrorRate: {channels: [teams]}}",
            "teams",
            id="the one that the configuration picks",
        ),
    ],
)
def test_a_rule_goes_to_the_chats_that_are_configured(channels: str, rules: str, told: str) -> None:
    configured = alerting(config.parse(f"alerting: {{channels: {channels}, rules: {rules}}}", "f"))
    (high,) = [
        rule_set for rule, rule_set in settings.enabled_rules(configured).items() if rule.name == "HighErrorRate"
    ]
    assert ",".join(high.channels) == told
