"""A reload while calls of the system fail: the workers go on with what they have, and it succeeds when that is over."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest
from tests.faults.processes import wait_until, workers
from tests.faults.record import record
from tests.faults.sending import Traffic, envelope, native, outcome
from tests.faults.test_failing_calls import failing
from tests.flow.exporter import Exporter
from tests.peers import peer

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.flow

ONE = "projects:\n  - {name: first, keys: [k1]}\n"
TWO = f"{ONE}  - {{name: second, keys: [k2]}}\n"
NOT_RELOADED = "configuration not reloaded"
NOT_READY = "a worker's successor does not come up"

CASES = [
    # The supervisor's own calls, by which it reads the file and starts a process.
    pytest.param("openat", "EACCES", NOT_RELOADED, id="the file can't be read"),
    pytest.param("openat", "EMFILE", NOT_RELOADED, id="no descriptor for the file"),
    pytest.param("openat", "EIO", NOT_RELOADED, id="the disk with the file fails"),
    pytest.param("pipe2", "EMFILE", NOT_READY, id="no descriptor for the pipe to a worker"),
    pytest.param("clone,clone3,fork,vfork", "EAGAIN", NOT_READY, id="no process to be had"),
    pytest.param("clone,clone3,fork,vfork", "ENOMEM", NOT_READY, id="no memory for a process"),
    # The successor's: strace follows it.
    pytest.param("epoll_create1", "EMFILE", NOT_READY, id="a successor without a descriptor for its loop"),
]


def event(number: int) -> tuple[str, bytes]:
    """One event of the first project."""
    path, body = envelope(number)
    return path.replace("/1/", "/first/").replace("=k", "=k1"), body


OF_SECOND = 1 << 100
"""The number of the one event of the second project."""


def _is_taken(exporter: Exporter) -> bool:
    """Whether the second project's key is known."""
    path, body = native(OF_SECOND)
    return exporter.post(path, body, {"Authorization": "Bearer k2"})[0] == 200


@pytest.mark.parametrize(("calls", "error", "said"), CASES)
def test_the_workers_go_on_and_the_next_reload_works(tmp_path: Path, calls: str, error: str, said: str) -> None:
    peer("strace")
    file = tmp_path / "errtally.yml"
    file.write_text(ONE)
    exporter = Exporter(tmp_path, "--workers", "2", "--config", str(file))
    exporter.start()
    try:
        traffic = Traffic(exporter, event, pause_seconds=0.01)
        wait_until(lambda: len(traffic.acknowledged) >= 20)
        before = {worker.pid for worker in workers(exporter)}
        file.write_text(TWO)
        with failing(exporter.pid, calls, error, exporter.data_dir, tmp_path / "trace"):
            wait_until((tmp_path / "trace").exists)
            time.sleep(0.5)  # strace says nothing when it has begun
            os.kill(exporter.pid, signal.SIGHUP)
            wait_until(lambda: said in exporter.log.read_text())
            acknowledged = len(traffic.acknowledged)
            wait_until(lambda: len(traffic.acknowledged) > acknowledged + 20)
            assert before <= {worker.pid for worker in workers(exporter)}, "a worker was stopped without a successor"
        assert "(INJECTED)" in (tmp_path / "trace").read_text(errors="replace")
        log = exporter.log.read_text()
        assert "Traceback" not in log, log[-3000:]
        if said == NOT_RELOADED:
            assert not _is_taken(exporter)
            os.kill(exporter.pid, signal.SIGHUP)
        # What a system had no process for comes by itself when it has.
        wait_until(lambda: not before & {worker.pid for worker in workers(exporter)}, within_seconds=90)
        wait_until(lambda: _is_taken(exporter))
        assert len(workers(exporter)) == 2
        traffic.end()
        assert traffic.statuses <= {429, 503}, traffic.statuses
        name = f"a reload while {calls.partition(',')[0]} fails with {error}"
        row = outcome(exporter, name, 1, {"first": traffic.acknowledged, "second": {OF_SECOND}})
        record(row)
        assert (row.lost, row.doubled) == (0, 0), row
    finally:
        assert exporter.stop() == 0
