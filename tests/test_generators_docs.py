"""The pages about alerts and dashboards name everything that can be configured and called."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from errtally import config
from errtally.rules.alerts import ALERTS

ROOT = Path(__file__).parents[1]
ALERTING = (ROOT / "docs/alerting.md").read_text()
SCHEMA: dict[str, Any] = json.loads((ROOT / "src/errtally/config/schema/alerting.json").read_text())["properties"]
CHANNELS: dict[str, Any] = SCHEMA["alerting"]["properties"]["channels"]["properties"]


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.name) for rule in ALERTS])
def test_every_rule_is_described_and_linked_to_its_runbook(rule: Any) -> None:
    assert f"[{rule.name}](runbooks/{rule.name}.md)" in ALERTING


@pytest.mark.parametrize("key", [*SCHEMA["alerting"]["properties"], *CHANNELS])
def test_every_key_of_alerting_is_described(key: str) -> None:
    assert key in ALERTING


@pytest.mark.parametrize("key", SCHEMA["grafana"]["properties"])
def test_every_key_of_grafana_is_described(key: str) -> None:
    assert f"`grafana.{key}`" in (ROOT / "docs/dashboards.md").read_text()


def test_the_example_configuration_is_valid() -> None:
    example = ALERTING.split("## Configuration")[1].split("```yaml\n")[1].split("```")[0]
    assert set(config.parse(example, "docs/alerting.md")) == {"external_url", "grafana", "alerting"}
