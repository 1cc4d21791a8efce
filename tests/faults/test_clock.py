"""A clock that somebody sets, while the exporter runs: forward by a day and a century, and back again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.faults.processes import wait_until
from tests.faults.record import record
from tests.faults.sending import native, outcome
from tests.flow.clocks import faked
from tests.flow.exporter import Exporter

from errtally import names

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.flow

JUMPS = ("+1d", "+36525d", "-1d", "-3650d", "+0")
EACH = 30


def test_a_clock_that_is_set_loses_and_doubles_nothing(tmp_path: Path) -> None:
    offset = tmp_path / "offset"
    offset.write_text("+0\n")
    exporter = Exporter(tmp_path, "--workers", "2", environ=faked(tmp_path, offset))
    exporter.start()
    acknowledged: set[int] = set()
    for jump in ("+0", *JUMPS):
        offset.write_text(f"{jump}\n")
        numbers = range(len(acknowledged), len(acknowledged) + EACH)
        acknowledged |= {number for number in numbers if exporter.post(*native(number))[0] == 200}
        wait_until(lambda: exporter.total(names.EVENTS) == len(acknowledged))  # noqa: B023 (called at once)
        wait_until(lambda: exporter.total(names.JOURNAL_LAG_EVENTS) == 0)
        wait_until(lambda: exporter.get_any("/-/ready")[0] == 200)
        assert exporter.get("/overview"), jump
        assert exporter.get_json("/api/issues")["issues"], jump
    assert len(acknowledged) == EACH * (1 + len(JUMPS))
    # What was sent before the jumps is known still: the same again is not counted again.
    for number in range(0, len(acknowledged), 10):
        assert exporter.post(*native(number))[0] == 200
    row = outcome(exporter, "clock set forward a day and a century, and back", len(JUMPS), {"default": acknowledged})
    record(row)
    assert (row.counted, row.lost, row.doubled) == (len(acknowledged), 0, 0), row
    assert exporter.stop() == 0
