"""The page about limits and the one about the native API name everything that can be set, answered and sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.exporter.door import Door

from errtally import config, names
from errtally.event import schema
from errtally.exporter.config import Limits, build

ROOT = Path(__file__).parents[1]
LIMITS = (ROOT / "docs/limits.md").read_text()
NATIVE = (ROOT / "docs/native-api.md").read_text()
SCHEMA: dict[str, Any] = json.loads((ROOT / "src/errtally/config/schema/exporter.json").read_text())["properties"]


@pytest.mark.parametrize("key", SCHEMA["limits"]["properties"])
def test_every_limit_is_described_and_known(key: str) -> None:
    assert f"`{key}`" in LIMITS or f"`limits.{key}`" in LIMITS
    assert hasattr(Limits(), key)


@pytest.mark.parametrize("category", names.CATEGORIES)
def test_every_category_is_described_and_can_be_configured(category: str) -> None:
    assert f"`{category}`" in LIMITS
    for key in ("rate_limits", "daily_quotas"):
        assert category in SCHEMA[key]["propertyNames"]["enum"]


@pytest.mark.parametrize("metric", [names.INGEST_REJECTED, names.INGEST_DROPPED, names.INGEST_ATTACHMENT_BYTES])
def test_the_counters_are_named(metric: names.Metric) -> None:
    assert metric.name in LIMITS


def test_the_example_configuration_is_valid() -> None:
    example = LIMITS.split("```yaml\n")[1].split("```")[0]
    settings = build(config.parse(example, "docs/limits.md"), "docs/limits.md")
    assert settings.rate_limits["error"].burst == 1000
    assert settings.projects[0].rate_limits["error"].burst == 200


@pytest.mark.parametrize("name", schema.NAMES)
def test_every_field_of_the_native_api_is_described(name: str) -> None:
    properties = schema.load(name)["properties"]
    context = properties.get("context", {}).get("properties", {})
    for field in (*properties, *context, *context.get("user", {}).get("properties", {})):
        assert f"`{field}" in NATIVE or f".{field}" in NATIVE, field


def test_the_example_of_an_explained_event_is_what_is_answered() -> None:
    examples = [json.loads(block.split("```")[0]) for block in NATIVE.split("```json\n")[1:]]
    [example] = [example for example in examples if "error" in example]
    answer = Door().send("/api/events", b'{"message": 5, "context": {"user": {"email": 7}}}')
    message = json.loads(answer.body)["error"]["message"]
    assert sorted(message.removeprefix("event 0: ").split("; ")) == sorted(
        example["error"]["message"].removeprefix("event 0: ").split("; ")
    )
