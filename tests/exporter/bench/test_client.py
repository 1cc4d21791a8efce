"""The benchmark of captures measures captures, in each state of the exporter."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from errtally.exporter.bench.beside import FIGURES
from errtally.exporter.bench.client import FRAMES, SITUATIONS, measure
from errtally.exporter.commands.bench import command


@pytest.mark.parametrize("situation", SITUATIONS)
def test_captures_are_timed_while_the_exporter_is(situation):
    cost = measure(situation, 10, 50)
    assert (cost.situation, cost.frames, cost.captures) == (situation, 10, 50)
    assert 0 < cost.median_microseconds <= cost.p99_microseconds <= cost.longest_milliseconds * 1001


def test_a_full_queue_shows_in_what_was_discarded():
    assert measure("down", 1, 1500).discarded >= 500


def test_the_command_prints_a_row_for_each_number_of_frames():
    arguments = ["client", "--captures", "20", "--situation", "down", "--rounds", "1"]
    run = CliRunner().invoke(command, [*arguments, "--json"])
    assert run.exit_code == 0, run.output
    figures = json.loads(run.stdout)
    assert [row["frames"] for row in figures["rows"]] == list(FRAMES)
    assert [cost["library"] for cost in figures["libraries"]] == ["errtally", "sentry-sdk"]
    assert set(figures["libraries"][0]) == {"library", *FIGURES}
    assert all(value > 0 for value in figures["protected"].values())
    table = CliRunner().invoke(command, arguments)
    assert "median us" in table.stdout
    assert "sentry-sdk" in table.stdout
    assert "protected call" in table.stdout
