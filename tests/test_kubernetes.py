"""deploy/kubernetes, checked without a cluster: by Kubernetes' own schemas, and against what it runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from click.testing import CliRunner

from errtally.command_line import errtally

ROOT = Path(__file__).parents[1]
OBJECTS: dict[str, dict[str, Any]] = {
    found["kind"]: found for found in yaml.safe_load_all((ROOT / "deploy/kubernetes/errtally.yml").read_text())
}
POD = OBJECTS["StatefulSet"]["spec"]["template"]["spec"]
(CONTAINER,) = POD["containers"]


@pytest.mark.parametrize("version", ["1.29", "1.33", "1.37"])
@pytest.mark.parametrize("kind", OBJECTS)
def test_an_object_fits_the_schema_of_kubernetes(kind: str, version: str) -> None:
    kubernetes_validate.validate(OBJECTS[kind], version, strict=True)


def test_the_configuration_is_good_with_the_secret_beside_it(tmp_path: Path) -> None:
    (config,) = [volume["projected"] for volume in POD["volumes"] if volume["name"] == "config"]
    assert config["defaultMode"] == 0o440
    for name, text in OBJECTS["ConfigMap"]["data"].items():
        (tmp_path / name).write_text(text)
    (tmp_path / "secrets").mkdir()
    for item in config["sources"][1]["secret"]["items"]:
        (tmp_path / item["path"]).write_text("3f2a9c81d07b4e5f9a6c1b2d3e4f5a6b")
    done = CliRunner().invoke(errtally, ["config", "check", str(tmp_path / "errtally.yml")])
    assert (done.exit_code, "listens on 0.0.0.0:9765" in done.output) == (0, True), done.output


def test_one_exporter_has_the_volume_and_nobody_elses_rights() -> None:
    spec = OBJECTS["StatefulSet"]["spec"]
    assert spec["replicas"] == 1
    assert spec["serviceName"] == OBJECTS["Service"]["metadata"]["name"]
    mounts = {mount["mountPath"]: mount["name"] for mount in CONTAINER["volumeMounts"]}
    assert mounts["/var/lib/errtally"] == spec["volumeClaimTemplates"][0]["metadata"]["name"]
    assert set(mounts.values()) == {"data", *(volume["name"] for volume in POD["volumes"])}
    (user,) = re.findall(r"--uid (\d+)", (ROOT / "Dockerfile").read_text())
    assert POD["securityContext"]["runAsUser"] == int(user)
    assert CONTAINER["args"][0] in errtally.list_commands(None)


def test_labels_ports_and_probes_lead_to_the_container() -> None:
    labels = OBJECTS["StatefulSet"]["spec"]["template"]["metadata"]["labels"]
    assert OBJECTS["Service"]["spec"]["selector"] == labels == OBJECTS["StatefulSet"]["spec"]["selector"]["matchLabels"]
    (port,) = CONTAINER["ports"]
    assert OBJECTS["Service"]["spec"]["ports"][0]["targetPort"] == port["name"]
    pages = (ROOT / "docs/http.md").read_text()
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert CONTAINER[probe]["httpGet"]["port"] == port["name"]
        assert f"`GET {CONTAINER[probe]['httpGet']['path']}`" in pages
