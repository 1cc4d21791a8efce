"""What the chart has for the Prometheus operator and Grafana: what is generated, as they read it."""

from __future__ import annotations

import json
import re
import subprocess
from functools import cache
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml
from click.testing import CliRunner
from tests.flow.helm import CHANNELS, EVERYTHING, NAMESPACE, OWN, ROOT, Loader, objects_of, only, render, run_helm
from tests.newest_programs import definitions
from tests.peers import peer

from errtally import config, names
from errtally.command_line import errtally
from errtally.dashboards import build as dashboards
from errtally.rules.alerts.data_absent import JOB
from errtally.rules.build import build

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

pytestmark = pytest.mark.flow


@cache
def _schemas() -> dict[tuple[str, str], dict[str, Any]]:
    found = {}
    for path in definitions():
        spec = yaml.load(path.read_text(), Loader)["spec"]
        for version in spec["versions"]:
            schema = version["schema"]["openAPIV3Schema"]
            _close(schema)
            schema["properties"]["metadata"] = {"type": "object"}
            found[f"{spec['group']}/{version['name']}", spec["names"]["kind"]] = schema
    return found


def _close(schema: Any) -> None:
    """Let no unknown key pass, as the API server does, and integers beside text."""
    if isinstance(schema, list):
        for one in schema:
            _close(one)
    if isinstance(schema, dict):
        if "properties" in schema and not schema.get("x-kubernetes-preserve-unknown-fields"):
            schema.setdefault("additionalProperties", False)
        if schema.get("x-kubernetes-int-or-string"):
            schema.pop("type", None)
        if "(?i)" in str(schema.get("pattern", "")):  # Go takes it within a pattern, Python at its head
            schema["pattern"] = "(?i)" + schema["pattern"].replace("(?i)", "")
        for one in schema.values():
            _close(one)


def _built(tmp_path: Path, room: str, output: str, text: str) -> Path:
    """Let a generator write the operator's object for a configuration; return its file."""
    (tmp_path / "errtally.yml").write_text(text)
    arguments = [room, "build", "--config", str(tmp_path / "errtally.yml"), "--format", output, "--out", str(tmp_path)]
    done = CliRunner().invoke(errtally, arguments)
    assert done.exit_code == 0, done.output
    return tmp_path / f"errtally.{output}.yml"


def test_the_operators_objects_fit_their_definitions(tmp_path: Path) -> None:
    file = _built(tmp_path, "alertmanager", "alertmanagerconfig", CHANNELS)
    values = EVERYTHING | {"alertmanagerConfig": {"enabled": True}}
    objects = render("--set-file", f"alertmanagerConfig.file={file}", values=values)
    schemas = _schemas()
    checked = [one for one in objects if (one["apiVersion"], one["kind"]) in schemas]
    checked.append(only(objects_of("three replicas"), "ScrapeConfig"))
    kinds = {"ServiceMonitor", "ScrapeConfig", "PrometheusRule", "AlertmanagerConfig", "HTTPRoute"}
    assert {one["kind"] for one in checked} == kinds
    for one in checked:
        jsonschema.validate(one, schemas[one["apiVersion"], one["kind"]])


def test_promtool_accepts_the_rules_which_are_all_that_are_generated(tmp_path: Path) -> None:
    groups = only(objects_of("everything"), "PrometheusRule")["spec"]["groups"]
    (tmp_path / "errtally.rules.yml").write_text(yaml.safe_dump({"groups": groups}))
    done = subprocess.run(
        [peer("promtool"), "check", "rules", tmp_path / "errtally.rules.yml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    urls = {key: yaml.safe_load(OWN)[key] for key in ("external_url", "grafana")}
    (wanted,) = [
        yaml.safe_load(text)["spec"]["groups"]
        for name, text in build(config.parse(yaml.safe_dump(urls), "f"), "prometheusrule").items()
        if name.endswith("prometheusrule.yml")
    ]
    alerts = [rule for group in wanted for rule in group["rules"] if "alert" in rule]
    assert len(alerts) > 30
    for alert in alerts:
        alert["labels"]["namespace"] = NAMESPACE  # what an AlertmanagerConfig of this namespace asks for
    assert sorted(groups, key=lambda group: group["name"]) == sorted(wanted, key=lambda group: group["name"])


def test_rules_of_ones_own_come_by_their_file(tmp_path: Path) -> None:
    file = _built(
        tmp_path, "rules", "prometheusrule", "alerting: {rules: {DiskSpaceLow: {enabled: false}}, exporters: shared}"
    )
    groups = only(
        render("--set-file", f"prometheusRule.file={file}", values={"prometheusRule": {"enabled": True}}),
        "PrometheusRule",
    )["spec"]["groups"]
    names_ = {rule.get("alert") for group in groups for rule in group["rules"]}
    assert "TargetDown" in names_
    assert "DiskSpaceLow" not in names_


def test_the_routing_is_what_the_generator_says(tmp_path: Path) -> None:
    file = _built(tmp_path, "alertmanager", "alertmanagerconfig", CHANNELS)
    values = {"alertmanagerConfig": {"enabled": True, "existingSecret": "channels"}}
    objects = render("--set-file", f"alertmanagerConfig.file={file}", values=values)
    wanted = yaml.safe_load(file.read_text().replace("name: errtally-alertmanager", "name: channels"))["spec"]
    assert only(objects, "AlertmanagerConfig")["spec"] == wanted
    (templates,) = [one for one in objects if one["metadata"]["name"] == "errtally-alertmanager-templates"]
    for path in (ROOT / "alertmanager/generated/templates").iterdir():
        assert templates["data"][path.name] == path.read_text()


def test_dashboards_are_configmaps_for_grafanas_sidecar() -> None:
    found = [one for one in objects_of("everything") if "grafana_dashboard" in one["metadata"]["labels"]]
    generated = {path.name: path.read_text() for path in (ROOT / "dashboards/generated").glob("*.json")}
    assert {name for one in found for name in one["data"]} == set(generated)
    for one in found:
        assert one["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert one["metadata"]["annotations"]["grafana_folder"] == "errtally"
        ((name, text),) = one["data"].items()
        assert "127.0.0.1" not in text
        wanted = generated[name].replace("http://127.0.0.1:9765", "https://errors.example.com/errtally")
        assert json.loads(text) == json.loads(wanted.replace("http://127.0.0.1:3000", "https://grafana.example.com"))


def test_a_series_keeps_its_labels_and_stays_the_same_in_another_pod() -> None:
    (endpoint,) = only(objects_of("everything"), "ServiceMonitor")["spec"]["endpoints"]
    job, instance, drop = endpoint["relabelings"]
    assert job == {"targetLabel": "job", "replacement": JOB}
    assert instance == {"targetLabel": "instance", "replacement": f"errtally.{NAMESPACE}.svc:80"}
    assert drop["action"] == "labeldrop"
    added = {"namespace", "pod", "container", "endpoint", "service", "job", "instance"}  # by the operator
    left = {label for label in added if not re.fullmatch(drop["regex"], label)}
    ours = {label for metric in names.CATALOGUE for label in metric.labels}
    assert "service" in ours
    assert not left & ours
    assert left == {"namespace", "job", "instance"}
    assert endpoint["authorization"]["credentials"] == {"name": "errtally-secrets", "key": "metrics-token"}


def test_replicas_that_show_the_same_are_scraped_once_by_the_service() -> None:
    objects = objects_of("three replicas")
    assert not [one for one in objects if one["kind"].endswith("Monitor")]
    service, spec = only(objects, "Service"), only(objects, "ScrapeConfig")["spec"]
    port = service["spec"]["ports"][0]["port"]
    address = f"{service['metadata']['name']}.{NAMESPACE}.svc:{port}"
    assert spec["staticConfigs"] == [{"targets": [address], "labels": {"job": JOB}}]
    assert spec["authorization"]["credentials"] == {"name": "errtally-secrets", "key": "token"}


KEYS: dict[str, str] = {
    "alerting.cooldown": "1h",
    "alerting.repeat": "{warning: 1d}",
    "alerting.runbook_base_url": "https://runbooks.example.com",
    "alerting.group_wait": "1m",
    "alerting.group_interval": "10m",
    "alerting.exporters": "shared",
    "alerting.scrape_interval": "30s",
    "alerting.rules": "{HighErrorRate: {threshold: 0.1}}",
    "alerting.slos": "[{name: a, objective: 0.9}]",
    "alerting.monitors": "[{monitor: a, interval: 1h}]",
    "alerting.teams": "[{name: shop, projects: [a], channels: {slack: {api_url_file: /s, channel: '#a'}}}]",
    "alerting.quiet_hours": "[{from: '22:00', to: '06:00'}]",
    "alerting.channels": "{slack: {api_url_file: /s, channel: '#a'}}",
    "grafana.datasource": "Mimir",
    "grafana.refresh": "1m",
}


def test_the_table_has_every_key_that_generators_read() -> None:
    schema = json.loads((ROOT / "src/errtally/config/schema/alerting.json").read_text())["properties"]
    keys = {f"{place}.{key}" for place in ("alerting", "grafana") for key in schema[place]["properties"]}
    assert keys == {*KEYS, "grafana.url"}  # the address the chart fills in


@pytest.mark.parametrize("key", KEYS)
def test_what_the_defaults_do_not_give_is_refused_and_nothing_else(key: str) -> None:
    place, _, name = key.partition(".")
    own = config.parse(f"{place}: {{{name}: {KEYS[key]}}}", "f")
    for value, changed in (
        ("prometheusRule", _rules(own) != _rules({})),
        ("dashboards", dashboards.build(own) != dashboards.build({})),
    ):
        status, _, said = run_helm("template", values={value: {"enabled": True}, "config": dict(own)})
        assert (status != 0, f"config.{key} changes it" in said) == (changed, changed), value


def _rules(document: Mapping[str, Any]) -> dict[str, str]:
    return {name: text for name, text in build(document).items() if name.endswith(".rules.yml")}
