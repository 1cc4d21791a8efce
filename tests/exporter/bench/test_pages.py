"""The benchmark of pages: a store that is the same each time, and rows that tell what was measured."""

from __future__ import annotations

import json
import time

import pytest
from click.testing import CliRunner
from tests.exporter.databases import database_at

from errtally.exporter.bench.filled import fill
from errtally.exporter.bench.generator import paced
from errtally.exporter.bench.pages import PAGES, Measurement
from errtally.exporter.commands.bench import command
from errtally.exporter.search.query import parse
from errtally.exporter.store.reading import StoreReader
from errtally.exporter.store.reading_order import IssueQuery

NOW = 1_795_500_000.0


def test_a_store_is_filled_the_same_each_time(tmp_path) -> None:
    stores = []
    for name in ("one", "two"):
        fill(tmp_path / name, issues=40, events=3000, now=NOW)
        reader = StoreReader(database_at(tmp_path / name))
        stores.append(reader.listed(IssueQuery(NOW, limit=500))[0])
        assert reader.listed(IssueQuery(NOW, parse("browser:safari -is:resolved", NOW)))[0]
        found = reader.issue(stores[-1][0]["fingerprint"], stores[-1][0]["project"])
        assert reader.sample(found["ids"], found["samples"][0]["event_id"])["exceptions"]
    assert stores[0] == stores[1]
    assert len(stores[0]) == 40
    assert sum(issue["events"] for issue in stores[0]) == 3000
    assert min(issue["events"] for issue in stores[0]) >= 1


def test_requests_are_held_back_to_a_rate() -> None:
    started = time.perf_counter()
    assert list(paced(iter([b"x"] * 20), 200)) == [b"x"] * 20
    assert time.perf_counter() - started >= 19 / 200


@pytest.mark.parametrize(("milliseconds", "is_fast"), [(50.0, True), (50.1, False)])
def test_a_row_says_whether_it_is_within_the_target(milliseconds: float, is_fast: bool) -> None:  # noqa: FBT001
    assert Measurement("list", 1, 1.0, milliseconds, 99.0, 10).as_dict()["is_fast"] is is_fast


def test_the_command_measures_every_page_while_events_arrive() -> None:
    done = CliRunner().invoke(
        command,
        ["pages", "--issues", "50", "--events", "500", "--load", "200", "--seconds", "0.5", "--workers", "1", "--json"],
    )
    told = json.loads(done.output)
    assert [row["page"] for row in told["rows"]] == list(PAGES)
    assert all(row["requests"] and 0 < row["p50_milliseconds"] <= row["p95_milliseconds"] for row in told["rows"])
    assert done.exit_code == (0 if all(row["is_fast"] for row in told["rows"]) else 1)
    assert "events/s accepted" in told["setting"]


def test_more_issues_than_events_are_refused() -> None:
    done = CliRunner().invoke(command, ["pages", "--issues", "50", "--events", "10"])
    assert (done.exit_code, "each issue has at least one" in done.output) == (2, True)
