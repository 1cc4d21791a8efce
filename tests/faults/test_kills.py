"""kill -9 of any process at random moments, under traffic: nothing acknowledged is lost, or counted twice."""

from __future__ import annotations

import contextlib
import os
import random
import time
from typing import TYPE_CHECKING

import psutil
import pytest
from tests.faults.processes import of_session, wait_until, workers
from tests.faults.record import record
from tests.faults.sending import Traffic, envelope, native, outcome
from tests.flow.exporter import Exporter

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.flow

ROUNDS = int(os.environ.get("ERRTALLY_KILL_ROUNDS", "4"))
FORMS = {"native events": (native, "default"), "Sentry envelopes": (envelope, "1")}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("count", [1, 2])
def test_processes_killed_at_random_points_lose_and_double_nothing(tmp_path: Path, form: str, count: int) -> None:
    make, project = FORMS[form]
    dice = random.Random(f"{form} {count}")
    exporter = Exporter(tmp_path, "--workers", str(count))
    exporter.start()
    leaders, acknowledged, number = {exporter.pid}, set[int](), 0
    for _ in range(ROUNDS):
        traffic = Traffic(exporter, make, number)
        goal = dice.randrange(1, 60)
        wait_until(lambda traffic=traffic, goal=goal: len(traffic.acknowledged) >= goal, within_seconds=60)
        time.sleep(dice.uniform(0, 0.3))
        victim = dice.choice(["supervisor", "worker", "all", "a worker, then the supervisor"])
        if "worker" in victim:
            with contextlib.suppress(psutil.NoSuchProcess, IndexError):
                dice.choice(workers(exporter)).kill()
            # Its successor is somewhere between its first line and its first answer.
            time.sleep(dice.uniform(0, 1.5))
        if "supervisor" in victim:
            leader = exporter.pid
            psutil.Process(leader).kill()
            exporter.wait()
            wait_until(lambda leader=leader: not of_session(leader), within_seconds=5)
        elif victim == "all":
            exporter.kill()
        before = len(traffic.acknowledged)
        if victim != "worker":
            exporter.start()
            leaders.add(exporter.pid)
        wait_until(lambda traffic=traffic, before=before: len(traffic.acknowledged) > before, within_seconds=60)
        number = traffic.end()
        acknowledged |= traffic.acknowledged
        assert traffic.statuses == set()
    row = outcome(exporter, f"kill -9 at random points, {form}, {count} workers", ROUNDS, {project: acknowledged})
    record(row)
    assert (row.lost, row.doubled) == (0, 0), row
    assert len(acknowledged) <= row.counted <= number
    assert exporter.stop() == 0
    wait_until(lambda: not any(of_session(leader) for leader in leaders), within_seconds=5)
