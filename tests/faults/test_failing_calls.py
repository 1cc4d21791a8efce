"""Each call of the system by which something is kept fails for a while, in a worker or in the writer, with each reason.

strace is put on a running process and taken off again, so that what happens after the fault is seen as well.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from tests.faults.processes import wait_until, workers
from tests.faults.record import record
from tests.faults.sending import Traffic, native, outcome
from tests.flow.exporter import Exporter
from tests.peers import peer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.flow

FAULT_SECONDS = 4.0
"""Longer than the writer's sign of life and the background tasks take for a round."""

CASES = [
    (process, calls, error)
    for process in ("worker", "writer")
    for calls, errors in (
        ("write" if process == "worker" else "pwrite64", ("ENOSPC", "EIO")),
        ("fsync,fdatasync", ("ENOSPC", "EIO")),
        ("openat", ("EMFILE", "ENOSPC", "EIO")),
    )
    for error in errors
]


@contextlib.contextmanager
def failing(process: int, calls: str, error: str, data_dir: Path, trace: Path) -> Iterator[None]:
    """Have calls of a process fail while the context is open; `write` where it is to the journal, not to a socket."""
    paths = [f"-P{path}" for path in (data_dir / "journal").glob("*.segment")] if calls == "write" else []
    command = ["strace", "-f", "-qq", "-p", str(process), "-e", "signal=none", "-o", str(trace), *paths]
    tracer = subprocess.Popen(
        [*command, "-e", f"trace={calls}", "-e", f"inject={calls}:error={error}"], stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        tracer.send_signal(signal.SIGINT)
        tracer.wait(20)


@pytest.mark.parametrize(("process", "calls", "error"), CASES, ids=["-".join(case) for case in CASES])
def test_a_call_that_fails_for_a_while_loses_nothing(tmp_path: Path, process: str, calls: str, error: str) -> None:
    peer("strace")
    exporter = Exporter(tmp_path, "--workers", "1", "--durability", "fsync")
    exporter.start()
    try:
        traffic = Traffic(exporter, native)
        wait_until(lambda: len(traffic.acknowledged) >= 20)
        pid = workers(exporter)[0].pid if process == "worker" else exporter.pid
        ready = set()
        with failing(pid, calls, error, exporter.data_dir, tmp_path / "trace"):
            end = time.monotonic() + FAULT_SECONDS
            while time.monotonic() < end:
                with contextlib.suppress(OSError):  # no descriptor for a connection
                    ready.add(exporter.get_any("/-/ready")[0])
                time.sleep(0.1)
        before = len(traffic.acknowledged)
        wait_until(lambda: len(traffic.acknowledged) > before + 10, within_seconds=60)
        wait_until(lambda: exporter.get_any("/-/ready")[0] == 200, within_seconds=60)
        traffic.end()
        assert ready <= {200, 503}
        assert traffic.statuses <= {429, 503}, traffic.statuses
        assert "(INJECTED)" in (tmp_path / "trace").read_text(errors="replace")
        name = f"{calls.partition(',')[0]} fails with {error} in a {process}"
        row = outcome(exporter, name, 1, {"default": traffic.acknowledged})
        record(row)
        assert (row.lost, row.doubled) == (0, 0), row
    finally:
        assert exporter.stop() == 0
