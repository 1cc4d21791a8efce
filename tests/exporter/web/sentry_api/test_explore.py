"""Tables and curves of Sentry's API: numbers agree with the counters, types are those that Grafana's plugin decodes."""

from __future__ import annotations

import time
from itertools import pairwise
from urllib.parse import urlencode

import pytest

ORGANIZATION = "/api/0/organizations/errtally"


def send(exporter, type_: str, *, project: str = "shop", hours_ago: int = 0, times: int = 1, **fields) -> None:
    event = {"message": f"{type_} happened", "type": type_, "timestamp": time.time() - hours_ago * 3600, **fields}
    assert exporter.post(f"/api/events?project={project}", {"events": [event] * times}).status == 200
    exporter.fold()


def get(exporter, path: str, status: int = 200, **parameters):
    answer = exporter.get(f"{ORGANIZATION}/{path}/?{urlencode(parameters, doseq=True)}")
    assert answer.status == status, answer.body
    return answer.json()


def test_a_table_by_issue_counts_all_events_not_only_kept_ones(exporter) -> None:
    send(exporter, "AError", times=150)
    send(exporter, "BError", project="bank", times=3)
    rows = get(exporter, "events", field=["title", "project", "project.id", "count()", "epm()", "last_seen()"])["data"]
    assert [(row["title"], row["project"], row["count()"]) for row in rows] == [
        ("AError: AError happened", "shop", 150),
        ("BError: BError happened", "bank", 3),
    ]
    assert isinstance(rows[0]["project.id"], int)
    assert rows[0]["epm()"] == pytest.approx(150 / 1440)
    assert rows[0]["last_seen()"].endswith("Z")
    assert set(rows[0]) == {"title", "project", "project.id", "count()", "epm()", "last_seen()"}


def test_a_table_of_events_has_their_own_values(exporter) -> None:
    send(exporter, "AError", event_id="1f" * 16, context={"tags": {"region": "eu"}, "user": {"id": "7"}})
    [row] = get(exporter, "events", field=["id", "tags[region]", "user.id", "count()", "nothing"])["data"]
    assert row == {"id": "1f" * 16, "tags[region]": "eu", "user.id": "7", "count()": 1, "nothing": None}


def test_a_column_has_values_of_one_type_and_rows_are_sorted_as_asked_for(exporter) -> None:
    for number, type_ in enumerate(("AError", "BError", "CError"), start=1):
        send(exporter, type_, times=number)
    rows = get(exporter, "events", field=["error.type", "count()"], sort="count()")["data"]
    assert [row["error.type"] for row in rows] == ["AError", "BError", "CError"]
    rows = get(exporter, "events", field=["level", "count()"])["data"]
    assert rows == [{"level": "error", "count()": 6}]


def test_a_curve_adds_up_to_the_events(exporter) -> None:
    send(exporter, "AError", times=5)
    send(exporter, "AError", hours_ago=30, times=4)
    send(exporter, "BError", hours_ago=2, times=2)
    day = get(exporter, "events-stats", statsPeriod="24h", yAxis="count()", interval="15s")
    assert sum(point[0]["count"] for _, point in day["data"]) == 7
    steps = [moment for moment, _ in day["data"]]
    assert all(b - a == 3600 for a, b in pairwise(steps))
    week = get(exporter, "events-stats", statsPeriod="7d", interval="1d", topEvents="5")
    assert sum(point[0]["count"] for _, point in week["data"]) == 11
    assert [point[0]["count"] for _, point in get(exporter, "events-stats", query="error.type:CError")["data"]] == [
        0
    ] * len(day["data"])


def test_curves_by_axis_and_by_group_have_the_same_moments(exporter) -> None:
    send(exporter, "AError", times=5)
    send(exporter, "BError", project="bank", times=2)
    axes = get(exporter, "events-stats", yAxis=["count()", "epm()"])
    assert set(axes) == {"count()", "epm()"}
    groups = get(exporter, "events-stats", yAxis="count()", field=["project", "count()"], topEvents="1")
    assert list(groups) == ["shop"]
    assert sum(point[0]["count"] for _, point in groups["shop"]["data"]) == 5
    moments = [[moment for moment, _ in curve["data"]] for curve in (*axes.values(), *groups.values())]
    assert all(ones == moments[0] for ones in moments)


def test_outcomes_are_whole_numbers_for_each_interval(exporter) -> None:
    send(exporter, "AError", times=5)
    found = get(
        exporter, "stats_v2", field="sum(quantity)", category="error", groupBy=["outcome", "reason"], interval="1h"
    )
    [group] = found["groups"]
    assert group["by"] == {"outcome": "accepted", "reason": "none"}
    assert group["totals"] == {"sum(quantity)": 5}
    assert len(group["series"]["sum(quantity)"]) == len(found["intervals"])
    assert all(isinstance(events, int) for events in group["series"]["sum(quantity)"])
    assert get(exporter, "stats_v2", field="sum(quantity)", category="error", outcome="rate_limited")["groups"] == []
    assert get(exporter, "stats_v2", field="sum(quantity)", category="transaction")["groups"] == []


def test_merged_issues_count_as_one(exporter) -> None:
    send(exporter, "AError", times=2)
    send(exporter, "BError", times=3)
    ids = [issue["issue"] for issue in exporter.get("/api/issues?sort=first_seen").json()["issues"]]
    with exporter.folding():
        answer = exporter.post(f"/api/issues/{ids[0]}/merge", {"into": ids[1]})
    assert answer.status == 200
    [row] = get(exporter, "events", field=["issue", "count()"])["data"]
    assert row["count()"] == 5
    groups = get(exporter, "events-stats", yAxis="count()", field="title")
    assert [sum(point[0]["count"] for _, point in curve["data"]) for curve in groups.values()] == [5]


def test_what_errtally_does_not_keep_is_empty(exporter) -> None:
    send(exporter, "AError")
    assert get(exporter, "events", dataset="spans", field="span.op")["data"] == []
    assert sum(point[0]["count"] for _, point in get(exporter, "events-stats", dataset="spans")["data"]) == 0
    assert get(exporter, "trace-items/attributes", attributeType="number") == []


def test_tags_of_all_issues_are_listed(exporter) -> None:
    send(exporter, "AError", context={"tags": {"region": "eu"}})
    assert {"key": "region", "name": "region", "totalValues": 1} in get(exporter, "tags")


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        pytest.param("events", {"query": 'title:"x'}, id="a query that can't be read"),
        pytest.param(
            "events", {"start": "2026-01-02T00:00:00", "end": "2026-01-01T00:00:00"}, id="an end before the start"
        ),
        pytest.param("events-stats", {"yAxis": "p95()"}, id="an axis that is not counted"),
        pytest.param("events-stats", {"interval": "soon"}, id="no interval"),
        pytest.param("stats_v2", {}, id="no field"),
    ],
)
def test_what_can_t_be_is_refused(exporter, path: str, parameters: dict) -> None:
    assert list(get(exporter, path, 400, **parameters)) == ["detail"]


@pytest.mark.parametrize("period", ["1m", "30d", "90d", "52w", "9000w"])
@pytest.mark.parametrize("interval", ["0s", "15s", "37m", "1h", "5d"])
def test_any_period_and_interval_has_a_bounded_answer(exporter, period: str, interval: str) -> None:
    send(exporter, "AError")
    points = get(exporter, "events-stats", statsPeriod=period, interval=interval)["data"]
    assert 1 <= len(points) <= 1002
    assert sum(point[0]["count"] for _, point in points) == 1


def test_a_query_is_checked_for_clients_that_ask_first(exporter) -> None:
    assert get(exporter, "events/validate", query="level:error", field="title")["valid"] is True
    refused = get(exporter, "events/validate", query="regressed_in_release:x")
    assert refused["query"]["valid"] is False
    assert "nothing of the kind" in refused["query"]["error"]
