"""The load generator: a process of its own that keeps many connections busy with one epoll loop.

Run as ``python -m errtally.exporter.bench.generator`` with the arguments of ``main``. It writes a line ``measuring``
when the warm-up is over, ``measured`` when the time is up, and then, when every request in flight has been answered,
its result as one line of JSON.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from errtally.exporter.bench.work import accepted_events, requests

if TYPE_CHECKING:
    from collections.abc import Iterator

DRAIN_SECONDS = 20.0
_RECEIVE_BYTES = 65_536
_OK = (b"200", b"201", b"202")
_POLL_SECONDS = 0.5
_REFUSALS_KEPT = 200
_CATCH_UP_SECONDS = 0.5


@dataclass(slots=True)
class _Connection:
    """One socket with its one request in flight."""

    socket: socket.socket
    started: float = 0.0
    to_send: memoryview = field(default_factory=lambda: memoryview(b""))
    received: bytes = b""


@dataclass(slots=True)
class LoadResult:
    """What one run sent and what was answered.

    Attributes:
        accepted: events answered with 2xx over the whole run, warm-up and drain included.
        accepted_measured: those within ``measured_seconds``.
        lost: requests whose connection broke before their answer; whether they count is not known.
        cpu_seconds: the generator's own CPU time within ``measured_seconds``.
    """

    accepted: int = 0
    accepted_measured: int = 0
    measured_seconds: float = 0.0
    refused: int = 0
    first_refusal: str = ""
    lost: int = 0
    p50_milliseconds: float = 0.0
    p99_milliseconds: float = 0.0
    cpu_seconds: float = 0.0


class Generator:
    """One run."""

    def __init__(self, kind: str, address: tuple[str, int], connections: int, source: Iterator[bytes]) -> None:
        self._kind = kind
        self._source = source
        self._poll = select.epoll()
        self._connections: dict[int, _Connection] = {}
        self._latencies: list[float] = []
        self._result = LoadResult()
        self._sending = True
        for _ in range(connections):
            opened = socket.create_connection(address, timeout=10)
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            opened.setblocking(False)
            self._connections[opened.fileno()] = _Connection(opened)
            self._poll.register(opened.fileno(), select.EPOLLIN)

    def run(self, warm_up_seconds: float, seconds: float) -> LoadResult:
        """Warm up, measure, wait for what is in flight."""
        for connection in list(self._connections.values()):
            self._send(connection)
        self._turn(time.perf_counter() + warm_up_seconds)
        before = self._result.accepted
        self._latencies.clear()
        _say("measuring")
        started, cpu_started = time.perf_counter(), time.process_time()
        self._turn(started + seconds)
        self._result.measured_seconds = time.perf_counter() - started
        self._result.cpu_seconds = time.process_time() - cpu_started
        self._result.accepted_measured = self._result.accepted - before
        _say("measured")
        ordered = sorted(self._latencies)
        if ordered:
            self._result.p50_milliseconds = 1000 * ordered[len(ordered) // 2]
            self._result.p99_milliseconds = 1000 * ordered[len(ordered) * 99 // 100]
        self._sending = False
        self._turn(time.perf_counter() + DRAIN_SECONDS)
        self._result.lost += sum(bool(connection.started) for connection in self._connections.values())
        return self._result

    def _turn(self, until: float) -> None:
        """Serve the sockets until a moment, or until nothing is in flight once sending is over."""
        while (now := time.perf_counter()) < until:
            if not self._sending and not any(connection.started for connection in self._connections.values()):
                return
            for number, events in self._poll.poll(min(_POLL_SECONDS, until - now)):
                connection = self._connections.get(number)
                if connection is None:
                    continue
                if events & select.EPOLLOUT:
                    self._continue(connection)
                if events & ~select.EPOLLOUT:
                    self._receive(connection)

    def _send(self, connection: _Connection) -> None:
        connection.started = time.perf_counter()
        connection.to_send = memoryview(next(self._source))
        self._continue(connection)

    def _continue(self, connection: _Connection) -> None:
        """Write what the socket takes; a large request may need several turns."""
        was_waiting = bool(connection.received == b"" and connection.to_send)
        try:
            sent = connection.socket.send(connection.to_send)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._lose(connection)
            return
        connection.to_send = connection.to_send[sent:]
        if connection.to_send:
            self._poll.modify(connection.socket.fileno(), select.EPOLLIN | select.EPOLLOUT)
        elif was_waiting:
            self._poll.modify(connection.socket.fileno(), select.EPOLLIN)

    def _receive(self, connection: _Connection) -> None:
        try:
            received = connection.socket.recv(_RECEIVE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            received = b""
        if not received:
            self._lose(connection)
            return
        connection.received += received
        body = _whole_body(connection.received)
        if body is None:
            return
        self._latencies.append(time.perf_counter() - connection.started)
        connection.started = 0.0
        if connection.received[9:12] in _OK:
            self._result.accepted += accepted_events(body, self._kind)
        else:
            self._result.refused += 1
            if not self._result.first_refusal:
                self._result.first_refusal = connection.received[:_REFUSALS_KEPT].decode("latin-1")
        connection.received = b""
        if self._sending:
            self._send(connection)

    def _lose(self, connection: _Connection) -> None:
        """A connection broke; with a request in flight nobody knows whether it was taken."""
        self._result.lost += bool(connection.started)
        self._poll.unregister(connection.socket.fileno())
        del self._connections[connection.socket.fileno()]
        connection.socket.close()


def paced(source: Iterator[bytes], per_second: float) -> Iterator[bytes]:
    """Hold requests back to a rate; what a pause of half a second held back is made up for."""
    due = time.perf_counter()
    for request in source:
        due = max(due + 1 / per_second, time.perf_counter() - _CATCH_UP_SECONDS)
        if (early := due - time.perf_counter()) > 0:
            time.sleep(early)
        yield request


def _whole_body(received: bytes) -> bytes | None:
    """The body of an answer, or None while it is not all there."""
    head_end = received.find(b"\r\n\r\n")
    if head_end < 0:
        return None
    head = received[:head_end].lower()
    body = received[head_end + 4 :]
    place = head.find(b"content-length:")
    if place >= 0:
        length = int(head[place + 15 :].split(b"\r\n", 1)[0])
        return body if len(body) >= length else None
    if b"transfer-encoding: chunked" in head:
        if not body.endswith(b"0\r\n\r\n"):
            return None
        return b"".join(_chunks(body))
    return body


def _chunks(body: bytes) -> Iterator[bytes]:
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size.split(b";")[0], 16)
        yield rest[:length]
        body = rest[length + 2 :] if length else b""


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> None:
    """Run with kind, host, port, connections, warm-up seconds, seconds, and 24 hex digits that ids begin with.

    An eighth argument is how many requests a second are sent at most.
    """
    kind, host, port, connections, warm_up_seconds, seconds, prefix, *pace = arguments
    source = requests(kind, f"{host}:{port}", prefix)
    if pace:
        source = paced(source, float(pace[0]))
    result = Generator(kind, (host, int(port)), int(connections), source).run(float(warm_up_seconds), float(seconds))
    _say(json.dumps({name: getattr(result, name) for name in LoadResult.__slots__}))


if __name__ == "__main__":
    main(sys.argv[1:])
