"""What a service's process uses: CPU, memory and disk, pushed to the exporter or shown on its own /metrics."""

from __future__ import annotations

import os
import shutil
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from errtally import names

if TYPE_CHECKING:
    from collections.abc import Iterator

_STARTED = time.monotonic()
_STATM = Path("/proc/self/statm")


@dataclass(frozen=True, slots=True)
class Usage:
    """What the process uses.

    Attributes:
        cpu_ratio: share of one core since the last reading; above 1 with several threads.
        memory_bytes: resident memory; None where the system does not tell.
        disk_free_ratio: free share of the file system of the working directory; None when that is gone.
        uptime_seconds: since the library was imported.
    """

    cpu_ratio: float
    memory_bytes: int | None
    disk_free_ratio: float | None
    uptime_seconds: float

    def gauges(self) -> Iterator[tuple[names.Metric, float]]:
        """Yield what is known, by metric."""
        for metric, value in (
            (names.CLIENT_CPU, self.cpu_ratio),
            (names.CLIENT_MEMORY, self.memory_bytes),
            (names.CLIENT_DISK_FREE, self.disk_free_ratio),
        ):
            if value is not None:
                yield metric, value


class UsageReader:
    """Reads what the process uses, from one reading to the next."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Begin anew, in the child after a fork."""
        self._lock = threading.Lock()
        self._last = (time.monotonic(), _cpu_seconds())

    def read(self) -> Usage:
        """Return what the process uses now."""
        now, used = time.monotonic(), _cpu_seconds()
        with self._lock:
            (before, used_before), self._last = self._last, (now, used)
        return Usage(
            cpu_ratio=(used - used_before) / max(now - before, 1e-6),
            memory_bytes=_memory_bytes(),
            disk_free_ratio=_disk_free_ratio(),
            uptime_seconds=now - _STARTED,
        )

    def collect(self) -> Iterator[Any]:
        """Give the gauges to prometheus_client: ``REGISTRY.register(UsageReader())``."""
        from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415 (optional)

        for metric, value in self.read().gauges():
            yield GaugeMetricFamily(metric.name, metric.help, value=value)


def _disk_free_ratio() -> float | None:
    try:
        disk = shutil.disk_usage(".")
    except OSError:
        return None
    return disk.free / max(disk.total, 1)


def _cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system


def _memory_bytes() -> int | None:
    try:
        pages = int(_STATM.read_text(encoding="ascii").split()[1])
    except OSError:
        return _memory_elsewhere()
    return pages * os.sysconf("SC_PAGE_SIZE")


def _memory_elsewhere() -> int | None:
    """Systems without /proc, where psutil knows."""
    try:
        import psutil  # noqa: PLC0415 (optional)
    except ImportError:
        return None
    return int(psutil.Process().memory_info().rss)
