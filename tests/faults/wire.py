"""A network between a program and a server that can be cut: nothing arrives any more, and nobody is told."""

from __future__ import annotations

import contextlib
import socket
import threading


class Wire:
    """Forwards connections on a port of loopback to another one, while it is not cut.

    Args:
        port: where to.
        hides_ends: whether one side hears nothing of the other's end, as where the last packet is late.

    Attributes:
        port: where it listens.
    """

    def __init__(self, port: int, *, hides_ends: bool = False) -> None:
        self._hides_ends = hides_ends
        self._target = port
        self._whole = threading.Event()
        self._whole.set()
        self._is_open = True
        self._sockets: list[socket.socket] = []
        self._lost: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Let nothing through; what is sent meanwhile arrives when it is whole again, as with TCP."""
        self._whole.clear()

    def mend(self) -> None:
        """Let everything through again."""
        self._whole.set()

    def forget(self) -> None:
        """Let new connections through, and nothing of those that there were, ever."""
        self._lost = {*self._lost, *self._sockets}
        self._sockets = []
        self._whole.set()

    def close(self) -> None:
        """End it and all its connections."""
        self._is_open = False
        self._whole.set()
        self._listener.close()
        for one in (*self._sockets, *self._lost):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        while self._is_open:
            try:
                client, _ = self._listener.accept()
            except OSError:  # closed
                return
            threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        self._whole.wait()
        try:
            server = socket.create_connection(("127.0.0.1", self._target), timeout=10)
        except OSError:  # nobody listens there: the client is told so
            client.close()
            return
        server.settimeout(None)
        self._sockets += [client, server]
        for one, other in ((client, server), (server, client)):
            threading.Thread(target=self._forward, args=(one, other), daemon=True).start()

    def _forward(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):  # either end is gone
            while True:
                content = one.recv(65536)
                self._whole.wait()
                if one in self._lost:
                    return
                if not content and self._hides_ends:
                    return
                if not content:
                    break
                other.sendall(content)
        with contextlib.suppress(OSError):
            other.shutdown(socket.SHUT_WR)
