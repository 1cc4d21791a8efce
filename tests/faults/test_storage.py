"""Files that are gone, replaced or damaged under a running exporter, and limits that the system sets."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest
from tests.faults.processes import wait_until, workers
from tests.faults.record import record
from tests.faults.sending import Traffic, native, outcome
from tests.faults.small_disk import as_root
from tests.flow.exporter import Exporter, running

from errtally import names

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.flow

STORE = "errtally.sqlite3"


def _ready(exporter: Exporter) -> tuple[int, str]:
    """Status and text of readiness."""
    status, text = exporter.get_any("/-/ready")
    return status, text.decode()


def _send(exporter: Exporter, first: int, quantity: int) -> set[int]:
    """Send events one by one; return the numbers of those that were acknowledged."""
    return {number for number in range(first, first + quantity) if exporter.post(*native(number))[0] == 200}


def _remove(path: Path) -> None:
    path.unlink()


def _replace(path: Path) -> None:
    copy = path.with_name("copy")
    shutil.copy(path, copy)
    copy.rename(path)


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
@pytest.mark.parametrize("harm", [_remove, _replace], ids=["removed", "replaced"])
def test_a_store_that_is_gone_is_told_and_events_wait_in_the_journal(tmp_path: Path, suffix: str, harm) -> None:
    exporter = Exporter(tmp_path)
    exporter.start()
    first = _send(exporter, 0, 50)
    exporter.wait_until_folded()
    harm(exporter.data_dir / f"{STORE}{suffix}")
    wait_until(lambda: _ready(exporter)[0] == 503)
    assert f"{STORE}{suffix} was " in _ready(exporter)[1]
    assert exporter.total(names.UP) == 0
    second = _send(exporter, 1000, 100)
    assert len(second) == 100
    assert any((exporter.data_dir / "journal").glob("*.segment"))
    assert exporter.stop() == 0
    assert any((exporter.data_dir / "journal").glob("*.segment")), "what nobody can read was not folded into it"
    exporter.start()
    try:
        if harm is _remove and not suffix:
            first = set()  # they went with the file
        row = outcome(exporter, f"store{suffix} {harm.__name__.strip('_')}d", 1, {"default": first | second})
        record(row)
        assert (row.lost, row.doubled) == (0, 0), row
    finally:
        exporter.stop()


def test_a_store_that_is_put_back_is_gone_on_with(tmp_path: Path) -> None:
    with running(tmp_path) as exporter:
        acknowledged = _send(exporter, 0, 20)
        store, aside = exporter.data_dir / STORE, tmp_path / "aside"
        store.rename(aside)
        wait_until(lambda: _ready(exporter)[0] == 503)
        acknowledged |= _send(exporter, 20, 20)
        aside.rename(store)
        wait_until(lambda: _ready(exporter)[0] == 200)
        row = outcome(exporter, "store moved away and back", 1, {"default": acknowledged})
        record(row)
        assert (row.acknowledged, row.lost, row.doubled) == (40, 0, 0), row


def test_a_journal_whose_directory_is_gone_refuses_until_it_is_back(tmp_path: Path) -> None:
    with running(tmp_path) as exporter:
        acknowledged = _send(exporter, 0, 20)
        journal, aside = exporter.data_dir / "journal", tmp_path / "aside"
        exporter.wait_until_folded()
        journal.rename(aside)

        def is_refused() -> bool:
            # Until the journal's next look at its directory, events go into the file that is open, and are found there.
            taken = _send(exporter, 500, 1)
            acknowledged.update(taken)
            return not taken

        wait_until(is_refused)
        assert exporter.post(*native(500))[0] == 503
        assert _ready(exporter)[0] == 503
        aside.rename(journal)
        wait_until(lambda: _send(exporter, 501, 1))
        acknowledged.add(501)
        wait_until(lambda: _ready(exporter)[0] == 200)
        row = outcome(exporter, "journal moved away and back", 1, {"default": acknowledged})
        record(row)
        assert (row.counted, row.lost, row.doubled) == (row.acknowledged, 0, 0), row


def test_a_flipped_byte_in_a_waiting_journal_costs_one_event(tmp_path: Path) -> None:
    exporter = Exporter(tmp_path)
    exporter.start()
    os.kill(exporter.pid, signal.SIGSTOP)  # the writer, so that all waits
    acknowledged = _send(exporter, 0, 127)
    exporter.kill()
    [segment] = (exporter.data_dir / "journal").glob("*.segment")
    data = bytearray(segment.read_bytes())
    data[data.index(b"order 63 failed")] ^= 1
    segment.write_bytes(data)
    exporter.start()
    try:
        row = outcome(exporter, "one byte of a waiting journal flipped", 1, {"default": acknowledged})
        record(row)
        assert (row.acknowledged, row.counted, row.lost, row.doubled) == (127, 126, 1, 0)
        assert exporter.total(names.INGEST_REJECTED, reason="damaged") == 1
        assert [path.suffix for path in (exporter.data_dir / "journal").glob("*.damaged")] == [".damaged"]
    finally:
        exporter.stop()


def test_descriptors_that_are_used_up_stop_nothing_for_good(tmp_path: Path) -> None:
    limit = 80
    exporter = Exporter(tmp_path, max_files=limit)
    exporter.start()
    assert "few file descriptors" in exporter.log.read_text()
    acknowledged = _send(exporter, 0, 20)
    idle = [exporter.connect() for _ in range(2 * limit)]
    time.sleep(3)  # several rounds of each background task without a descriptor to spare
    for connection in idle:
        connection.close()
    wait_until(lambda: _ready(exporter)[0] == 200)
    acknowledged |= _send(exporter, 100, 20)
    assert len(acknowledged) == 40
    wait_until(lambda: exporter.total(names.INGEST_ITEMS) == 40)  # the tally goes on
    row = outcome(exporter, "file descriptors used up", 1, {"default": acknowledged})
    record(row)
    assert (row.lost, row.doubled) == (0, 0), row
    assert exporter.stop() == 0


def test_a_worker_that_is_killed_for_its_memory_loses_nothing(tmp_path: Path) -> None:
    with running(tmp_path, "--workers", "2") as exporter:
        traffic = Traffic(exporter, native)
        wait_until(lambda: len(traffic.acknowledged) > 50)
        victim = workers(exporter)[0]
        # As the kernel does it, but at once: from here on, the next page that it asks for is one too many.
        resource.prlimit(victim.pid, resource.RLIMIT_AS, (1 << 20, 1 << 20))
        time.sleep(1)
        with contextlib.suppress(psutil.NoSuchProcess):  # it may have ended by itself
            victim.kill()
        wait_until(lambda: len(workers(exporter)) == 2 and not victim.is_running())
        before = len(traffic.acknowledged)
        wait_until(lambda: len(traffic.acknowledged) > before + 50)
        traffic.end()
        row = outcome(exporter, "a worker out of memory, then killed", 1, {"default": traffic.acknowledged})
        record(row)
        assert (row.lost, row.doubled) == (0, 0), row


def test_a_data_directory_of_somebody_else_is_told_in_one_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    if as_root("chown", "root", str(folder)).returncode:
        pytest.skip("a folder of somebody else takes the right to give one away")
    code = "import errtally.exporter.server, os, pathlib\n"
    if os.geteuid() == 0:
        code += "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
    code += (
        "from errtally.exporter import server; from errtally.exporter.config import ExporterConfig\n"
        f"server.serve(ExporterConfig(data_dir=pathlib.Path({str(folder)!r})), on_ready=print)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr.strip().splitlines()[-1].startswith("errtally.errors.ErrtallyError: ")
    assert "Permission denied" in done.stderr


def test_a_clock_that_jumps_does_not_make_the_exporter_unready(tmp_path: Path) -> None:
    """The sign of life is told by the clock that nobody sets; one from the future does not count for ever."""
    with running(tmp_path) as exporter:
        assert _ready(exporter)[0] == 200
        heartbeat = exporter.data_dir / "writer.heartbeat"
        for day in (1, 36500, -36500):
            moment = time.time() + 86400 * day
            os.utime(heartbeat, (max(moment, 0), max(moment, 0)))
            assert _ready(exporter)[0] == 200
        os.kill(exporter.pid, signal.SIGSTOP)
        try:
            os.utime(heartbeat, (time.time() + 1e9, time.time() + 1e9))
            wait_until(lambda: _ready(exporter)[0] == 503)
            assert json.loads(heartbeat.read_bytes())["problem"] == ""
        finally:
            os.kill(exporter.pid, signal.SIGCONT)
        wait_until(lambda: _ready(exporter)[0] == 200)
        assert psutil.pid_exists(exporter.pid)
        assert sqlite3.connect(f"file:{exporter.data_dir / STORE}?mode=ro", uri=True).execute("SELECT 1").fetchone()
