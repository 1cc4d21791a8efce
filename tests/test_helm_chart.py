"""The Helm chart's own files, without Helm: in step with what is beside them. tests/flow/test_helm.py renders them."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
CHART = ROOT / "deploy/helm/errtally"
VALUES: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())
PLAIN: dict[str, dict[str, Any]] = {
    found["kind"]: found for found in yaml.safe_load_all((ROOT / "deploy/kubernetes/errtally.yml").read_text())
}
POD = PLAIN["StatefulSet"]["spec"]["template"]["spec"]


def test_its_version_is_the_packages() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert chart["appVersion"] == version


@pytest.mark.parametrize(
    ("folder", "generated", "pattern"),
    [
        ("rules", "rules/generated", "*.rules.yml"),
        ("dashboards", "dashboards/generated", "*.json"),
        ("alertmanager-templates", "alertmanager/generated/templates", "*.tmpl"),
    ],
)
def test_what_it_brings_is_what_is_generated(folder: str, generated: str, pattern: str) -> None:
    assert (CHART / "files" / folder).resolve() == ROOT / generated
    assert list((CHART / "files" / folder).glob(pattern))


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ("podSecurityContext", POD["securityContext"]),
        ("terminationGracePeriodSeconds", POD["terminationGracePeriodSeconds"]),
        *((key, POD["containers"][0][key]) for key in ("securityContext", "resources")),
        *((key, POD["containers"][0][key]) for key in ("startupProbe", "livenessProbe", "readinessProbe")),
    ],
)
def test_the_pod_is_as_the_plain_file_has_it(value: str, plain: Any) -> None:
    assert VALUES[value] == plain


def test_the_volume_is_as_the_plain_file_has_it() -> None:
    (claim,) = PLAIN["StatefulSet"]["spec"]["volumeClaimTemplates"]
    assert VALUES["persistence"]["accessModes"] == claim["spec"]["accessModes"]
    assert VALUES["persistence"]["size"] == claim["spec"]["resources"]["requests"]["storage"]


def test_the_values_fit_their_schema() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    jsonschema.validate(VALUES, SCHEMA)


def _keys(values: dict[str, Any], schema: dict[str, Any], place: str = "") -> Iterator[tuple[str, bool]]:
    for key in {**schema.get("properties", {}), **values}:
        known = schema.get("properties", {}).get(key, {})
        yield f"{place}{key}", key in schema.get("properties", {}) and key in values
        if known.get("properties"):
            yield from _keys(values.get(key, {}), known, f"{place}{key}.")


OF_OTHERS = {"global", "resources.claims"}
"""Of charts that have this one below them; of Kubernetes."""


def test_the_schema_knows_every_value_and_no_other() -> None:
    assert {place for place, both in _keys(VALUES, SCHEMA) if not both} == OF_OTHERS


def test_every_value_that_templates_read_exists() -> None:
    named = {
        name for path in (CHART / "templates").iterdir() for name in re.findall(r"\.Values\.([\w.]+)", path.read_text())
    }
    assert len(named) > 40
    for name in named:
        found: Any = VALUES
        for step in name.split("."):
            assert step in found, name
            found = found[step]


def test_every_value_is_read() -> None:
    text = "".join(path.read_text() for path in (CHART / "templates").iterdir())
    ours = {place for place, _ in _keys(VALUES, SCHEMA)} - OF_OTHERS
    read = {place for place in ours if re.search(rf"\.Values\.{place}\b", text)}
    whole = {"resources.requests", "resources.limits"}
    assert ours - read == whole
