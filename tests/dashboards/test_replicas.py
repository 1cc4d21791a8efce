"""Exporters that share a store."""

from __future__ import annotations

import json

import pytest
from tests.flow import grafana

from errtally import config
from errtally.dashboards.build import build
from errtally.dashboards.replicas import counted_once


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        pytest.param("max(a)", "max(a)", id="nothing is added"),
        pytest.param("sum (a)", "sum (max without (instance) (a))", id="a sum"),
        pytest.param(
            "sum by (x, y) (rate(a[1m])) / sum (b)",
            "sum by (x, y) (max without (instance) (rate(a[1m]))) / sum (max without (instance) (b))",
            id="two sums",
        ),
        pytest.param('sum (a{b=")"})', 'sum (max without (instance) (a{b=")"}))', id="a parenthesis in a text"),
        pytest.param("checksum (a)", "checksum (a)", id="a name that ends like it"),
    ],
)
def test_of_equal_series_the_largest_counts_before_anything_is_added(expr: str, expected: str) -> None:
    assert counted_once(expr) == expected


def test_a_query_that_is_not_whole_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="not closed"):
        counted_once("sum (a")


@pytest.mark.parametrize("exporters", ["one", "independent", "shared"])
def test_dashboards_follow_what_the_configuration_says_of_exporters(exporters: str) -> None:
    files = build(config.parse(f"alerting: {{exporters: {exporters}}}", "f"))
    for text in files.values():
        for query in grafana.queries("d", json.loads(text), grafana.Range(0, 60)):
            sums = query.expr.count("sum by (") + query.expr.count("sum (")
            assert query.expr.count("max without (instance) (") == (sums if exporters == "shared" else 0)
