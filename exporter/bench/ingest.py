"""Runs one kind of work against an exporter and proves the figure: accepted, durable and counted must be equal."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from errtally.exporter.bench.server import BenchError, LimitServer, Server, counted, free_port, scrape

if TYPE_CHECKING:
    from pathlib import Path

    from errtally.exporter.bench.work import Kind

LIMITS = ("own", "granian")
"""Servers under which the limit is measured."""

_GENERATOR_SLACK_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Load:
    """How hard to drive."""

    connections: int
    seconds: float
    warm_up_seconds: float


@dataclass(frozen=True, slots=True)
class Measurement:
    """One row of the table.

    Attributes:
        server_cpu_microseconds: CPU of all the exporter's processes for each accepted event; None for one that was not
            started here.
        server_cores: how many cores the exporter kept busy.
        memory_bytes: PSS of the exporter's processes right after the load.
        limit_cpu_microseconds: CPU an event of the limit (bench/limit.py), in the same run; None where none was run.
        granian_cpu_microseconds: the same call under granian; None where that is not installed, or not asked for.
        durable: events that were there after every process was killed and the exporter started again; None for an
            exporter that was not started here.
        counted: events in /metrics once nothing waits.
        lost: requests without an answer.
    """

    kind: str
    target: str
    events_per_second: float
    p50_milliseconds: float
    p99_milliseconds: float
    server_cpu_microseconds: float | None
    server_cores: float | None
    generator_cores: float
    memory_bytes: int | None
    accepted: int
    durable: int | None
    counted: int
    refused: int
    first_refusal: str
    lost: int
    limit_cpu_microseconds: float | None = None
    granian_cpu_microseconds: float | None = None

    @property
    def ratio(self) -> float | None:
        """CPU an event over that of the limit."""
        if not self.server_cpu_microseconds or not self.limit_cpu_microseconds:
            return None
        return self.server_cpu_microseconds / self.limit_cpu_microseconds

    @property
    def is_proven(self) -> bool:
        """Everything accepted is there, nothing twice, and nothing was refused or lost."""
        is_durable = self.durable in {None, self.accepted}
        return is_durable and self.counted == self.accepted > 0 and not self.refused and not self.lost

    def as_dict(self) -> dict[str, object]:
        """The row for --json."""
        return {**asdict(self), "ratio": self.ratio, "is_proven": self.is_proven}


def measure_own(kind: Kind, load: Load, directory: Path, workers: int) -> Measurement:
    """Measure an exporter started for this, with an empty data directory of its own.

    Raises:
        BenchError: it did not start, did not answer, or the load generator failed.
    """
    data_dir = directory / kind.name
    port = free_port()
    server = Server(port, data_dir, workers)
    try:
        result, cpu_seconds = _drive(kind, load, server.url, server)
        memory_bytes = server.memory_bytes()
    finally:
        server.kill()
    server = Server(port, data_dir, workers)
    try:
        after = scrape(server.url)
        total = counted(server.url)
    finally:
        server.stop()
    row = _measurement(kind, result, cpu_seconds, memory_bytes, after.events + after.lag, total.events)
    limits = {server: limit(kind, load, server, workers) for server in LIMITS}
    return replace(row, limit_cpu_microseconds=limits["own"], granian_cpu_microseconds=limits["granian"])


def limit(kind: Kind, load: Load, server: str, workers: int) -> float | None:
    """Measure the CPU microseconds an event of what bench/limit.py does; None when the server is not installed.

    Raises:
        BenchError: it did not start, did not answer, or the load generator failed.
    """
    if server == "granian" and find_spec("granian") is None:
        return None
    process = LimitServer(free_port(), server, workers)
    try:
        result, cpu_seconds = _drive(kind, load, process.url, process)
    finally:
        process.kill()
    events = int(result["accepted_measured"])
    return 1e6 * cpu_seconds / events if events else None


def measure_other(kind: Kind, load: Load, url: str) -> Measurement:
    """Measure an exporter that runs already; its other traffic must rest, or the sums differ.

    Raises:
        BenchError: it did not answer, or the load generator failed.
    """
    before = counted(url)
    result, _ = _drive(kind, load, url, None)
    return _measurement(kind, result, None, None, None, counted(url).events - before.events)


def _drive(
    kind: Kind, load: Load, url: str, server: Server | LimitServer | None
) -> tuple[dict[str, float | str], float]:
    """Run the load generator as a process of its own; return its result and the exporter's CPU seconds."""
    address = urlsplit(url)
    arguments = (
        kind.name,
        address.hostname or "127.0.0.1",
        str(address.port or 80),
        str(load.connections),
        str(load.warm_up_seconds),
        str(load.seconds),
        secrets.token_hex(12),
    )
    cpu_at: dict[str, float] = {}
    with subprocess.Popen(  # noqa: S603 (the interpreter that runs this)
        [sys.executable, "-m", "errtally.exporter.bench.generator", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        if process.stdout is None or process.stderr is None:
            raise BenchError("the load generator has no output")
        last = ""
        for line in process.stdout:
            last = line.strip()
            if last in {"measuring", "measured"} and server is not None:
                cpu_at[last] = server.cpu_seconds()
        error = process.stderr.read()
        if process.wait(_GENERATOR_SLACK_SECONDS) or not last.startswith("{"):
            raise BenchError(f"the load generator failed: {error.strip()[-2000:] or last}")
    result: dict[str, float | str] = json.loads(last)
    return result, cpu_at.get("measured", 0.0) - cpu_at.get("measuring", 0.0)


def _measurement(
    kind: Kind,
    result: dict[str, float | str],
    cpu_seconds: float | None,
    memory_bytes: int | None,
    durable: int | None,
    total: int,
) -> Measurement:
    seconds = float(result["measured_seconds"]) or 1.0
    measured = int(result["accepted_measured"])
    has_cpu = cpu_seconds is not None and measured > 0
    return Measurement(
        kind=kind.name,
        target=kind.target,
        events_per_second=measured / seconds,
        p50_milliseconds=float(result["p50_milliseconds"]),
        p99_milliseconds=float(result["p99_milliseconds"]),
        server_cpu_microseconds=1e6 * (cpu_seconds or 0.0) / measured if has_cpu else None,
        server_cores=(cpu_seconds or 0.0) / seconds if has_cpu else None,
        generator_cores=float(result["cpu_seconds"]) / seconds,
        memory_bytes=memory_bytes,
        accepted=int(result["accepted"]),
        durable=durable,
        counted=total,
        refused=int(result["refused"]),
        first_refusal=str(result["first_refusal"]),
        lost=int(result["lost"]),
    )
