"""What somebody on call sees: the worst first, nothing cut off on a laptop, grey where nothing is known."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from tests.flow import grafana

from errtally import names
from errtally.dashboards.build import DASHBOARDS, build
from errtally.dashboards.colors import BY_LEVEL, GREY, RED, as_text

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


GOOD_WHEN_HIGH = ("apdex", "budget over time", "crash-free", "free disk")


@DASHBOARD
def test_a_legend_of_several_lines_has_the_worst_first(dashboard: Json) -> None:
    for panel in grafana.panels(dashboard):
        if panel["type"] == "timeseries":
            legend = panel["options"]["legend"]
            is_low_bad = (
                any(words in panel["title"].lower() for words in GOOD_WHEN_HIGH) and "zone" not in panel["title"]
            )
            order = (legend["sortBy"], legend["sortDesc"])
            assert order == ("Min", False) if is_low_bad else order in {("Total", True), ("Max", True)}, panel["title"]


@DASHBOARD
def test_a_number_without_data_is_grey_and_says_why(dashboard: Json) -> None:
    for panel in grafana.panels(dashboard):
        if panel["type"] == "stat":
            (nothing,) = [
                one["options"]["result"]
                for one in panel["fieldConfig"]["defaults"]["mappings"]
                if one["type"] == "special" and one["options"]["match"] == "null+nan"
            ]
            assert nothing["color"] == as_text(GREY), panel["title"]
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


PANELS = {"light": "#ffffff", "dark": "#181b1f"}
"""What Grafana's themes put behind text."""
LEAST_CONTRAST = 3
"""WCAG 2.2, 1.4.3, of large text; no colour has the 4.5 of small text on a white and on a dark panel."""


_COLORING = ("thresholds", "mappings")


def _luminance(color: str) -> float:
    """Relative luminance as WCAG 2.2 defines it, 0 to 1."""
    shares = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return sum(weight * share for weight, share in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def _text_colors(panel: Json) -> set[str]:
    """The colours of words and numbers: of limits and of mappings, of the whole panel and of columns."""
    defaults, overrides = panel["fieldConfig"]["defaults"], panel["fieldConfig"]["overrides"]
    columns = [one["value"] for override in overrides for one in override["properties"] if one["id"] in _COLORING]
    found = re.findall(r'"color": "(#[^"]+)"', json.dumps(columns))
    if panel["type"] == "stat":
        found += re.findall(r'"color": "(#[^"]+)"', json.dumps([defaults["thresholds"], defaults["mappings"]]))
    return set(found)


@pytest.mark.parametrize("theme", PANELS)
@DASHBOARD
def test_words_and_numbers_are_read_on_a_light_and_on_a_dark_panel(dashboard: Json, theme: str) -> None:
    behind = _luminance(PANELS[theme])
    for panel in grafana.panels(dashboard):
        for color in _text_colors(panel):
            (darker, lighter) = sorted((behind, _luminance(color)))
            assert (lighter + 0.05) / (darker + 0.05) >= LEAST_CONTRAST, (panel["title"], color)


def test_alerts_are_sorted_by_severity_and_not_by_its_name() -> None:
    (panel,) = [one for one in grafana.panels(json.loads(FILES["overview.json"])) if one["title"] == "Active alerts"]
    (order,) = panel["options"]["sortBy"]
    (override,) = [one for one in panel["fieldConfig"]["overrides"] if one["matcher"]["options"] == "Severity"]
    (mappings,) = [one["value"] for one in override["properties"] if one["id"] == "mappings"]
    named = {int(value): shown["text"] for value, shown in mappings[0]["options"].items()}
    assert order == {"displayName": "Severity", "desc": False}
    assert [named[rank] for rank in sorted(named)] == ["critical", "warning", "info"]


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
