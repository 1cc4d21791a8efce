"""How fast this machine is now: a fixed loop of Python calls, and of the C code that ingest leans on."""

from __future__ import annotations

import json
import time
import zlib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from errtally.exporter.bench.work import envelopes, events
from errtally.exporter.protocols.native import NativeEvent

if TYPE_CHECKING:
    from collections.abc import Callable

import msgspec

ROUNDS = 9
_GZIP_WINDOW = 31


@dataclass(frozen=True, slots=True)
class Calibration:
    """CPU time of single steps: the least of several rounds, since nothing makes a step faster than it is."""

    call_nanoseconds: float
    decode_microseconds: float
    json_microseconds: float
    inflate_microseconds: float

    def as_dict(self) -> dict[str, float]:
        """The row for --json."""
        return asdict(self)

    def __str__(self) -> str:
        return (
            f"a Python call {self.call_nanoseconds:.0f} ns, typed decode of a native event "
            f"{self.decode_microseconds:.2f} us, json.loads of it {self.json_microseconds:.1f} us, "
            f"inflating an envelope {self.inflate_microseconds:.0f} us"
        )


def calibrate() -> Calibration:
    """Time the loops; takes about a second."""
    native, decoder = events(), msgspec.json.Decoder(NativeEvent)
    packer = zlib.compressobj(6, zlib.DEFLATED, _GZIP_WINDOW)
    packed = packer.compress(envelopes()[0]) + packer.flush()

    def calls() -> None:
        for _ in range(100_000):
            _nothing()

    def decodes() -> None:
        for event in native:
            decoder.decode(event)

    def loads() -> None:
        for event in native:
            json.loads(event)

    def inflates() -> None:
        for _ in range(200):
            zlib.decompress(packed, _GZIP_WINDOW)

    return Calibration(
        1e9 * _least(calls) / 100_000,
        1e6 * _least(decodes) / len(native),
        1e6 * _least(loads) / len(native),
        1e6 * _least(inflates) / 200,
    )


def _nothing() -> None:
    """What is called."""


def _least(work: Callable[[], None]) -> float:
    times = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times)
