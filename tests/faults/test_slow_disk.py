"""A disk that takes its time: the answer says when, and nothing else changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.faults.processes import wait_until
from tests.faults.record import record
from tests.faults.sending import Traffic, native, outcome
from tests.flow.exporter import Exporter
from tests.peers import peer

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.flow

DELAY = "300ms"
EVENTS = 60


@pytest.mark.parametrize("durability", ["write", "fsync"])
def test_a_disk_that_takes_its_time_loses_nothing(tmp_path: Path, durability: str) -> None:
    peer("strace")
    slow = f"strace -DD -f -qq -e signal=none -e trace=fsync,fdatasync -e inject=fsync,fdatasync:delay_enter={DELAY}"
    under = [*slow.split(), "-o", str(tmp_path / "trace")]
    exporter = Exporter(tmp_path, "--workers", "2", "--durability", durability, under=under)
    exporter.start()
    traffic = Traffic(exporter, native)
    wait_until(lambda: len(traffic.acknowledged) >= EVENTS, within_seconds=120)
    wait_until(lambda: exporter.get_any("/-/ready")[0] == 200)
    traffic.end()
    assert traffic.statuses == set()
    row = outcome(exporter, f"each sync takes {DELAY}, durability {durability}", 1, {"default": traffic.acknowledged})
    record(row)
    assert (row.lost, row.doubled) == (0, 0), row
    assert exporter.stop() == 0
    assert b"DELAYED" in (tmp_path / "trace").read_bytes()
