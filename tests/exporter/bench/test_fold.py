"""The fold's benchmark, and what is reckoned from it."""

from __future__ import annotations

import json
import math
from pathlib import Path  # noqa: TC003 (pytest reads the annotations)

import pytest
from click.testing import CliRunner
from tests.exporter.databases import address_of

from errtally.exporter.bench import fold
from errtally.exporter.bench.plan import HEADROOM, catch_up, plan
from errtally.exporter.commands.bench import command
from errtally.exporter.web import fast_path

COST = fold.Measurement(
    "PostgreSQL", 60_000, 20_000, request_bytes=500.0, journal_bytes=400.0,
    take_cpu=30.0, ship_cpu=2.0, ship_seconds=10.0, fold_cpu=20.0, fold_seconds=25.0,
)  # fmt: skip


def test_events_are_taken_shipped_and_folded(tmp_path: Path) -> None:
    address = address_of(tmp_path)
    (tmp_path / "data").mkdir()
    clock = fast_path.time
    cost = fold.measure(tmp_path / "data", address=address, events=1_500, fold_events=500)
    assert fast_path.time is clock, "what is measured leaves the process's clock as it was"
    assert (cost.events, cost.fold_events) == (1_500, 500)
    assert cost.take_cpu > 0 < cost.fold_cpu
    assert cost.fold_seconds > 0
    assert (cost.ship_seconds > 0) == bool(address)
    assert 100 < cost.journal_bytes < 5_000


def test_the_command_prints_what_a_demand_takes(tmp_path: Path) -> None:
    arguments = ["fold", "--events", "1000", "--fold-events", "500", "--data-dir", str(tmp_path), "--demand", "1e9"]
    shown = CliRunner().invoke(command, arguments)
    assert shown.exit_code == 0, shown.output
    assert "1,000,000,000 events/s, on paper" in shown.output
    found = json.loads(CliRunner().invoke(command, [*arguments, "--json"]).output)
    assert found["plan"]["databases"] == math.ceil(1e9 / (HEADROOM * found["cost"]["events_per_second"]))


def test_a_database_that_is_not_there_is_told_in_a_sentence(tmp_path: Path) -> None:
    arguments = ["fold", "--events", "1000", "--data-dir", str(tmp_path)]
    done = CliRunner().invoke(command, [*arguments, "--database", "postgresql://errtally@127.0.0.1:9/none"])
    assert done.exit_code == 1
    assert done.output.startswith("Error: ")
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    ("demand", "databases", "cores"),
    [
        pytest.param(1_000, 1, 0.0457, id="a small team"),
        pytest.param(28_000, 1, 1.28, id="as much as one may be busy with"),
        pytest.param(28_001, 2, 1.28, id="one event more"),
        pytest.param(1_000_000, 36, 45.7, id="a million"),
    ],
)
def test_databases_are_as_many_as_share_the_events_with_room_to_spare(
    demand: int, databases: int, cores: float
) -> None:
    found = plan(COST, demand)
    assert found.databases == databases
    assert found.exporter_cores == pytest.approx(cores, rel=0.01)
    assert found.bytes_in == demand * 500


@pytest.mark.parametrize(
    ("rate", "folds", "expected"),
    [
        pytest.param(100, 200, (1_000, 10.0), id="twice as fast as they come"),
        pytest.param(100, 100, (math.inf, math.inf), id="just as fast: never"),
        pytest.param(0, 100, (0, 0.0), id="nothing comes"),
    ],
)
def test_what_waits_after_an_outage_of_ten_seconds(rate: int, folds: int, expected: tuple[float, float]) -> None:
    assert catch_up(rate, folds, 10) == expected
