"""The Helm chart, rendered by Helm, held against what reads its objects: schemas, promtool, and errtally itself."""

from __future__ import annotations

import base64
import gzip
import json
import re
import shutil
import subprocess
import tarfile
import urllib.request
from functools import cache
from typing import TYPE_CHECKING, Any

import jsonschema
import kubernetes_validate
import pytest
import yaml
from click.testing import CliRunner
from tests.flow.exporter import Exporter
from tests.flow.helm import CHART, NAMESPACE, ROOT, Loader, helm, only, render, run_helm
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

OWN = """
external_url: https://errors.example.com/errtally
projects:
  - {name: shop, id: "42", key_file: /run/secrets/errtally/shop-keys}
  - {name: till, key_file: /run/secrets/errtally/till-keys}
web: {password_file: /run/secrets/errtally/web-password, allowed_hosts: [elsewhere]}
grafana: {url: https://grafana.example.com}
retention: {store_bytes: 2147483648}
"""
"""A configuration with what a chart may spoil: a large number, an id of digits."""

CHANNELS = """
alerting:
  channels:
    slack: {api_url_file: /run/secrets/slack, channel: '#alerts'}
    pagerduty: {routing_key_file: /run/secrets/pagerduty}
    email: {to: [a@example.com], from: b@example.com, smarthost: 'mail.example.com:587',
            auth_username: b, auth_password_file: /run/secrets/mail}
"""

EVERYTHING: dict[str, Any] = {
    "commonLabels": {"team": "platform"},
    "image": {"repository": "registry.example.com/errtally", "digest": f"sha256:{'0a' * 32}"},
    "imagePullSecrets": [{"name": "registry"}],
    "config": yaml.safe_load(OWN),
    "existingSecret": "errtally-secrets",
    "extraEnv": [{"name": "TZ", "value": "Europe/Berlin"}],
    "extraVolumes": [{"name": "more", "emptyDir": {}}],
    "extraVolumeMounts": [{"name": "more", "mountPath": "/more"}],
    "persistence": {"storageClass": "fast", "annotations": {"a": "b"}},
    "service": {"port": 80, "annotations": {"a": "b"}},
    "serviceAccount": {"annotations": {"a": "b"}},
    "podAnnotations": {"a": "b"},
    "podLabels": {"a": "b"},
    "nodeSelector": {"a": "b"},
    "tolerations": [{"key": "a", "operator": "Exists"}],
    "affinity": {"podAntiAffinity": {}},
    "topologySpreadConstraints": [
        {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}
    ],
    "priorityClassName": "high",
    "podDisruptionBudget": {"enabled": True},
    "networkPolicy": {
        "enabled": True,
        "from": [{"namespaceSelector": {}}],
        "restrictEgress": True,
        "egress": [{"to": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]}],
    },
    "ingress": {"enabled": True, "className": "nginx", "annotations": {"a": "b"}},
    "httpRoute": {"enabled": True, "parentRefs": [{"name": "gateway"}], "annotations": {"a": "b"}},
    "metrics": {"tokenKey": "metrics-token"},
    "serviceMonitor": {"enabled": True, "labels": {"release": "monitoring"}},
    "prometheusRule": {"enabled": True, "labels": {"release": "monitoring"}},
    "dashboards": {"enabled": True},
}
SETS: dict[str, dict[str, Any]] = {
    "every default": {},
    "everything": EVERYTHING,
    "a file as it is": {"configFile": OWN, "existingSecret": "errtally-secrets"},
    "a claim of one's own": {"persistence": {"existingClaim": "old"}, "serviceAccount": {"create": False}},
    "no volume": {"persistence": {"enabled": False}, "fullnameOverride": "errors"},
}
SET = pytest.mark.parametrize("name", SETS)


@cache
def _objects(name: str) -> list[dict[str, Any]]:
    return render(values=SETS[name])


@SET
def test_lint_has_no_complaint(name: str) -> None:
    status, output, said = run_helm("lint", "--strict", values=SETS[name])
    assert (status, said) == (0, ""), output


@SET
@pytest.mark.parametrize("version", ["1.29", "1.33", "1.37"])
def test_its_objects_fit_the_schemas_of_kubernetes(name: str, version: str) -> None:
    checked = [one for one in _objects(name) if one["apiVersion"].partition("/")[0].partition(".")[0] not in OPERATORS]
    assert len(checked) >= 4
    for one in checked:
        kubernetes_validate.validate(one, version, strict=True)


OPERATORS = ("monitoring", "gateway")


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
    assert {one["kind"] for one in checked} == {"ServiceMonitor", "PrometheusRule", "AlertmanagerConfig", "HTTPRoute"}
    for one in checked:
        jsonschema.validate(one, schemas[one["apiVersion"], one["kind"]])


def test_promtool_accepts_the_rules_which_are_all_that_are_generated(tmp_path: Path) -> None:
    groups = only(_objects("everything"), "PrometheusRule")["spec"]["groups"]
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
    found = [one for one in _objects("everything") if "grafana_dashboard" in one["metadata"]["labels"]]
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
    (endpoint,) = only(_objects("everything"), "ServiceMonitor")["spec"]["endpoints"]
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


def _laid_out(name: str, tmp_path: Path) -> Path:
    """Lay the configuration of a set out as its pod has it, the secrets beside it; return its file."""
    text = only([one for one in _objects(name) if "errtally.yml" in one.get("data", {})], "ConfigMap")["data"]
    named = set(re.findall(r"/run/secrets/errtally/([\w-]+)", text["errtally.yml"]))
    assert named
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for file in named:
        (secrets / file).write_text(f"3f2a9c81d07b4e5f9a6c1b2d3e4f5a6b-{file}")
    made = [one["stringData"] for one in _objects(name) if one["kind"] == "Secret"]
    for file, secret in made[0].items() if made else ():
        assert file in named
        (secrets / file).write_text(secret)
    path = tmp_path / "errtally.yml"
    path.write_text(text["errtally.yml"].replace("/run/secrets/errtally", str(secrets)))
    return path


@SET
def test_the_configuration_is_good_and_the_pod_runs_it(name: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(errtally, ["config", "check", str(_laid_out(name, tmp_path))])
    assert (done.exit_code, "listens on 0.0.0.0:9765" in done.output) == (0, True), done.output
    pod = only(_objects(name), "StatefulSet")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["args"] == ["serve", "--config=/etc/errtally/errtally.yml", "--data-dir=/var/lib/errtally/data"]
    mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert volumes[mounts["/etc/errtally"]]["configMap"]["name"] in {
        one["metadata"]["name"] for one in _objects(name) if "errtally.yml" in one.get("data", {})
    }
    assert volumes[mounts["/run/secrets/errtally"]]["secret"]["secretName"]
    claims = [
        claim["metadata"]["name"]
        for claim in only(_objects(name), "StatefulSet")["spec"].get("volumeClaimTemplates", [])
    ]
    assert mounts["/var/lib/errtally"] in {*volumes, *claims}


@SET
def test_the_service_leads_to_the_pod(name: str) -> None:
    service, stateful = only(_objects(name), "Service"), only(_objects(name), "StatefulSet")["spec"]
    labels = stateful["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= labels.items()
    assert stateful["selector"]["matchLabels"].items() <= labels.items()
    assert stateful["serviceName"] == service["metadata"]["name"]
    (port,) = stateful["template"]["spec"]["containers"][0]["ports"]
    assert service["spec"]["ports"][0]["targetPort"] == port["name"]


def test_the_exporter_runs_with_what_the_defaults_make(tmp_path: Path) -> None:
    (key,) = [one["stringData"]["dsn-keys"] for one in _objects("every default") if one["kind"] == "Secret"]
    exporter = Exporter(tmp_path, "--config", str(_laid_out("every default", tmp_path)))
    exporter.start()
    try:
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            (container,) = only(_objects("every default"), "StatefulSet")["spec"]["template"]["spec"]["containers"]
            with urllib.request.urlopen(exporter.url + container[probe]["httpGet"]["path"]) as answer:
                assert answer.status == 200
        scrape = urllib.request.Request(
            f"{exporter.url}/metrics", headers={"Host": f"errtally.{NAMESPACE}.svc.cluster.local:9765"}
        )
        with urllib.request.urlopen(scrape) as answer:
            assert b"errtally_" in answer.read()
        event = urllib.request.Request(
            f"{exporter.url}/api/1/store/?sentry_key={key}",
            data=b'{"message": "from the cluster", "level": "error"}',
            headers={"Content-Type": "application/json", "Host": f"errtally.{NAMESPACE}.svc:9765"},
        )
        with urllib.request.urlopen(event) as answer:
            assert answer.status == 200
    finally:
        exporter.stop()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        pytest.param({"replicas": 2}, "replicas: 2, but the data directory belongs to one exporter", id="two replicas"),
        pytest.param({"persistance": {}}, "persistance", id="a value that does not exist"),
        pytest.param({"service": {"port": "http"}}, "service", id="a port that is no number"),
        pytest.param({"config": {"data_dir": "/data"}}, "config.data_dir: the chart sets it", id="another directory"),
        pytest.param({"configFile": "a: ["}, "configFile: ", id="a file that is no YAML"),
        pytest.param({"metrics": {"tokenKey": "t"}}, "names a key of existingSecret", id="a token without its secret"),
        pytest.param({"ingress": {"enabled": True}}, "config.external_url", id="an ingress without an address"),
        pytest.param(
            {"httpRoute": {"enabled": True}, "config": {"external_url": "https://e.example.com"}},
            "httpRoute.parentRefs: which gateway?",
            id="a route without its gateway",
        ),
        pytest.param(
            {"alertmanagerConfig": {"enabled": True}},
            "alertmanagerConfig.file: set it to",
            id="routing without channels",
        ),
        pytest.param(
            {"alertmanagerConfig": {"enabled": True, "file": "kind: Pod"}},
            "is no AlertmanagerConfig",
            id="routing of another kind",
        ),
        pytest.param(
            {"prometheusRule": {"enabled": True, "file": "kind: Pod"}},
            "is no PrometheusRule",
            id="rules of another kind",
        ),
    ],
)
def test_what_can_not_work_is_refused_with_a_clear_word(values: dict[str, Any], said: str) -> None:
    status, _, complaint = run_helm("template", values=values)
    assert status != 0
    assert said in complaint


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


def test_nothing_optional_is_there_by_default() -> None:
    kinds = sorted(one["kind"] for one in _objects("every default"))
    assert kinds == ["ConfigMap", "Secret", "Service", "ServiceAccount", "StatefulSet"]


def test_a_changed_configuration_is_a_new_pod() -> None:
    def mark(values: dict[str, Any]) -> str:
        template = only(render(values=values), "StatefulSet")["spec"]["template"]
        found: str = template["metadata"]["annotations"]["checksum/config"]
        return found

    assert mark({}) == mark({})
    assert mark({}) != mark({"config": {"external_url": "https://errors.example.com"}})


def test_the_longest_name_of_a_release_gives_names_that_kubernetes_takes() -> None:
    objects = render(values=EVERYTHING, release="r" * 53)
    for one in objects:
        assert len(one["metadata"]["name"]) <= (253 if one["kind"] == "ConfigMap" else 52), one["metadata"]["name"]
        assert all(len(value) <= 63 for value in one["metadata"]["labels"].values())


def test_a_package_has_what_it_needs_and_fits_into_a_release(tmp_path: Path) -> None:
    copy = tmp_path / "errtally"
    done = subprocess.run(
        [helm(), "package", CHART, "--destination", tmp_path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (package,) = tmp_path.glob("*.tgz")
    with tarfile.open(package) as archive:
        archive.extractall(tmp_path, filter="data")
    files = [path for path in copy.rglob("*") if path.is_file()]
    assert not [path for path in files if path.name.endswith(".tests.yml") or path.suffix == ".md"]
    assert render(values=EVERYTHING, chart=copy) == _objects("everything")
    # Helm keeps chart and objects in a Secret, zipped and twice in base64; a Secret may have a mebibyte.
    kept = json.dumps({path.name: base64.b64encode(path.read_bytes()).decode() for path in files})
    kept += yaml.safe_dump_all(_objects("everything"))
    assert len(base64.b64encode(base64.b64encode(gzip.compress(kept.encode())))) < 1_048_576
    shutil.rmtree(copy)
