"""Numbers of a time range, evaluated by promtool: right from the first event on, and when Prometheus is younger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.dashboards.promql import evaluate
from tests.flow import grafana

from errtally import names
from errtally.dashboards import queries

if TYPE_CHECKING:
    from pathlib import Path

RANGE_MINUTES = 10
EVENTS, CREATED = names.NEW_ISSUES.name, names.STORE_CREATED.name
OLD, YOUNG = "-86400", "0"
"""When the exporter's store was made, in seconds: a day before the test's clock begins, or with it."""
VALUES = {"project": ".+", "environment": ".+"}


def _labels(instance: str, project: str) -> str:
    return f'{EVENTS}{{job="errtally", instance="{instance}", project="{project}", environment="production"}}'


def _run(
    folder: Path, expr: str, series: dict[str, str], at_minutes: int, expected: float | None, step_seconds: int = 60
) -> None:
    shown = grafana.Range(0, RANGE_MINUTES * 60)
    found = [] if expected is None else [("{}", expected)]
    evaluate(folder, grafana.interpolate(expr, VALUES, shown, step_seconds), series, at_minutes, found)


def _scrapes(created: str, first: int, last: int, instance: str = "a") -> dict[str, str]:
    """The exporter's own series from the minute ``first`` on."""
    name = f'{CREATED}{{job="errtally", instance="{instance}"}}'
    return {name: f"{'_ ' * first}{created}x{last - first}"}


@pytest.mark.parametrize(
    ("series", "created", "first_scrape", "at", "expected"),
    [
        pytest.param({"a": "100+2x40"}, OLD, 0, 30, 20, id="a counter that goes on grew by its difference"),
        pytest.param({"a": "_x25 1x20"}, OLD, 0, 30, 1, id="the first event of a new series counts"),
        pytest.param({"a": "_x25 3+1x20"}, OLD, 0, 30, 8, id="a series born within the range counts in full"),
        pytest.param({"a": "7x40"}, OLD, 0, 30, 0, id="a counter that stands still grew by nothing"),
        pytest.param({"a": "100+2x40"}, YOUNG, 0, 5, 110, id="a store younger than the range: everything is within it"),
        pytest.param(
            {"a": "_x26 100+2x20"}, OLD, 26, 30, 8, id="Prometheus began within the range: its past does not count"
        ),
        pytest.param(
            {"a": "_x26 100+2x20", "b": "_x28 1x20"}, OLD, 26, 30, 9,
            id="Prometheus began within the range: what is born since counts in full",
        ),
        pytest.param(
            {"a": "100+2x20 0+1x40"}, "1260", 0, 25, 4, id="an exporter that lost its store counts from the new one on"
        ),
        pytest.param({"a": "100x5 _x40"}, OLD, 0, 30, None, id="a series that is gone is not counted"),
    ],
)  # fmt: skip
def test_how_much_counters_grew_over_the_time_range(
    tmp_path: Path, series: dict[str, str], created: str, first_scrape: int, at: int, expected: float | None
) -> None:
    given = {_labels("a", project): values for project, values in series.items()}
    _run(
        tmp_path,
        queries.counted(queries.of(names.NEW_ISSUES)),
        {**_scrapes(created, first_scrape, 45), **given},
        at,
        expected,
    )


def test_an_exporter_that_moved_to_another_address_does_not_count_its_past_again(tmp_path: Path) -> None:
    series = {
        **_scrapes(OLD, 0, 25),
        **_scrapes(OLD, 26, 45, "b"),
        _labels("a", "p"): "100+2x25 _x20",
        _labels("b", "p"): "_x26 152+2x20",
    }
    _run(tmp_path, queries.counted(queries.of(names.NEW_ISSUES)), series, 34, 16)


@pytest.mark.parametrize(
    ("values", "created", "first_scrape", "at", "expected"),
    [
        pytest.param("100+2x40", OLD, 0, 30, 2, id="a bar is the difference of two steps"),
        pytest.param("_x30 3x10", OLD, 0, 30, 3, id="the bar at which a series is born counts it in full"),
        pytest.param("_x30 100+2x20", OLD, 30, 30, None, id="the first scrape, of an older exporter"),
        pytest.param("_x30 100+2x20", OLD, 30, 31, 2, id="the second scrape"),
        pytest.param("5+1x20", YOUNG, 0, 0, 5, id="the first scrape of a new exporter"),
    ],
)
def test_how_much_counters_grew_within_a_step(
    tmp_path: Path, values: str, created: str, first_scrape: int, at: int, expected: float | None
) -> None:
    series = {**_scrapes(created, first_scrape, 45), _labels("a", "p"): values}
    _run(tmp_path, queries.stepped(queries.of(names.NEW_ISSUES)), series, at, expected)


def test_a_release_is_a_deploy_only_when_prometheus_watched_before_it_came(tmp_path: Path) -> None:
    def sessions(release: str) -> str:
        return (
            f'{names.SESSIONS.name}{{job="errtally", instance="a", project="p", environment="e", release="{release}",'
            ' status="started"}'
        )

    expr = f"count({queries.deploys()})"
    series = {**_scrapes(OLD, 0, 45), sessions("1"): "5+1x40", sessions("2"): "_x21 1+1x20"}
    _run(tmp_path, expr, series, 0, None)
    _run(tmp_path, expr, series, 21, 1)
    _run(tmp_path, expr, series, 22, None)


def test_a_deploy_that_was_told_of_is_marked_once_where_it_appears_and_again_when_it_is_repeated(
    tmp_path: Path,
) -> None:
    labels = '{job="errtally", instance="a", project="p", environment="e", release="1"'
    sessions, deployed = (
        f'{names.SESSIONS.name}{labels}, status="started"}}',
        f"{names.RELEASE_DEPLOYED.name}{labels}}}",
    )
    # A step is a minute: deployed before the tenth and again before the thirtieth, first session at the twentieth.
    series = {**_scrapes(OLD, 0, 60), deployed: "_x10 590x20 1790x30", sessions: "_x21 1+1x20"}
    for step, expected in ((9, None), (10, 1), (11, None), (21, None), (31, 1), (32, None)):
        _run(tmp_path, f"count({queries.deploys()})", series, step, expected)


def test_an_alert_is_marked_where_it_begins_and_not_as_long_as_it_fires(tmp_path: Path) -> None:
    alert = 'ALERTS{alertname="HighErrorRate", severity="critical", project="p", environment="e", alertstate="firing"}'
    quiet = alert.replace('"critical"', '"warning"')
    critical = 'severity="critical"'
    expr = f"count({queries.began(critical)})"
    series = {alert: "_x10 1x10 stale _x4 1x5", quiet: "_x5 1x30"}
    for step, expected in ((5, None), (10, 1), (11, None), (20, None), (26, 1), (27, None)):
        _run(tmp_path, expr, series, step, expected)
