"""The scrape benchmark: a real mix of series, and the library renders the very same ones."""

from __future__ import annotations

import json

import prometheus_client
import pytest
from click.testing import CliRunner
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from tests.exporter.databases import database_at

from errtally import names
from errtally.exporter.bench import scrape
from errtally.exporter.bench.series import Filled, Mix
from errtally.exporter.commands.bench import command
from errtally.exporter.digest.budget import Budget
from errtally.exporter.metrics.view import StoreView


def samples(text):
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


@pytest.fixture
def filled(tmp_path):
    made = Filled(tmp_path, 1000)
    yield made
    made.close()


def rendered(tmp_path):
    return StoreView(database_at(tmp_path), tmp_path, Budget({})).render(0.0, openmetrics=False).decode()


@pytest.mark.parametrize("lines", [100, 1000, 10_000])
def test_the_mix_has_as_many_lines_as_asked_for(lines, tmp_path):
    made = Filled(tmp_path, lines)
    shown = [line for line in rendered(tmp_path).splitlines() if not line.startswith("#")]
    assert lines <= len(shown) <= lines + 60
    made.close()


@pytest.mark.usefixtures("filled")
def test_there_is_something_of_everything(tmp_path):
    found = {name for name, _ in samples(rendered(tmp_path))}
    for metric in (names.ISSUE_EVENTS, names.ISSUE_INFO, names.ISSUE_LAST_SEEN, names.REQUESTS, names.EVENTS):
        assert metric.name in found
    assert f"{names.REQUEST_DURATION.name}_bucket" in found


def test_a_change_changes_about_the_share(filled, tmp_path):
    before = samples(rendered(tmp_path))
    filled.change(0.1)
    after = samples(rendered(tmp_path))
    changed = sum(after[key] != value for key, value in before.items())
    assert after.keys() == before.keys()
    assert 0.02 * len(before) < changed < 0.2 * len(before)


def test_the_library_has_the_same_series(filled, tmp_path):
    for _ in range(3):
        filled.change(0.3)
    text = rendered(tmp_path)
    registry, change = scrape.as_library_metrics(text)
    expected, found = samples(text), samples(generate_latest(registry).decode())
    assert found == pytest.approx(expected)
    change(0.5)
    assert samples(generate_latest(registry).decode()) != found


def test_everything_of_the_mix_can_change():
    mix = Mix.of(1000)
    assert len(mix.units()) == mix.issues + mix.transactions + mix.types


def test_the_table_shows_every_count_and_the_library_is_left_as_it_was(tmp_path):
    arguments = ["scrape", "--series", "200", "--rounds", "2", "--data-dir", str(tmp_path)]
    shown = CliRunner().invoke(command, arguments)
    assert shown.exit_code == 0, shown.output
    assert "prometheus_client" in shown.output
    rows = json.loads(CliRunner().invoke(command, [*arguments, "--json"]).output)["rows"]
    assert [row["changed_share"] for row in rows] == list(scrape.CHANGED_SHARES)
    for row in rows:
        assert row["series"] >= 200
        assert row["median_milliseconds"] > 0
        assert row["view_bytes"] > row["body_bytes"]
    assert prometheus_client.metrics._use_created
    assert list(tmp_path.iterdir()) == []
