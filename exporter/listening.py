"""The sockets that the exporter listens on: one for each worker, held by the supervisor for as long as it lives.

The kernel spreads connections over them (SO_REUSEPORT). Since the supervisor holds them, nothing that a worker does
refuses a connection: those that come while one dies or is renewed wait for its successor.
"""

from __future__ import annotations

import errno
import socket
import time

from errtally.errors import ErrtallyError

_PATIENCE_SECONDS = 1.5
"""Processes of an exporter that was killed a moment ago end within a second; until then they hold its address."""

_RETRY_SECONDS = 0.1


def listen(host: str, port: int, count: int, *, backlog: int) -> list[socket.socket]:
    """Bind an address that nobody else listens on.

    Args:
        host: an address, or a name; of several addresses the first of IPv4, else the first.
        port: the port.
        count: how many sockets to bind to it.
        backlog: connections that may wait at each of them.

    Raises:
        ErrtallyError: the name is not known, or the address is taken, not this machine's, or not allowed.
    """
    shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as exc:
        raise ErrtallyError(f"can't listen on {shown}: {host!r} is no address of this machine: {exc.strerror}") from exc
    family, _, _, _, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return _bind(family, address, count, backlog)
        except OSError as exc:
            if exc.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                raise ErrtallyError(f"can't listen on {shown}: {_reason(exc)}") from exc
            time.sleep(_RETRY_SECONDS)


def _bind(family: int, address: tuple[object, ...], count: int, backlog: int) -> list[socket.socket]:
    listeners: list[socket.socket] = []
    try:
        for number in range(count):
            listener = socket.socket(family, socket.SOCK_STREAM)
            listeners.append(listener)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # The first asks for the address alone, and so fails beside any other program; the others share it.
            if number:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            listener.bind(address)
            if not number:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                address = listener.getsockname()
        for listener in listeners:
            listener.listen(backlog)
            listener.setblocking(False)
    except OSError:
        for listener in listeners:
            listener.close()
        raise
    return listeners


def _reason(exc: OSError) -> str:
    if exc.errno == errno.EADDRINUSE:
        return "another program listens there"
    if exc.errno == errno.EADDRNOTAVAIL:
        return "it is no address of this machine"
    return exc.strerror or str(exc)
