"""Cuts connections whose request or answer does not come to an end, so that slow clients can't hold all threads.

A WSGI thread waits for as long as its client takes to send the body, and the server gives it no deadline. The kernel
knows what each connection has received and sent (TCP_INFO), so a request that is under way and has no answer is told
from an idle connection without a word from the server; and so is a client that is gone, or no longer takes what is sent
to it. Linux only; elsewhere nothing is cut.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
from dataclasses import dataclass
from pathlib import Path

REQUEST_SECONDS = 60.0
"""A request, answer included, that takes longer than this is cut."""

STALLED_SECONDS = 60.0
"""A client that takes nothing of what waits for it is cut after this; live streams have no other end."""

STOPPING_SECONDS = 1.5
"""The same, for requests and for clients that take nothing, while the worker stops and waits for every answer."""

SLOW_SECONDS = 3.0
MAX_SLOW = 256
"""Requests older than ``SLOW_SECONDS`` that may be under way in one worker; beyond, the oldest are cut."""

SCAN_SECONDS = 1.0

_DESCRIPTORS = Path("/proc/self/fd")
_ACKED_AND_RECEIVED = struct.Struct("=QQ")
_ACKED_OFFSET = 120  # of tcpi_bytes_acked in struct tcp_info (linux/tcp.h, since 4.1)
_NEEDED_BYTES = _ACKED_OFFSET + _ACKED_AND_RECEIVED.size
_WAITING = struct.Struct("=I")
_UNACKED_OFFSET, _NOT_SENT_OFFSET = 24, 144  # tcpi_unacked, and tcpi_notsent_bytes (since 4.6)
_TCP_INFO_BYTES = _NOT_SENT_OFFSET + _WAITING.size
_ESTABLISHED = 1


@dataclass(slots=True)
class _Connection:
    """What was last seen of one connection.

    Attributes:
        acked: bytes of answers that the client has.
        idle_received: bytes that had come when the last answer went out.
        since: when the request that is under way was first seen; None without one.
        stalled: since when the client takes nothing of what waits for it; None when nothing waits.
    """

    descriptor: int
    acked: int
    idle_received: int
    since: float | None = None
    stalled: float | None = None


class SlowConnections:
    """Watches the connections that this process has accepted on one port.

    Args:
        port: the port that the exporter listens on.
        request_seconds: as `REQUEST_SECONDS`.
        max_slow: as `MAX_SLOW`.
    """

    def __init__(self, port: int, *, request_seconds: float = REQUEST_SECONDS, max_slow: int = MAX_SLOW) -> None:
        self._port = port
        self._request_seconds = request_seconds
        self._max_slow = max_slow
        self._stalled_seconds = STALLED_SECONDS
        self._known: dict[str, _Connection] = {}
        self._foreign: set[str] = set()
        self._scanning = threading.Lock()

    def hurry(self) -> None:
        """Have no patience with unfinished bodies and clients that take nothing, for the worker is told to stop."""
        self._request_seconds = self._stalled_seconds = STOPPING_SECONDS

    def scan(self, now: float) -> int:
        """Look at every connection and cut those that are due.

        Args:
            now: seconds of a clock that is never set.

        Returns:
            How many were cut.
        """
        with self._scanning:
            return self._scan(now)

    def _scan(self, now: float) -> int:
        present: dict[str, int] = {}
        for descriptor in _open_descriptors():
            name = _socket_name(descriptor)
            if name is not None:
                present[name] = descriptor
        self._foreign.intersection_update(present)
        self._known = {name: seen for name, seen in self._known.items() if name in present}
        for name, descriptor in present.items():
            if name not in self._foreign:
                self._look(name, descriptor, now)
        slow = sorted(
            (seen.since, name)
            for name, seen in self._known.items()
            if seen.since is not None and now - seen.since > SLOW_SECONDS
        )
        excess = max(len(slow) - self._max_slow, 0)
        due = [
            name for place, (since, name) in enumerate(slow) if place < excess or now - since > self._request_seconds
        ]
        due += [
            name
            for name, seen in self._known.items()
            if seen.stalled is not None and now - seen.stalled > self._stalled_seconds and name not in due
        ]
        return sum(self._cut(name) for name in due)

    def _look(self, name: str, descriptor: int, now: float) -> None:
        """Bring up to date what is known of one connection."""
        found = _counts(descriptor, None if name in self._known else self._port)
        if found is None:
            self._foreign.add(name)
            self._known.pop(name, None)
            return
        acked, received, is_waiting = found
        seen = self._known.get(name)
        if seen is None:
            seen = self._known[name] = _Connection(descriptor, 0, 0)
        if not is_waiting:
            seen.stalled = None
        elif acked != seen.acked or seen.stalled is None:
            seen.stalled = now
        if acked != seen.acked:
            seen.acked, seen.idle_received, seen.since = acked, received, None
        elif received > seen.idle_received and seen.since is None:
            seen.since = now

    def _cut(self, name: str) -> bool:
        """Shut a connection down; the server sees its end and frees what it holds. Whether it was still there."""
        seen = self._known.pop(name)
        try:
            copy = os.dup(seen.descriptor)
        except OSError:  # closed meanwhile
            return False
        try:
            # The number may stand for another socket by now, the copy can't change any more.
            if _socket_name(copy) != name:
                return False
            connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, fileno=copy)
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:  # the client was quicker
                return False
            finally:
                connection.detach()
            return True
        finally:
            os.close(copy)


def _open_descriptors() -> list[int]:
    try:
        return [int(path.name) for path in _DESCRIPTORS.iterdir()]
    except FileNotFoundError:  # no Linux
        return []


def _socket_name(descriptor: int) -> str | None:
    """The kernel's name of a socket, which is unique; None when the descriptor is no socket or closed."""
    try:
        target = os.readlink(f"{_DESCRIPTORS}/{descriptor}")  # noqa: PTH115 (a thousand of them a second)
    except OSError:
        return None
    return target if target.startswith("socket:") else None


def _counts(descriptor: int, port: int | None) -> tuple[int, int, bool] | None:
    """Bytes acknowledged by and received from the client, and whether anything waits for it to take.

    None when this is no accepted connection of the port.
    """
    try:
        connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, fileno=descriptor)
    except OSError:
        return None
    try:
        if port is not None and _local_port(connection) != port:
            return None
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)
    except OSError:
        return None
    finally:
        connection.detach()
    if len(info) < _NEEDED_BYTES or info[0] != _ESTABLISHED:
        return None
    acked, received = _ACKED_AND_RECEIVED.unpack_from(info, _ACKED_OFFSET)
    waiting = _WAITING.unpack_from(info, _UNACKED_OFFSET)[0]
    if len(info) >= _TCP_INFO_BYTES:
        waiting += _WAITING.unpack_from(info, _NOT_SENT_OFFSET)[0]
    return acked, received, waiting > 0


def _local_port(connection: socket.socket) -> int | None:
    name = connection.getsockname()
    return name[1] if isinstance(name, tuple) and len(name) > 1 else None
