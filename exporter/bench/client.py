"""What a capture costs its caller, whatever state the exporter is in."""

from __future__ import annotations

import gc
import logging
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from errtally.client.settings import Settings
from errtally.client.tracker import Tracker
from errtally.exporter.bench.answering import SLOW_SECONDS
from errtally.exporter.bench.server import BenchError

if TYPE_CHECKING:
    from collections.abc import Iterator

TARGET_MICROSECONDS = 30.0
"""Of the median."""
FRAMES = (1, 10, 30)
SITUATIONS = ("up", "down", "refusing", "slow", "nameless")
"""The exporter answers at once; nothing listens; it answers 503; it takes two seconds; its name is not known."""

_ANSWERS = {"up": (200, 0.0), "refusing": (503, 0.0), "slow": (200, SLOW_SECONDS)}
_WARM_UP = 200


@dataclass(frozen=True, slots=True)
class CaptureCost:
    """Times of single captures, as their caller sees them.

    Attributes:
        situation: one of `SITUATIONS`.
        frames: calls between the error and where it was caught.
        discarded: captures that found the queue full of others, or pushed others out.
    """

    situation: str
    frames: int
    captures: int
    median_microseconds: float
    p99_microseconds: float
    longest_milliseconds: float
    discarded: int

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)


def measure(situation: str, frames: int, captures: int) -> CaptureCost:
    """Capture as fast as it goes, and time each capture.

    Raises:
        BenchError: the server that answers did not start.
    """
    # The client says on standard error that delivery fails, where nobody configured logging.
    logging.getLogger("errtally.client").addHandler(logging.NullHandler())
    with ExitStack() as stack:
        url = url_of(situation, stack)
        tracker = Tracker(Settings(url=url, shutdown_seconds=0.0))
        stack.callback(tracker.close)
        for number in range(_WARM_UP):
            _captured(tracker, frames, number)
        gc.collect()
        times = sorted(_captured(tracker, frames, number) for number in range(captures))
        for channel in tracker.sender.channels:
            channel.renew()  # what waits need not be sent, nor said to be lost
        return CaptureCost(
            situation,
            frames,
            captures,
            statistics.median(times) / 1e3,
            times[int(len(times) * 0.99)] / 1e3,
            times[-1] / 1e6,
            tracker.discards.total,
        )


def _captured(tracker: Tracker, frames: int, number: int) -> int:
    """Raise an error that many calls deep, capture it, and return the nanoseconds that the capture took."""
    try:
        _fail(frames - 1, number)
    except LookupError as error:
        began = time.perf_counter_ns()
        tracker.capture_exception(error, tags={"order": number})
        return time.perf_counter_ns() - began
    raise AssertionError("_fail raises")


def _fail(calls: int, number: int) -> None:
    if calls <= 1:
        raise LookupError(f"no price for order {number}")
    _fail(calls - 1, number)


def url_of(situation: str, stack: ExitStack) -> str:
    """Return the address of an exporter in a situation, which ends with the stack.

    Raises:
        BenchError: the server that answers did not start.
    """
    if situation == "down":
        return "http://127.0.0.1:1"
    if situation == "nameless":
        return "http://errtally.invalid:9765"
    return f"http://127.0.0.1:{stack.enter_context(_answering(*_ANSWERS[situation]))}"


@contextmanager
def _answering(status: int, delay_seconds: float) -> Iterator[int]:
    command = [sys.executable, "-m", "errtally.exporter.bench.answering", str(status), str(delay_seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 (ours)
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line.strip().isdigit():
                raise BenchError("the server that answers the client did not start")
            yield int(line)
        finally:
            process.kill()
