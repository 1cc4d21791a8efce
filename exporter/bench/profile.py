"""Where the CPU of an event goes: stages measured in one process, the server measured bare, and what they sum up to."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from errtally.exporter.bench.ingest import limit
from errtally.exporter.bench.server import BenchError

if TYPE_CHECKING:
    from errtally.exporter.bench.ingest import Load, Measurement
    from errtally.exporter.bench.work import Kind

STAGES = ("server", "door", "inflate", "decode", "scrub", "group", "sample", "append", "fold", "store")
"""In the order in which an event meets them. The door: routes, keys, limits, records and what the worker counts."""

_EVENTS = 10_000


@dataclass(frozen=True, slots=True)
class Profile:
    """Microseconds of CPU an event by stage, beside what all processes took in the run with sockets."""

    kind: str
    stages: dict[str, float]
    whole: float

    @property
    def explained(self) -> float:
        """The stages' sum as a share of the whole; the rest is threads, locks and waking up."""
        return sum(self.stages.values()) / self.whole


def profile(kind: Kind, row: Measurement, load: Load, workers: int) -> Profile:
    """Measure the stages of one kind of work.

    Args:
        kind: the work.
        row: what the run with sockets took.
        load: as of that run.
        workers: as of that run.

    Raises:
        BenchError: a measuring process failed.
    """
    requests = max(_EVENTS // kind.events_per_request, 1)
    command = [sys.executable, "-m", "errtally.exporter.bench.path", kind.name, str(requests), "stages"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (ours)
    if done.returncode:
        raise BenchError(f"the stages could not be measured: {done.stderr[-2000:]}")
    found: dict[str, float] = json.loads(done.stdout)["stages"]
    found["server"] = limit(kind, load, "bare", workers) or 0.0
    stages = {name: found[name] for name in STAGES if name in found}
    return Profile(kind.name, stages, row.server_cpu_microseconds or 0.0)
