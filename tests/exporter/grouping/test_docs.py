"""What docs/grouping.md shows is what the program takes."""

import re
from pathlib import Path

import pytest

from errtally import config
from errtally.config.grouping import DEFAULT_SIMILARITY, VARIABLES, GroupingSettings, grouping
from errtally.exporter.grouping.rules import compiled

DOCS = (Path(__file__).parents[3] / "docs" / "grouping.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_examples_are_valid(example):
    settings = grouping(config.parse(example, "docs/grouping.md"), "docs/grouping.md")
    assert (compiled(settings.rules) is not None) == bool(settings.rules)


def test_the_settings_shown_are_the_defaults():
    assert grouping(config.parse(EXAMPLES[-1], "docs"), "docs") == GroupingSettings()
    assert f"similarity: {DEFAULT_SIMILARITY}" in EXAMPLES[-1]


def test_each_matcher_and_variable_is_described():
    rules = config.document.schema()["properties"]["grouping"]["properties"]["rules"]["items"]
    listed = rules["properties"]["match"]["propertyNames"]["description"].split(": ")[1]
    for name in re.split(r", | or ", listed):
        assert f"`{name}`" in DOCS
    for name in VARIABLES:
        assert f"`{{{{ {name} }}}}`" in DOCS
