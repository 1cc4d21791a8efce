"""Exporters without a disk of their own: whatever dies, what was acknowledged is in PostgreSQL, and counted once."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from typing import TYPE_CHECKING

import pytest
from tests.exporter.postgres import Server, started
from tests.faults.record import record
from tests.faults.sending import Traffic, native
from tests.flow.replicas import replicas

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.flow

ROUNDS = int(os.environ.get("ERRTALLY_KILL_ROUNDS", "2"))
PACE_SECONDS = 0.01


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that the test may kill."""
    with started() as one:
        yield one


def test_the_database_crashes_under_load(tmp_path: Path, server: Server) -> None:
    dice = random.Random("shared")
    with replicas(tmp_path, server.database("crash"), 2, "--durability", "shared") as two:
        traffic = Traffic(two.all, native, pause_seconds=PACE_SECONDS)
        for _ in range(ROUNDS):
            traffic.goes_on(40)
            time.sleep(dice.uniform(0, 0.5))
            server.stop(signal.SIGQUIT)
            time.sleep(dice.uniform(0, 2))
            server.start()
        traffic.goes_on(40)
        traffic.end()
        for one in two.all:
            assert list((one.data_dir / "journal").glob("*.segment")) == []
        row = two.outcome("PostgreSQL killed under load, durability shared, two exporters", ROUNDS, traffic)
        record(row)
        assert traffic.statuses <= {503}
        assert (row.lost, row.doubled) == (0, 0), row


def test_an_exporter_and_its_disk_are_gone(tmp_path: Path, server: Server) -> None:
    with replicas(tmp_path, server.database("gone"), 2, "--durability", "shared") as two:
        traffic = Traffic(two.all, native, pause_seconds=PACE_SECONDS)
        for number in range(ROUNDS):
            traffic.goes_on(40)
            gone = two.all[number % 2]
            gone.kill()
            shutil.rmtree(gone.data_dir)
            traffic.goes_on(40)
            gone.start()
        traffic.goes_on(40)
        traffic.end()
        row = two.outcome("exporter killed and its disk removed, durability shared, two exporters", ROUNDS, traffic)
        record(row)
        assert traffic.statuses == set()
        assert (row.lost, row.doubled) == (0, 0), row
        assert two.ask("SELECT count(*) FROM shippers WHERE keeps = 1") == [(0,)]  # nobody is missed
