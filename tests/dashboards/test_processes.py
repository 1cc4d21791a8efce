"""Numbers of what applications count themselves, evaluated by promtool: pushed and scraped, over restarts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.dashboards.promql import evaluate
from tests.flow import grafana

from errtally import names
from errtally.dashboards import processes
from errtally.dashboards.replicas import counted_once

if TYPE_CHECKING:
    from pathlib import Path

SHOWN = grafana.Range(0, 600)
VALUES = {"project": ".+", "environment": ".+", "service": ".+"}
REFUSED = names.BREAKER_REFUSED.name


def _scraped(instance: str) -> str:
    return f'{REFUSED}{{job="shop", instance="{instance}", service="payment"}}'


def _pushed(instance: str = "exporter:1", project: str = "checkout") -> str:
    return (
        f'{REFUSED}{{job="errtally", instance="{instance}", project="{project}", environment="production",'
        ' service="payment"}'
    )


def _up(instance: str, values: str, job: str = "shop") -> dict[str, str]:
    return {f'up{{job="{job}", instance="{instance}"}}': values}


def _evaluate(folder: Path, expr: str, series: dict[str, str], at: int, expected: float | None, **values: str) -> None:
    expr = grafana.interpolate(expr, {**VALUES, **values}, SHOWN, 60)
    evaluate(folder, expr, series, at, [] if expected is None else [("{}", expected)])


@pytest.mark.parametrize(
    ("series", "at", "expected"),
    [
        pytest.param({**_up("a", "1x40"), _scraped("a"): "100+2x40"}, 30, 20, id="a process that goes on"),
        pytest.param({**_up("a", "1x40"), _scraped("a"): "_x25 1x20"}, 30, 1, id="the first call that was refused"),
        pytest.param({**_up("a", "_x25 1x20"), _scraped("a"): "_x25 3+2x20"}, 30, 10, id="a process that came within"),
        pytest.param(
            {**_up("a", "_x25 1x20"), _scraped("a"): "_x27 3+2x20"}, 30, 9, id="what is born in such a process"
        ),
        pytest.param(
            {**_up("a", "1x20 0x3 1x30"), _scraped("a"): f"100+1x20{' stale' * 4} 125+1x30"}, 33, 8,
            id="a process that was not reached when the range began",
        ),
        pytest.param({**_up("exporter:1", "1x40", "errtally"), _pushed(): "_x25 3x20"}, 30, 3, id="a pushed counter"),
        pytest.param(
            {
                **_up("a", "1x40"), **_up("exporter:1", "1x40", "errtally"),
                _scraped("a"): "100+2x40", _pushed(): "7+1x40",
            },
            30, 30, id="an application that is scraped beside one that pushes",
        ),
        pytest.param(_up("a", "1x40"), 30, None, id="nobody has a breaker"),
    ],
)  # fmt: skip
def test_how_much_counters_of_processes_grew_over_the_time_range(
    tmp_path: Path, series: dict[str, str], at: int, expected: float | None
) -> None:
    _evaluate(tmp_path, processes.counted(processes.of(names.BREAKER_REFUSED)), series, at, expected)


@pytest.mark.parametrize(
    ("series", "grown"),
    [
        pytest.param({**_up("a", "1x40"), _scraped("a"): "10+5x24 0+1x20"}, 25, id="a process that starts anew"),
        pytest.param(
            {**_up("a", "1x25 _x20"), _scraped("a"): f"10+5x25{' stale' * 9}"}, 25, id="a process that is gone"
        ),
        pytest.param(
            {
                **_up("a", "1x25 _x20"), **_up("b", "_x26 1x20"),
                _scraped("a"): f"10+5x25{' stale' * 9}", _scraped("b"): "_x26 1+1x20",
            },
            30, id="a process that goes on at another address",
        ),
    ],
)  # fmt: skip
def test_what_a_process_counted_before_it_began_anew_or_went_is_estimated(
    tmp_path: Path, series: dict[str, str], grown: float
) -> None:
    counted = processes.counted(processes.of(names.BREAKER_REFUSED))
    _evaluate(tmp_path, f"abs({counted} - {grown}) <= bool {0.2 * grown}", series, 30, 1)


@pytest.mark.parametrize(
    ("series", "at", "expected"),
    [
        pytest.param({**_up("a", "1x40"), _scraped("a"): "100+2x40"}, 30, 2, id="a bar is the difference of two steps"),
        pytest.param({**_up("a", "1x40"), _scraped("a"): "_x30 3x10"}, 30, 3, id="the bar of the first call"),
        pytest.param({**_up("a", "1x40"), _scraped("a"): "9x30 2+1x9"}, 31, 2, id="a process that starts anew"),
        pytest.param(
            {**_up("a", "1x28 0 1x20"), _scraped("a"): "100+1x28 stale 130+1x20"}, 30, None,
            id="a scrape after one that failed does not count the past",
        ),
        pytest.param({**_up("a", "_x30 1x9"), _scraped("a"): "_x30 5x9"}, 30, None, id="the first scrape of a process"),
    ],
)  # fmt: skip
def test_how_much_counters_of_processes_grew_within_a_step(
    tmp_path: Path, series: dict[str, str], at: int, expected: float | None
) -> None:
    _evaluate(tmp_path, processes.stepped(processes.of(names.BREAKER_REFUSED)), series, at, expected)


@pytest.mark.parametrize(
    ("project", "expected"),
    [
        pytest.param(".+", 3, id="all projects"),
        pytest.param("checkout", 2, id="one project, and whoever names none"),
        pytest.param("(checkout|search)", 3, id="two projects"),
    ],
)
def test_a_chosen_project_takes_in_processes_that_name_none(tmp_path: Path, project: str, expected: float) -> None:
    series = {_pushed(): "1x9", _pushed(project="search"): "1x9", _scraped("a"): "1x9"}
    _evaluate(tmp_path, f"count({processes.of(names.BREAKER_REFUSED)})", series, 5, expected, project=project)


def test_replicas_of_an_exporter_count_once_and_processes_that_are_scraped_each(tmp_path: Path) -> None:
    series = {_pushed("x:1"): "7x9", _pushed("x:2"): "7x9", _scraped("a"): "2x9", _scraped("b"): "2x9"}
    every = f"sum by (service) ({processes.of(names.BREAKER_REFUSED)})"
    for expr, expected in ((every, 18), (counted_once(every), 11)):
        evaluate(tmp_path, grafana.interpolate(expr, VALUES, SHOWN, 60), series, 5, [('{service="payment"}', expected)])


def test_a_process_is_named_by_its_address_or_by_what_it_calls_itself(tmp_path: Path) -> None:
    cpu = names.CLIENT_CPU.name
    series = {
        f'{cpu}{{job="shop", instance="shop-1:8000"}}': "0.5x9",
        f'{cpu}{{job="errtally", instance="x:1", project="p", environment="e", {names.PROCESS_LABEL}="h:7"}}': "0.25x9",
    }
    expected = [
        (f'{{{names.PROCESS_LABEL}="shop-1:8000"}}', 0.5),
        (f'{{project="p", environment="e", {names.PROCESS_LABEL}="h:7"}}', 0.25),
    ]
    expr = grafana.interpolate(processes.each(names.CLIENT_CPU), VALUES, SHOWN, 60)
    evaluate(tmp_path, expr, series, 5, expected)
