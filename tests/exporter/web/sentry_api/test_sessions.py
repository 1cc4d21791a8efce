"""Sessions over time, in the types that Grafana's data source for Sentry decodes."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from tests.exporter.inprocess import InProcess, envelope

PATH = "/api/0/organizations/errtally/metrics/data/"


@pytest.fixture
def exporter(tmp_path):
    made = InProcess(tmp_path)
    for release, environment, counts in (
        ("shop@1.0", "prod", {"exited": 6, "errored": 2, "crashed": 1, "abnormal": 1}),
        ("shop@1.1", "prod", {"exited": 2, "crashed": 2}),
        ("shop@1.1", "staging", {"exited": 5}),
    ):
        sent = {"aggregates": [{"started": "2026-11-28T10:00:00Z", **counts}]}
        body = {"attrs": {"release": release, "environment": environment}, **sent}
        assert made.post("/api/42/envelope/?sentry_key=any", envelope(("sessions", body))).status == 200
    made.fold()
    yield made
    made.close()


def get(exporter, **parameters) -> dict:

    answer = exporter.get(f"{PATH}?{urlencode({'statsPeriod': '24h', **parameters}, doseq=True)}")
    assert answer.status == 200, answer.body
    return answer.json()


def totals(found: dict, field: str, by: str) -> dict:
    return {group["by"][by]: group["totals"][field] for group in found["groups"]}


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("sum(session)", 19), ("session.all", 19), ("session.crashed", 3), ("session.errored", 2),
        ("session.abnormal", 1), ("session.healthy", 13), ("session.crash_free_rate", 16 / 19),
        ("crash_free_rate(session)", 16 / 19), ("session.crash_rate", 3 / 19), ("count_crashed(session)", 3),
    ],
)  # fmt: skip
def test_every_field_is_the_sum_over_all_sessions(exporter, field, expected) -> None:
    [group] = get(exporter, field=field)["groups"]
    assert group["by"] == {}
    assert group["totals"][field] == pytest.approx(expected)
    assert group["series"][field][-1] == pytest.approx(expected)


def test_series_are_as_long_as_the_intervals_and_without_a_value_where_a_share_has_none(exporter) -> None:
    found = get(exporter, field="session.crash_free_rate", interval="1h")
    [group] = found["groups"]
    series = group["series"]["session.crash_free_rate"]
    assert len(series) == len(found["intervals"]) == 25
    assert series[0] is None
    assert all(moment.endswith("Z") for moment in (found["start"], found["end"], *found["intervals"]))


def test_groups_come_by_release_environment_project_and_status(exporter) -> None:
    field = "session.crash_free_rate"
    assert totals(get(exporter, field=field, groupBy="release"), field, "release") == {
        "shop@1.0": pytest.approx(9 / 10), "shop@1.1": pytest.approx(7 / 9),
    }  # fmt: skip
    assert totals(get(exporter, field="sum(session)", groupBy="environment"), "sum(session)", "environment") == {
        "prod": 14, "staging": 5,
    }  # fmt: skip
    assert totals(get(exporter, field="sum(session)", groupBy="project"), "sum(session)", "project") == {42: 19}
    by_status = get(exporter, field="sum(session)", groupBy="session.status")
    assert totals(by_status, "sum(session)", "session.status") == {
        "healthy": 13, "crashed": 3, "errored": 2, "abnormal": 1,
    }  # fmt: skip


def test_a_query_and_the_filters_choose(exporter) -> None:
    for parameters, expected in (
        ({"query": "release:shop@1.1"}, 9),
        ({"query": 'release:"shop@1.1" environment:prod'}, 4),
        ({"environment": "staging"}, 5),
        ({"project": "42"}, 19),
        ({"project": ["-1"]}, 19),
        ({"query": "release:none"}, 0),
    ):
        [group] = get(exporter, field="sum(session)", **parameters)["groups"]
        assert group["totals"]["sum(session)"] == expected, parameters


def test_the_order_and_the_number_of_groups_are_as_asked(exporter) -> None:
    field = "sum(session)"
    for order, expected in ((f"-{field}", ["shop@1.0"]), (field, ["shop@1.1"])):
        found = get(exporter, field=field, groupBy="release", orderBy=order, per_page=1)
        assert [group["by"]["release"] for group in found["groups"]] == expected


def test_nothing_is_there_before_there_were_sessions(exporter) -> None:
    before = {"start": "2026-11-01T00:00:00", "end": "2026-11-02T00:00:00", "statsPeriod": ""}
    [group] = get(exporter, field="sum(session)", **before)["groups"]
    assert set(group["series"]["sum(session)"]) == {0.0}
    assert get(exporter, field="sum(session)", groupBy="release", **before)["groups"] == []


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ("field=session.crash_free_user_rate", "session.crash_free_user_rate"),
        ("field=sum(session)&groupBy=country", "country"),
        ("field=sum(session)&query=has:user", "has:user"),
        ("field=sum(session)&orderBy=-session.all", "orderBy"),
        ("field=sum(session)&interval=soon", "interval"),
    ],
)
def test_what_can_not_be_is_a_400_with_the_reason(exporter, parameters, words) -> None:
    answer = exporter.get(f"{PATH}?{parameters}")
    assert answer.status == 400
    assert words in answer.json()["detail"]
