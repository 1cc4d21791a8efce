"""Bars over time."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from errtally.exporter.web import charts

NOW = 1_795_500_000.0  # 2026-11-24 06:00:00 UTC
HOUR, DAY = int(NOW // 3600), int(NOW // 86400)


def test_the_current_hour_is_the_last_of_24_bars() -> None:
    chart = charts.by_hour({HOUR: (13, 7), HOUR - 23: (11, 5), HOUR - 24: (1000, 1000), HOUR + 1: (17, 3)}, NOW)
    assert len(chart.bars) == 24
    assert (chart.bars[-1].events, chart.bars[0].events) == (13, 11)
    assert (chart.events, chart.users, chart.peak_events, chart.peak_users) == (24, 12, 13, 7)
    assert chart.bars[-1].label == "24 Nov 06:00"


def test_the_current_day_is_the_last_of_30_bars() -> None:
    chart = charts.by_day({DAY: (13, 7), DAY - 29: (11, 5), DAY - 30: (1000, 1)}, NOW)
    assert (len(chart.bars), chart.bars[0].events, chart.events) == (30, 11, 24)
    assert [bar.label for bar in chart.filled] == ["24 Nov", "26 Oct"]


def test_the_highest_bar_is_full_and_a_single_event_is_seen() -> None:
    chart = charts.by_hour({HOUR: (1, 0), HOUR - 1: (1000, 4)}, NOW)
    assert chart.bars[-2].events_height == charts.EVENTS_HEIGHT
    assert chart.bars[-2].users_height == charts.USERS_HEIGHT
    assert chart.bars[-1].events_height == charts.LEAST_HEIGHT
    assert chart.bars[-1].users_height == 0
    assert chart.bars[-1].x + charts.STEP == chart.width


@pytest.mark.parametrize(
    ("counts", "summary"),
    [
        pytest.param({}, "0 events and 0 new users in the last 24 hours", id="nothing happened"),
        pytest.param(
            {HOUR: (1, 1)},
            "1 event and 1 new user in the last 24 hours, most of them (1) in the hour of 24 Nov 06:00 UTC",
            id="one of each is singular",
        ),
    ],
)
def test_the_picture_is_told_in_words(counts, summary) -> None:
    assert charts.by_hour(counts, NOW).summary == summary


def test_the_newest_days_are_added_up() -> None:
    counts = {DAY: (3, 1), DAY - 13: (5, 2), DAY - 14: (100, 100)}
    assert charts.newest(counts, DAY, charts.FORTNIGHT_DAYS) == (8, 3)


def test_the_picture_is_drawn_with_what_each_bar_says() -> None:
    drawing = ET.fromstring(charts.by_hour({HOUR: (1, 2), HOUR - 1: (1000, 4), HOUR - 2: (0, 0)}, NOW).drawing)
    assert drawing.get("viewBox") == "0 0 240 92"
    groups = drawing.findall("g")
    assert [group.findtext("title") for group in groups[-3:]] == [
        "24 Nov 04:00 UTC: 0 events, 0 new users",
        "24 Nov 05:00 UTC: 1000 events, 4 new users",
        "24 Nov 06:00 UTC: 1 event, 2 new users",
    ]
    shapes = [[one.attrib for one in group.findall("rect")] for group in groups[-3:]]
    assert [[one["class"] for one in bars] for bars in shapes] == [["slot"], *[["slot", "events", "users"]] * 2]
    for bars in shapes[1:]:  # events stand on the upper line, users on the lower one
        assert [float(one["y"]) + float(one["height"]) for one in bars[1:]] == [60, 92]
