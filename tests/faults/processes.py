"""Every process of one exporter: those of the session that its supervisor leads, whoever their parents are by now."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flow.exporter import Exporter


def of_session(leader: int) -> list[psutil.Process]:
    """The processes of a session that still run; dead ones that nobody has waited for do not."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
            if os.getsid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def workers(exporter: Exporter) -> list[psutil.Process]:
    """The exporter's workers, the oldest first; without the tracker that multiprocessing runs beside them."""
    found = []
    for process in of_session(exporter.pid):
        with contextlib.suppress(psutil.NoSuchProcess):
            if "worker_start" in " ".join(process.cmdline()):
                found.append(process)
    return sorted(found, key=lambda process: process.create_time())


def wait_until(what: Callable[[], object], *, within_seconds: float = 30.0) -> None:
    """Wait until something is true; the bound is there for a test that fails, not to measure."""
    end = time.monotonic() + within_seconds
    while not what():
        assert time.monotonic() < end, f"it did not come true within {within_seconds} s"
        time.sleep(0.02)
