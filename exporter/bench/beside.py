"""What a client library costs an application: import, memory, captures, the end; beside sentry-sdk in one run.

Each round starts a process for each library, in turn, and one with neither; what that one needs is taken off.
sentry-sdk looks for no frameworks here, which it would import where they are installed: it is measured at its least.
"""

from __future__ import annotations

import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from errtally.exporter.bench.server import BenchError

if TYPE_CHECKING:
    from collections.abc import Mapping

LIBRARIES = ("errtally", "sentry-sdk")
CAPTURES = 300
WAITING = 50
"""Events that wait when the process ends."""

_INIT = {
    "none": "capture = flush = lambda *_: None",
    "errtally": """
import errtally
errtally.init({url!r})
capture, flush = errtally.capture_exception, errtally.flush
""",
    "sentry-sdk": """
import sentry_sdk
sentry_sdk.init({dsn!r}, auto_enabling_integrations=False)
capture, flush = sentry_sdk.capture_exception, sentry_sdk.flush
""",
}
_PROGRAM = """
import json, statistics, sys, time
began = time.process_time()
{init}
import_milliseconds = (time.process_time() - began) * 1e3

def memory_bytes():
    with open("/proc/self/statm") as pages:
        return int(pages.read().split()[1]) * 4096

def fail(calls):
    if calls <= 1: raise LookupError("no price")
    fail(calls - 1)

def captured():
    try: fail(10)
    except LookupError as error:
        began = time.thread_time_ns()
        capture(error)
        return (time.thread_time_ns() - began) / 1e3

import_memory = memory_bytes()
for _ in range(50): captured()
flush(10)
times = [captured() for _ in range({captures})]
flush(30)
used = memory_bytes()
for _ in range({waiting}): captured()
print(json.dumps([import_milliseconds, import_memory, statistics.median(times), used]), flush=True)
"""


@dataclass(frozen=True, slots=True)
class LibraryCost:
    """Medians of all rounds.

    Attributes:
        import_milliseconds: CPU time of the import and of ``init``, beyond a process without.
        import_megabytes: resident memory after that, beyond a process without.
        capture_microseconds: CPU time of the caller for one capture, 10 frames; the median of each round's median.
        used_megabytes: resident memory after 300 captures have been sent, beyond a process without.
        exit_milliseconds: from the last statement to the end of the process, with 50 events that wait.
    """

    library: str
    import_milliseconds: float
    import_megabytes: float
    capture_microseconds: float
    used_megabytes: float
    exit_milliseconds: float

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)


FIGURES = tuple(field.name for field in fields(LibraryCost)[1:])


def measure_libraries(url: str, rounds: int) -> list[LibraryCost]:
    """Measure every library that is installed.

    Args:
        url: of a server that takes everything.
        rounds: processes of each library.

    Raises:
        BenchError: a process failed.
    """
    found = [name for name in LIBRARIES if importlib.util.find_spec(name.replace("-", "_")) is not None]
    runs: dict[str, list[tuple[float, ...]]] = {name: [] for name in ("none", *found)}
    for _ in range(rounds):
        for library, kept in runs.items():
            kept.append(_run(library, url))
    without = _medians(runs["none"])
    return [_beyond(name, _medians(runs[name]), without) for name in found]


def _medians(runs: list[tuple[float, ...]]) -> dict[str, float]:
    return dict(zip(FIGURES, map(statistics.median, zip(*runs, strict=True)), strict=True))


def _beyond(library: str, measured: Mapping[str, float], without: Mapping[str, float]) -> LibraryCost:
    return LibraryCost(library, **{name: measured[name] - without[name] for name in FIGURES})


def _run(library: str, url: str) -> tuple[float, ...]:
    dsn = url.replace("://", "://key@") + "/1"
    init = _INIT[library].format(url=url, dsn=dsn)
    program = _PROGRAM.format(init=init, captures=CAPTURES, waiting=WAITING)
    environ = {**os.environ, "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-c", program]
    with (
        tempfile.TemporaryFile("w+") as said,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True, env=environ) as process,  # noqa: S603 (ours)
    ):
        assert process.stdout is not None
        line = process.stdout.readline()
        began = time.perf_counter()
        code = process.wait()
        ended = time.perf_counter()
        if code != 0 or not line:
            said.seek(0)
            raise BenchError(f"the process that measures {library} ended with {code}: {said.read()[-500:]}")
    import_milliseconds, import_memory, capture, used = json.loads(line)
    return import_milliseconds, import_memory / 1e6, capture, used / 1e6, (ended - began) * 1e3
