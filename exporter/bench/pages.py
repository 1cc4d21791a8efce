"""Measure how soon pages come from a filled store while events arrive."""

from __future__ import annotations

import json
import secrets
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Any

from errtally.exporter.bench.server import BenchError, Server, free_port

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TARGET_MILLISECONDS = 50.0
"""Within which 95 of 100 pages come."""

PAGES: Mapping[str, str] = {
    "list": "/",
    "list by trend": "/?sort=trend",
    "list by users": "/?sort=users",
    "search: words": "/?query=declined+checkout",
    "search: tag and users": "/?query=browser%3ASafari+users%3A%3E50",
    "search: message": "/?query=shop.errors.PaymentDeclined+77123",
    "search: title": "/?query=PaymentDeclined%3A+lock+held+by+no+one+in+export",
    "search: user": "/?query=user%3Aann%40example.com",
    "search: release": "/?query=release%3A%3E%3Dshop%401.20",
    "search: nothing found": "/?query=quuxly*nothing+is%3Aunresolved",
    "history": "/history",
    "issue": "/issues/0000000000000003",
}
_CONNECTIONS = 8
_SLACK_SECONDS = 60
_TIMEOUT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Measurement:
    """One page; times are from the request to the last byte, in milliseconds."""

    page: str
    requests: int
    p50_milliseconds: float
    p95_milliseconds: float
    worst_milliseconds: float
    body_bytes: int

    @property
    def is_fast(self) -> bool:
        """Whether it is within the target."""
        return self.p95_milliseconds <= TARGET_MILLISECONDS

    def as_dict(self) -> dict[str, Any]:
        """Return everything for JSON."""
        return {**asdict(self), "is_fast": self.is_fast}


def measure(data_dir: Path, *, workers: int, events_per_second: int, seconds: float) -> tuple[list[Measurement], float]:
    """Load pages one after the other while events arrive.

    Args:
        data_dir: of a filled store.
        workers: of the exporter.
        events_per_second: native events, one a POST; 0 for none.
        seconds: how long.

    Returns:
        A row for each page, and the events a second that were accepted meanwhile.

    Raises:
        BenchError: the exporter did not start, did not answer, or the load generator failed.
    """
    port = free_port()
    server = Server(port, data_dir, workers)
    try:
        load = _Load(port, events_per_second, seconds) if events_per_second else None
        times: dict[str, list[float]] = {page: [] for page in PAGES}
        sizes: dict[str, int] = {}
        connection = HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS)
        deadline = time.perf_counter() + seconds
        while time.perf_counter() < deadline:
            for page, path in PAGES.items():
                milliseconds, sizes[page] = _get(connection, path)
                times[page].append(milliseconds)
        connection.close()
        accepted = load.accepted_per_second() if load is not None else 0.0
    finally:
        server.kill()
    return [_row(page, times[page], sizes[page]) for page in PAGES], accepted


class _Load:
    """The load generator, a process of its own."""

    def __init__(self, port: int, events_per_second: int, seconds: float) -> None:
        arguments = ("native-single", "127.0.0.1", port, _CONNECTIONS, 1.0, seconds, secrets.token_hex(12))
        self._process = subprocess.Popen(  # noqa: S603 (the interpreter that runs this)
            [sys.executable, "-m", "errtally.exporter.bench.generator", *map(str, arguments), str(events_per_second)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if self._process.stdout is None or self._process.stdout.readline().strip() != "measuring":
            self._process.kill()
            raise BenchError("the load generator did not start")

    def accepted_per_second(self) -> float:
        output, error = self._process.communicate(timeout=_SLACK_SECONDS)
        if self._process.returncode:
            raise BenchError(f"the load generator failed: {error.strip()[-2000:]}")
        result = json.loads(output.strip().splitlines()[-1])
        return float(result["accepted_measured"]) / float(result["measured_seconds"])


def _get(connection: HTTPConnection, path: str) -> tuple[float, int]:
    started = time.perf_counter()
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, HTTPException) as exc:
        raise BenchError(f"{path} does not answer: {exc}") from exc
    if answer.status != 200:  # noqa: PLR2004 (OK)
        raise BenchError(f"{path} answers {answer.status}")
    return (time.perf_counter() - started) * 1000, len(body)


def _row(page: str, times: list[float], size: int) -> Measurement:
    ordered = sorted(times)
    p95 = ordered[min(len(ordered) * 95 // 100, len(ordered) - 1)]
    return Measurement(page, len(times), statistics.median(times), p95, ordered[-1], size)
