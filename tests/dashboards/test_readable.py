"""What somebody on call sees: the worst first, nothing cut off on a laptop, grey where nothing is known."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from tests.flow import grafana

from errtally import names
from errtally.dashboards.build import DASHBOARDS, build
from errtally.dashboards.colors import BY_LEVEL, GREY, RED

FILES = build({})
DASHBOARD = pytest.mark.parametrize(
    "dashboard", [pytest.param(json.loads(FILES[name]), id=name) for name in DASHBOARDS]
)
Json = dict[str, Any]

PIXELS = 1000
GRID_GAP, EDGE, CELL_MARGIN = 8, 16, 16
LEAST_COLUMN = 150
"""What Grafana gives a column without a width at least."""
LETTER, BESIDE_TITLE = 7.5, 40
"""Pixels of a title's letters on average, and of what stands beside it."""

WITHOUT_AN_ORDER = {
    "What it is": "one issue, in each of its environments",
    "T of Apdex": "settings, by their names",
    "Exporters": "versions, by the exporter's address",
    "Languages": "the largest is no worse than the others",
}


def _room(panel: Json) -> float:
    return float((PIXELS - EDGE) / 24 * panel["gridPos"]["w"] - GRID_GAP)


def _tables(dashboard: Json) -> list[Json]:
    return [panel for panel in grafana.panels(dashboard) if panel["type"] == "table"]


def _columns(panel: Json) -> dict[str, int]:
    """Headings with their widths, from left to right."""
    (order,) = [one["options"] for one in panel["transformations"] if one["id"] == "organize"]
    widths = {
        override["matcher"]["options"]: found["value"]
        for override in panel["fieldConfig"]["overrides"]
        for found in override["properties"]
        if found["id"] == "custom.width"
    }
    return {heading: widths.get(heading, LEAST_COLUMN) for heading in order["renameByName"].values()}


MAY_FALL_OFF = ("Where", "Issue")
"""Of tables of issues, whose title leads to the same page."""


@DASHBOARD
def test_every_column_that_matters_is_seen_on_a_narrow_screen(dashboard: Json) -> None:
    for panel in _tables(dashboard):
        columns = list(_columns(panel).items())
        while columns[-1][0] in MAY_FALL_OFF:
            columns.pop()
        assert sum(width for _, width in columns) + CELL_MARGIN <= _room(panel), panel["title"]


@DASHBOARD
def test_no_title_is_cut_on_a_narrow_screen(dashboard: Json) -> None:
    cut = [
        panel["title"]
        for panel in grafana.panels(dashboard)
        if len(panel["title"]) * LETTER + BESIDE_TITLE > _room(panel)
    ]
    assert cut == []


@DASHBOARD
def test_the_worst_row_of_a_table_comes_first(dashboard: Json) -> None:
    for panel in _tables(dashboard):
        order = [one["displayName"] for one in panel["options"].get("sortBy", [])]
        assert bool(order) != (panel["title"] in WITHOUT_AN_ORDER), panel["title"]
        assert set(order) <= set(_columns(panel)), panel["title"]


@DASHBOARD
def test_a_legend_of_several_lines_has_the_worst_first(dashboard: Json) -> None:
    for panel in grafana.panels(dashboard):
        if panel["type"] == "timeseries":
            legend = panel["options"]["legend"]
            assert legend["sortBy"] in {"Total", "Max", "Last *"}, panel["title"]


@DASHBOARD
def test_a_number_without_data_is_grey_and_says_why(dashboard: Json) -> None:
    for panel in grafana.panels(dashboard):
        if panel["type"] == "stat":
            (nothing,) = [
                one["options"]["result"]
                for one in panel["fieldConfig"]["defaults"]["mappings"]
                if one["type"] == "special" and one["options"]["match"] == "null+nan"
            ]
            assert nothing["color"] == GREY, panel["title"]
            assert nothing["text"] == panel["fieldConfig"]["defaults"]["noValue"], panel["title"]


@DASHBOARD
def test_what_a_number_was_a_time_range_ago_is_not_guessed(dashboard: Json) -> None:
    stats = [panel for panel in grafana.panels(dashboard) if panel["type"] == "stat"]
    assert not [panel["title"] for panel in stats if panel["options"]["showPercentChange"]]


@DASHBOARD
def test_colours_are_in_the_text_and_never_fill_a_cell(dashboard: Json) -> None:
    assert "color-background" not in json.dumps(dashboard)
    assert not [
        panel["title"]
        for panel in grafana.panels(dashboard)
        if panel["type"] == "stat" and panel["options"]["colorMode"] != "value"
    ]


def test_fatal_is_the_strongest_colour() -> None:
    assert BY_LEVEL["fatal"] == RED


def test_what_releases_show_is_of_the_chosen_release() -> None:
    dashboard = json.loads(FILES["releases.json"])
    of_releases = {metric.name for metric in names.CATALOGUE if "release" in metric.labels}
    for panel in grafana.panels(dashboard):
        for target in panel["targets"]:
            for name, matchers in re.findall(r"(errtally_\w+)\{([^}]*)\}", target["expr"]):
                if name in of_releases:
                    assert 'release=~"$release"' in matchers, panel["title"]


def test_a_service_is_shown_by_itself() -> None:
    (project,) = [one for one in json.loads(FILES["service.json"])["templating"]["list"] if one["name"] == "project"]
    assert not project["includeAll"]


def test_a_long_history_of_alerts_is_shown_in_pages() -> None:
    (history,) = [panel for panel in grafana.panels(json.loads(FILES["alerting.json"])) if panel["title"] == "History"]
    assert history["gridPos"]["w"] == 24
    assert history["options"]["perPage"] > 0
