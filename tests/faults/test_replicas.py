"""Exporters on one database are killed, paused and restarted: what was acknowledged is counted once."""

from __future__ import annotations

import os
import random
import time
from typing import TYPE_CHECKING

import pytest
from tests.faults.processes import wait_until
from tests.faults.record import record
from tests.faults.sending import Traffic, native
from tests.flow.replicas import Replicas, pause, replicas, resume
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.flow.exporter import Exporter

pytestmark = pytest.mark.flow

ROUNDS = int(os.environ.get("ERRTALLY_KILL_ROUNDS", "2"))
PACE_SECONDS = 0.05

_WITHIN_A_FOLD = """SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE relation = 'writers'::regclass AND mode = 'RowShareLock' AND state LIKE 'idle in transaction%'"""


def _goes_on(traffic: Traffic, more: int = 20) -> None:
    before = len(traffic.acknowledged)
    wait_until(lambda: len(traffic.acknowledged) >= before + more, within_seconds=60)


def _judged(some: Replicas, experiment: str, rounds: int, *traffic: Traffic) -> None:
    row = some.outcome(experiment, rounds, *traffic)
    record(row)
    assert set().union(*(one.statuses for one in traffic)) == set()
    assert (row.lost, row.doubled) == (0, 0), row


def test_the_one_that_folds_is_killed_at_random_points(tmp_path: Path, address: str) -> None:
    dice = random.Random("holder")
    with replicas(tmp_path, address) as three:
        traffic = Traffic(three.all, native, pause_seconds=PACE_SECONDS)
        for _ in range(ROUNDS):
            holder = three.wait_for_holder()
            _goes_on(traffic)
            time.sleep(dice.uniform(0, 0.5))
            holder.kill()
            _goes_on(traffic)
            holder.start()
        traffic.end()
        _judged(three, "kill -9 of the one that folds at random points, three exporters", ROUNDS, traffic)


def test_all_are_restarted_one_after_the_other(tmp_path: Path, address: str) -> None:
    with replicas(tmp_path, address) as three:
        traffic = Traffic(three.all, native, pause_seconds=PACE_SECONDS)
        for _ in range(ROUNDS):
            for one in three.all:
                _goes_on(traffic)
                assert one.stop() == 0
                one.start()
        traffic.end()
        _judged(three, "rolling restart, three exporters", ROUNDS, traffic)


def _paused_within_a_fold(three: Replicas, holder: Exporter) -> bool:
    pause(holder)
    if three.ask(_WITHIN_A_FOLD) != [(0,)]:
        return True
    resume(holder)
    return False


@pytest.mark.parametrize("where", ["somewhere", "within a transaction"])
def test_the_one_that_folds_is_paused_and_goes_on_when_another_has_taken_over(
    tmp_path: Path, address: str, where: str
) -> None:
    with replicas(tmp_path, address) as three:
        holder = three.wait_for_holder()
        others = [one for one in three.all if one is not holder]
        before = Traffic(three.all, native, pause_seconds=PACE_SECONDS)
        _goes_on(before)
        before.end()
        after = Traffic(others, native, first=1_000_000, pause_seconds=PACE_SECONDS / 4)
        if where == "somewhere":
            pause(holder)
        else:
            until(lambda: _paused_within_a_fold(three, holder), every_seconds=0.01)
        three.wait_for_holder(other_than=holder)
        _goes_on(after, 100)
        resume(holder)
        _goes_on(after, 100)
        after.end()
        _judged(three, f"the one that folds paused {where}, and gone on after another took over", 1, before, after)
