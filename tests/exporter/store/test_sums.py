"""Whatever comes, in whatever order, through evictions and restarts: sums are exact and series within their budget."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from tests.exporter.store import traffic
from tests.exporter.store.traffic import Traffic

SEEDS = range(int(os.environ.get("ERRTALLY_TEST_TRAFFIC_SEEDS", "2")))
MILLION = "ERRTALLY_TEST_MILLION"


@pytest.mark.parametrize("seed", SEEDS)
def test_sums_are_exact_through_evictions_and_restarts(tmp_path, seed):
    made = Traffic(tmp_path, seed, would_be=8000)
    for number in range(30):
        made.step(made.draw.choice((1, 25)))
        made.check(afresh=number % 10 == 0)
        if made.draw.random() < 0.2:
            made.restart()
            made.check()
    assert made.left > 100
    made.db.close()


@pytest.mark.skipif(MILLION not in os.environ, reason=f"takes minutes: set {MILLION}")
def test_a_million_events_over_200_000_would_be_series_fit_into_memory():
    done = subprocess.run(
        [sys.executable, traffic.__file__, "1000000", "200000"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    took = json.loads(done.stdout)
    print(took)
    assert took["would_be"] >= 200_000
    assert took["peak_bytes"] < 300_000_000
