"""Much at once: a large journal that waits at the start, and many issues. Memory is bounded, and nothing is lost."""

from __future__ import annotations

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psutil
import pytest
from tests.faults.processes import of_session
from tests.faults.record import Row, record
from tests.faults.sending import native
from tests.flow.exporter import Exporter, running

from errtally import names
from errtally.exporter.journal import records
from errtally.exporter.journal.appender import Appender

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.flow

MIB = 1 << 20
JOURNAL_MIB = int(os.environ.get("ERRTALLY_JOURNAL_MIB", "32"))
ISSUES = int(os.environ.get("ERRTALLY_ISSUES", "4000"))
BATCH = 100
PAGE_BYTES = 2500
MAX_PROCESS_MIB = 400
"""Of one process, whatever waits; the journal of `make faults` is larger by far."""


def _fill(folder: Path) -> int:
    """Write a journal of so many bytes; return how many events are in it."""
    appender = Appender(folder, journal_bytes=8 << 30)
    now, events = time.time(), 0
    while sum(path.stat().st_size for path in folder.iterdir()) < JOURNAL_MIB * MIB:
        for _ in range(20):
            page = json.dumps({"message": "no stock", "extra": os.urandom(PAGE_BYTES // 2).hex()}).encode()
            batch = records.Batch(project="default", received=now)
            batch.issues.append(records.IssueSeen(f"{events // BATCH % 300:016x}", "Type", "no stock", "f"))
            batch.events += [
                records.EventSeen(0, "production", "error", now, f"{events + at:032x}", has_own_id=True, sample=page)
                for at in range(BATCH)
            ]
            appender.append(records.encoder.encode(batch), BATCH, now)
            events += BATCH
    appender.close()
    return events


def _largest_mib(exporter: Exporter) -> float:
    return max(process.memory_info().rss / MIB for process in of_session(exporter.pid))


def test_a_large_journal_that_waits_is_folded_while_events_are_taken(tmp_path: Path) -> None:
    exporter = Exporter(tmp_path)
    journal = exporter.data_dir / "journal"
    journal.mkdir(parents=True)
    waiting = _fill(journal)
    config = tmp_path / "errtally.yml"
    config.write_text(f"limits: {{journal_bytes: {8 << 30}}}\n")
    exporter.with_flags("--config", str(config)).start()
    try:
        taken = [exporter.post(*native(1 << 40 | number))[0] for number in range(50)]
        assert taken == [200] * 50, "nobody waits for the journal"
        largest, end = 0.0, time.monotonic() + 900
        while (counted := int(exporter.total(names.EVENTS))) < waiting + 50 and time.monotonic() < end:
            largest = max(largest, _largest_mib(exporter))
            time.sleep(0.5)
        sent = waiting + 50
        record(Row(f"{JOURNAL_MIB} MiB of journal waiting at the start", 1, sent, counted, sent - counted, 0))
        assert counted == waiting + 50
        assert largest < MAX_PROCESS_MIB
    finally:
        assert exporter.stop() == 0


def _send(exporter: Exporter, first: int) -> int:
    events = [
        {"event_id": f"{number:032x}", "type": f"Type{number}", "message": f"kind {_word(number)} failed"}
        for number in range(first, first + BATCH)
    ]
    return exporter.post("/api/events", json.dumps({"events": events}).encode())[0]


def _word(number: int) -> str:
    """A word of letters alone, so that no two messages have one template."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


def test_many_issues_are_counted_and_shown_and_take_bounded_memory(tmp_path: Path) -> None:
    with running(tmp_path) as exporter:
        with ThreadPoolExecutor(4) as pool:
            assert set(pool.map(lambda first: _send(exporter, first), range(0, ISSUES, BATCH))) == {200}
        exporter.wait_until_folded()
        counted = int(exporter.total(names.EVENTS))
        record(Row(f"{ISSUES:,} issues", 1, ISSUES, counted, ISSUES - counted, 0))
        assert counted == int(exporter.total(names.ISSUE_EVENTS)) == ISSUES
        assert exporter.total(names.ISSUES, status="unresolved") == ISSUES
        assert b"kind " in exporter.get("/")
        assert len(exporter.get_json("/api/issues?limit=100")["issues"]) == 100
        assert _largest_mib(exporter) < MAX_PROCESS_MIB
        assert psutil.pid_exists(exporter.pid)
