"""What changes between two scrapes: series that come, go and come back, and how little is read for few of them."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import pytest

from errtally import names
from errtally.exporter.bench.series import Filled
from errtally.exporter.digest.budget import Budget
from errtally.exporter.metrics.family import Family
from errtally.exporter.metrics.view import StoreView
from errtally.exporter.store.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("seed", range(5))
def test_a_family_shows_what_was_put_last_and_nothing_that_was_dropped(seed: int) -> None:
    draw, family, expected = random.Random(seed), Family(names.EVENTS), dict[tuple[str, ...], int]()
    for step in range(400):
        labels = (f"shop-{draw.randrange(20)}", "prod", "error", "KeyError")
        labels = labels[: len(names.EVENTS.labels)]
        if draw.random() < 0.4:
            family.drop(labels)
            expected.pop(labels, None)
        else:
            family.put(labels, step)
            expected[labels] = step
        if draw.random() < 0.01:
            family.clear()
            expected.clear()
        shown = [
            line.rpartition(" ") for line in family.render(openmetrics=False).decode().splitlines() if line[0] != "#"
        ]
        assert {name: int(value) for name, _, value in shown} == {
            "{}{{{}}}".format(
                names.EVENTS.name,
                ",".join(f'{one}="{value}"' for one, value in zip(names.EVENTS.labels, key, strict=True)),
            ): value
            for key, value in expected.items()
        }
        assert len(shown) == len(family) == len(expected)


@pytest.mark.sqlite_alone  # its steps are counted
def test_a_scrape_after_few_changes_does_not_read_all_series(tmp_path: Path) -> None:
    filled, now = Filled(tmp_path, 10_000), time.time()
    view = StoreView(SqliteDatabase(tmp_path), tmp_path, Budget({}))
    view.render(now, openmetrics=False)
    assert view._db is not None
    steps = [0]

    def count() -> int:
        steps[-1] += 1
        return 0

    view._db.set_progress_handler(count, 100)
    for share in (0.01, 1):
        filled.change(share)
        steps.append(0)
        view.render(now, openmetrics=False)
    filled.close()
    _, few, all_ = steps
    assert few < all_ / 20
