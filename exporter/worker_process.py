"""One worker as the supervisor sees it: a process, what it is told, and when it says that it is ready."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field

import structlog

STOP_SECONDS = 3.0
"""A worker that has not ended so long after it was told to is killed."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Worker:
    """One process, and the pipe through which it says that it is ready."""

    process: subprocess.Popen[bytes]
    told: int
    born: float
    is_ready: bool = False
    kill_at: float = float("inf")

    def is_alive(self) -> bool:
        """Whether the process still runs."""
        return self.process.poll() is None

    def look(self) -> bool:
        """Whether it has said that it is ready."""
        if not self.is_ready and self.told >= 0:
            with contextlib.suppress(BlockingIOError):  # nothing is said yet
                self.is_ready = bool(os.read(self.told, 1))  # b"" when it died before it could say so
                self._hang_up()
        return self.is_ready

    def bury(self) -> None:
        """Free what belonged to a process that has ended."""
        self._hang_up()
        if self.process.stdin is not None:
            # One that died before it took its settings leaves them unwritten, and closing tries once more.
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()

    def _hang_up(self) -> None:
        if self.told >= 0:
            os.close(self.told)
            self.told = -1


def start_worker(listener: int, settings: str) -> Worker:
    """Start a process that serves a listening socket.

    Args:
        listener: the socket's descriptor.
        settings: what the worker runs by.

    Raises:
        OSError: there is no descriptor, no memory or no process to be had.
    """
    told, telling = os.pipe()
    try:
        os.set_blocking(told, False)
        # The worker reads its settings from standard input, which others can't, and its end tells that this is gone.
        process = subprocess.Popen(  # noqa: S603 (the interpreter that runs this)
            [sys.executable, "-m", "errtally.exporter.worker_start", str(listener), str(telling)],
            stdin=subprocess.PIPE,
            pass_fds=(listener, telling),
        )
    except BaseException:
        os.close(told)
        raise
    finally:
        os.close(telling)
    assert process.stdin is not None
    try:
        process.stdin.write(settings.encode() + b"\n")
        process.stdin.flush()
    except BrokenPipeError:  # it is dead already, which is noticed at the next look
        _log.warning("a worker did not take its settings", pid=process.pid)
    return Worker(process, told, time.monotonic())


@dataclass(slots=True)
class Retiring:
    """Workers that were told to end."""

    workers: list[Worker] = field(default_factory=list)

    def add(self, worker: Worker, now: float) -> None:
        """Tell a worker to end."""
        worker.kill_at = now + STOP_SECONDS
        worker.process.terminate()
        self.workers.append(worker)

    def look(self, now: float) -> None:
        """Kill those whose time is over, and forget those that have ended."""
        for worker in self.workers:
            if now >= worker.kill_at and worker.is_alive():
                _log.warning("a worker did not end when it was told to, and is killed", pid=worker.process.pid)
                worker.process.kill()
                worker.kill_at = float("inf")
        ended = [worker for worker in self.workers if not worker.is_alive()]
        for worker in ended:
            worker.bury()
        self.workers = [worker for worker in self.workers if worker not in ended]
