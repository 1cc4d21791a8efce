"""Numbered events for an exporter that may die at any moment, and what became of each."""

from __future__ import annotations

import contextlib
import http.client
import json
import sqlite3
import struct
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tests.faults.processes import wait_until
from tests.faults.record import Row

from errtally import names
from errtally.exporter.digest.seen import hashed

if TYPE_CHECKING:
    from tests.flow.exporter import Exporter

CLIENTS = 4


def native(number: int) -> tuple[str, bytes]:
    """One event by the native API."""
    event = {"event_id": f"{number:032x}", "message": f"order {number} failed", "type": f"Type{number % 7}"}
    return "/api/events", json.dumps(event).encode()


def envelope(number: int) -> tuple[str, bytes]:
    """One event by Sentry's protocol."""
    header = {"event_id": f"{number:032x}"}
    event = header | {"exception": {"values": [{"type": f"Type{number % 7}", "value": f"order {number} failed"}]}}
    lines = (header, {"type": "event"}, event)
    return "/api/1/envelope/?sentry_key=k", "\n".join(map(json.dumps, lines)).encode()


class Traffic:
    """Clients that send event after event and begin anew when the exporter is gone; each event has a number of its own.

    Args:
        exporters: where to; a client whose exporter does not answer goes to the next one, as behind a load balancer.
        make: makes path and body of an event by its number.
        first: the first number.
        pause_seconds: between two events of a client.

    Attributes:
        acknowledged: numbers that were answered with success.
        statuses: what else was answered.
        silent_seconds: the longest time in which no event was acknowledged.
    """

    def __init__(
        self,
        exporters: Exporter | Sequence[Exporter],
        make: Callable[[int], tuple[str, bytes]],
        first: int = 0,
        *,
        pause_seconds: float = 0.0,
    ) -> None:
        self._exporters = list(exporters) if isinstance(exporters, Sequence) else [exporters]
        self._make = make
        self._pause_seconds = pause_seconds
        self._first = first
        self._answered_at = time.monotonic()
        self.silent_seconds = 0.0
        self._next = first
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self.acknowledged: set[int] = set()
        self.statuses: set[int] = set()
        self._pool = ThreadPoolExecutor(CLIENTS)
        self._clients = [self._pool.submit(self._send, place) for place in range(CLIENTS)]

    def goes_on(self, more: int = 20) -> None:
        """Wait until so many events are acknowledged that were sent from now on."""
        before = len(self.acknowledged)
        wait_until(lambda: len(self.acknowledged) >= before + more, within_seconds=60)

    @property
    def sent(self) -> int:
        """How many events were sent until now."""
        return self._next - self._first

    def end(self) -> int:
        """Stop sending; return the number that the next traffic may begin with."""
        self._stop.set()
        for client in self._clients:
            client.result()
        self._pool.shutdown()
        return self._next

    def _answered(self) -> None:
        with self._lock:
            now = time.monotonic()
            self.silent_seconds = max(self.silent_seconds, now - self._answered_at)
            self._answered_at = now

    def _send(self, place: int) -> None:
        while not self._stop.is_set():
            port = self._exporters[place % len(self._exporters)].port
            place += 1
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
            try:
                while not self._stop.is_set():
                    with self._lock:
                        number = self._next
                        self._next += 1
                    path, body = self._make(number)
                    connection.request("POST", path, body)
                    answer = connection.getresponse()
                    answer.read()
                    if answer.status == 200:
                        self.acknowledged.add(number)
                        self._answered()
                        time.sleep(self._pause_seconds)
                    else:
                        self.statuses.add(answer.status)
                        time.sleep(0.05)
            except (OSError, http.client.HTTPException):
                time.sleep(0.02)  # killed meanwhile: not acknowledged
            finally:
                connection.close()


def outcome(exporter: Exporter, experiment: str, rounds: int, traffic: dict[str, set[int]]) -> Row:
    """Compare what a running exporter has counted with what it acknowledged, event by event.

    The store remembers each event that it counted by the hash of its id, and counts it in the same transaction.

    Args:
        exporter: the one that all was sent to.
        experiment: its name.
        rounds: how often it was done.
        traffic: project to the numbers of its events that were acknowledged.
    """
    exporter.wait_until_folded()
    counted = int(exporter.total(names.EVENTS))
    assert exporter.total(names.ISSUE_EVENTS) == counted
    with contextlib.closing(sqlite3.connect(exporter.data_dir / "errtally.sqlite3")) as db:
        blobs = [blob for (blob,) in db.execute("SELECT hashes FROM seen")]
    return compared(experiment, rounds, traffic, counted, blobs)


def compared(experiment: str, rounds: int, traffic: dict[str, set[int]], counted: int, blobs: Iterable[bytes]) -> Row:
    """Compare what was acknowledged with what a store has counted.

    Args:
        experiment: its name.
        rounds: how often it was done.
        traffic: project to the numbers of its events that were acknowledged.
        counted: events that the exporter tells of.
        blobs: the store's hashes of the events that it counted.
    """
    hashes = [value for blob in blobs for value in struct.unpack(f"<{len(blob) // 8}Q", blob)]
    seen = set(hashes)
    acknowledged = [(project, number) for project, numbers in traffic.items() for number in numbers]
    lost = sum(hashed("event", project, f"{number:032x}") not in seen for project, number in acknowledged)
    return Row(experiment, rounds, len(acknowledged), counted, lost, counted - len(seen))
