from __future__ import annotations

import pytest

from errtally.dashboards.layout import Section, flow
from errtally.dashboards.panels import query, stat


def _panel(width: int, height: int):
    return stat("t", "d.", (width, height), "up", unit="none", no_value="none", steps=[("#000000", None)])


def _places(parts) -> list[tuple[int, int]]:
    return [(panel.gridPos.x, panel.gridPos.y) for panel in flow(parts)]


@pytest.mark.parametrize(
    ("sizes", "places"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param([(12, 5), (12, 5)], [(0, 0), (12, 0)], id="a line that is just full"),
        pytest.param([(12, 5), (13, 5)], [(0, 0), (0, 5)], id="one column too many begins a line"),
        pytest.param([(8, 4), (8, 9), (8, 4), (24, 2)], [(0, 0), (8, 0), (16, 0), (0, 9)], id="the tallest counts"),
    ],
)
def test_panels_flow_from_left_to_right(sizes, places) -> None:
    assert _places([_panel(*size) for size in sizes]) == places


def test_a_section_begins_below_what_came_before() -> None:
    parts = [_panel(6, 5), Section("s", [_panel(12, 3)]), Section("u", [_panel(12, 4)])]
    assert _places(parts) == [(0, 0), (0, 5), (0, 6), (0, 9), (0, 10)]


def test_a_collapsed_section_takes_one_line_and_holds_its_panels() -> None:
    parts = [Section("s", [_panel(12, 3)], is_collapsed=True), _panel(6, 5)]
    heading, after = flow(parts)
    assert [panel.gridPos.y for panel in heading.panels] == [1]
    assert (heading.gridPos.y, after.gridPos.y) == (0, 1)


def test_an_instant_query_asks_for_no_exemplars() -> None:
    buckets = "rate(errtally_request_duration_seconds_bucket[$__rate_interval])"
    assert query(buckets).exemplar
    assert not query(buckets, instant=True).exemplar
