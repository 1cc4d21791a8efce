"""The Helm chart, rendered by Helm, held against Kubernetes' schemas and run by errtally itself."""

from __future__ import annotations

import base64
import gzip
import json
import re
import shutil
import subprocess
import tarfile
import urllib.request
from typing import TYPE_CHECKING, Any

import kubernetes_validate
import pytest
import yaml
from click.testing import CliRunner
from tests.flow.exporter import Exporter
from tests.flow.helm import CHART, EVERYTHING, NAMESPACE, ROOT, SETS, SHARED, helm, objects_of, only, render, run_helm

from errtally.command_line import errtally
from errtally.exporter.config import ENVIRONMENT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.flow

SET = pytest.mark.parametrize("name", SETS)


@SET
def test_lint_has_no_complaint(name: str) -> None:
    status, output, said = run_helm("lint", "--strict", values=SETS[name])
    assert (status, said) == (0, ""), output


@SET
@pytest.mark.parametrize("version", ["1.29", "1.33", "1.37"])
def test_its_objects_fit_the_schemas_of_kubernetes(name: str, version: str) -> None:
    checked = [
        one for one in objects_of(name) if one["apiVersion"].partition("/")[0].partition(".")[0] not in OPERATORS
    ]
    assert len(checked) >= 4
    for one in checked:
        kubernetes_validate.validate(one, version, strict=True)


OPERATORS = ("monitoring", "gateway")


def test_replicas_share_the_database_and_nothing_else() -> None:
    spec = only(objects_of("three replicas"), "StatefulSet")["spec"]
    assert (spec["replicas"], spec["podManagementPolicy"]) == (3, "Parallel")
    assert [claim["metadata"]["name"] for claim in spec["volumeClaimTemplates"]] == ["data"]
    (container,) = spec["template"]["spec"]["containers"]
    (variable,) = container["env"]
    assert ENVIRONMENT[variable["name"]] == "database"
    assert variable["valueFrom"]["secretKeyRef"] == {"name": "postgres-app", "key": "uri"}
    (spread,) = spec["template"]["spec"]["topologySpreadConstraints"]
    labels = spec["template"]["metadata"]["labels"]
    assert spread["labelSelector"]["matchLabels"].items() <= labels.items()


def test_who_scales_decides_how_many_there_are() -> None:
    objects = objects_of("as many as are busy")
    assert "replicas" not in only(objects, "StatefulSet")["spec"]
    target = only(objects, "HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]
    assert target["name"] == only(objects, "StatefulSet")["metadata"]["name"]


def _laid_out(name: str, tmp_path: Path) -> Path:
    """Lay the configuration of a set out as its pod has it, the secrets beside it; return its file."""
    text = only([one for one in objects_of(name) if "errtally.yml" in one.get("data", {})], "ConfigMap")["data"]
    named = set(re.findall(r"/run/secrets/errtally/([\w-]+)", text["errtally.yml"]))
    assert named
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for file in named:
        (secrets / file).write_text(f"3f2a9c81d07b4e5f9a6c1b2d3e4f5a6b-{file}")
    made = [one["stringData"] for one in objects_of(name) if one["kind"] == "Secret"]
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
    pod = only(objects_of(name), "StatefulSet")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["args"] == ["serve", "--config=/etc/errtally/errtally.yml", "--data-dir=/var/lib/errtally/data"]
    mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert volumes[mounts["/etc/errtally"]]["configMap"]["name"] in {
        one["metadata"]["name"] for one in objects_of(name) if "errtally.yml" in one.get("data", {})
    }
    assert volumes[mounts["/run/secrets/errtally"]]["secret"]["secretName"]
    claims = [
        claim["metadata"]["name"]
        for claim in only(objects_of(name), "StatefulSet")["spec"].get("volumeClaimTemplates", [])
    ]
    assert mounts["/var/lib/errtally"] in {*volumes, *claims}


@SET
def test_the_service_leads_to_the_pod(name: str) -> None:
    service, stateful = only(objects_of(name), "Service"), only(objects_of(name), "StatefulSet")["spec"]
    labels = stateful["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= labels.items()
    assert stateful["selector"]["matchLabels"].items() <= labels.items()
    assert stateful["serviceName"] == service["metadata"]["name"]
    (port,) = stateful["template"]["spec"]["containers"][0]["ports"]
    assert service["spec"]["ports"][0]["targetPort"] == port["name"]


def test_routes_from_outside_have_host_and_path_of_the_address_and_lead_to_the_service() -> None:
    objects = objects_of("everything")
    service = only(objects, "Service")
    (port,) = service["spec"]["ports"]
    ingress, route = only(objects, "Ingress")["spec"], only(objects, "HTTPRoute")["spec"]
    (rule,) = ingress["rules"]
    backend = {"service": {"name": service["metadata"]["name"], "port": {"name": port["name"]}}}
    assert rule["host"] == "errors.example.com"
    assert rule["http"]["paths"] == [{"path": "/errtally", "pathType": "Prefix", "backend": backend}]
    assert ingress["tls"] == [{"hosts": ["errors.example.com"], "secretName": "errtally-tls"}]
    assert route["hostnames"] == ["errors.example.com"]
    (rule,) = route["rules"]
    assert rule["matches"] == [{"path": {"type": "PathPrefix", "value": "/errtally"}}]
    assert rule["backendRefs"] == [{"name": service["metadata"]["name"], "port": port["port"]}]


def test_policies_choose_the_pod_and_let_its_port_through() -> None:
    objects = objects_of("everything")
    pod = only(objects, "StatefulSet")["spec"]["template"]
    policy = only(objects, "NetworkPolicy")["spec"]
    budget = only(objects, "PodDisruptionBudget")["spec"]
    for selector in (policy["podSelector"], budget["selector"]):
        assert selector["matchLabels"]
        assert selector["matchLabels"].items() <= pod["metadata"]["labels"].items()
    (port,) = pod["spec"]["containers"][0]["ports"]
    names_ = {"port": port["name"], "protocol": "TCP"}
    assert policy["ingress"] == [{"ports": [names_], "from": EVERYTHING["networkPolicy"]["from"]}]
    resolution, own = policy["egress"]
    assert {one["port"] for one in resolution["ports"]} == {53}
    assert [own] == EVERYTHING["networkPolicy"]["egress"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert budget["maxUnavailable"] == 1


def test_the_exporter_runs_with_what_the_defaults_make(tmp_path: Path) -> None:
    (key,) = [one["stringData"]["dsn-keys"] for one in objects_of("every default") if one["kind"] == "Secret"]
    exporter = Exporter(tmp_path, "--config", str(_laid_out("every default", tmp_path)))
    exporter.start()
    try:
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            (container,) = only(objects_of("every default"), "StatefulSet")["spec"]["template"]["spec"]["containers"]
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
        pytest.param(
            {"replicas": 2},
            "replicas: 2, but without a database the data directory belongs to one exporter",
            id="two replicas that share nothing",
        ),
        pytest.param(
            {"autoscaling": {"enabled": True}},
            "autoscaling.enabled, but without a database",
            id="scaling of what shares nothing",
        ),
        pytest.param(
            SHARED | {"replicas": 2, "persistence": {"existingClaim": "old"}},
            "each replica has a data directory of its own",
            id="one claim of two replicas",
        ),
        pytest.param(
            {"replicas": 2, "database": {"existingSecret": "db"}, "serviceMonitor": {"enabled": True}},
            "everything would count several times",
            id="a monitor of each replica",
        ),
        pytest.param(
            {"scrapeConfig": {"enabled": True}, "serviceMonitor": {"enabled": True}},
            "scrapes the same already",
            id="two scrapes of the same",
        ),
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


def test_nothing_optional_is_there_by_default() -> None:
    kinds = sorted(one["kind"] for one in objects_of("every default"))
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


@SET
def test_what_helm_says_at_the_end_names_what_is_there(name: str, tmp_path: Path) -> None:
    chart = tmp_path / "errtally"
    shutil.copytree(CHART, chart)
    said = '{{ include (print $.Template.BasePath "/NOTES.txt") . | quote }}'
    (chart / "templates/said.yaml").write_text(f"kind: Notes\ntext: {said}\n")
    text: str = only(render(values=SETS[name], chart=chart), "Notes")["text"]
    service, stateful = only(objects_of(name), "Service"), only(objects_of(name), "StatefulSet")
    host, port = service["metadata"]["name"], service["spec"]["ports"][0]["port"]
    assert f"http://KEY@{host}.{NAMESPACE}.svc:{port}/" in text
    assert f"rollout status statefulset/{stateful['metadata']['name']}" in text
    assert f"port-forward service/{host} 9765:{port}" in text
    made = [one for one in objects_of(name) if one["kind"] == "Secret"]
    shown = set(re.findall(r'get secret (\S+) .*index \.data "([\w-]+)"', text))
    assert shown == {(one["metadata"]["name"], key) for one in made for key in one["stringData"]}
    scraped = any(one["kind"] in {"ServiceMonitor", "ScrapeConfig"} for one in objects_of(name))
    assert (f"http://{host}.{NAMESPACE}.svc:{port}/metrics" in text) is not scraped


PAGE = (ROOT / "docs/kubernetes.md").read_text().split("## With Helm")[1].split("## With a plain file")[0]
EXAMPLES = [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)]


@pytest.mark.parametrize("values", [one for one in EXAMPLES if set(one) != {"alertmanager"}], ids=" ".join)
def test_the_values_on_the_page_make_what_the_page_says(values: dict[str, Any]) -> None:
    said = {"podDisruptionBudget": "PodDisruptionBudget", "ingress": "Ingress", "scrapeConfig": "ScrapeConfig"}
    said |= {"serviceMonitor": "ServiceMonitor", "prometheusRule": "PrometheusRule"}
    kinds = {one["kind"] for one in render(values=values)}
    assert {said[name] for name in values if name in said} <= kinds


def test_the_page_names_every_value_but_those_that_are_as_usual() -> None:
    usual = "image replicas Annotations Labels Probe ecurityContext affinity nodeSelector tolerations Constraints extra"
    usual += " resources priorityClassName termination serviceAccount service nameOverride fullnameOverride"
    named = set(re.findall(r"`?(\w+)[.:`]", PAGE))
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    assert {name for name in values if name not in named and not any(word in name for word in usual.split())} == set()


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
    assert render(values=EVERYTHING, chart=copy) == objects_of("everything")
    # Helm keeps chart and objects in a Secret, zipped and twice in base64; a Secret may have a mebibyte.
    kept = json.dumps({path.name: base64.b64encode(path.read_bytes()).decode() for path in files})
    kept += yaml.safe_dump_all(objects_of("everything"))
    assert len(base64.b64encode(base64.b64encode(gzip.compress(kept.encode())))) < 1_048_576
    shutil.rmtree(copy)
