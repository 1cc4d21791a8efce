"""The loop of one worker: takes connections off a listening socket, looks after them, and stops in order."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import uvloop

from errtally.exporter.front.answering import Dates
from errtally.exporter.front.connection import Connection
from errtally.exporter.front.pages import Pages
from errtally.exporter.front.room import Room

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

MAX_CONNECTIONS = 4096
"""Connections of one worker; beyond, the one that has been idle for longest, or else the slowest, gives way."""

ACCEPTS_AT_ONCE = 8
"""Connections taken in one go: few, so that workers that listen on one socket share them."""

UNACKNOWLEDGED_MILLISECONDS = 60_000
"""What a client does not take for so long ends its connection, by the kernel (TCP_USER_TIMEOUT)."""

UNREAD_BYTES = 256 * 1024 * 1024
"""Answers that clients do not take are kept up to here; beyond, the clients are cut that have not read for longest."""

STOP_SECONDS = 1.0
"""Requests that are under way when the worker is told to stop have so long to come to their ends."""

SWITCH_SECONDS = 0.0005
"""How long a thread that makes a page may keep the loop from the interpreter; a tenth of Python's own figure."""

_LOOK_SECONDS = 0.5


def _nothing() -> None:
    """Nobody wants to hear of it."""


class Door(Protocol):
    """Answers what needs no thread."""

    def answer(
        self, environ: dict[str, Any], *, is_inline: bool
    ) -> tuple[int, Sequence[tuple[str, str]], bytes] | None:
        """Answer a request; None when this is not the door for it."""
        ...


class Front:
    """The server.

    Args:
        listener: a socket that listens already.
        door: answers on the loop.
        application: a WSGI application that answers everything, in threads.
        body_bytes: the largest body that is read.
        larger_bodies: tells of a path how large a body that is read there, where that is more.
        answers_inline: whether the door is asked on the loop; not when it waits for the disk.
        threads: that answer what may wait.
    """

    def __init__(
        self,
        listener: socket.socket,
        door: Door,
        application: Callable[..., Iterable[bytes]],
        *,
        body_bytes: int,
        larger_bodies: Callable[[str], int] | None = None,
        answers_inline: bool = True,
        threads: int,
    ) -> None:
        self._listener = listener
        self.door = door
        self.body_bytes = body_bytes
        self.larger_bodies = larger_bodies
        self.answers_inline = answers_inline
        self.room = Room()
        self.dates = Dates()
        self.unread: dict[Connection, None] = {}
        self.is_stopping = False
        self.loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
        self.pages = Pages(self, application, threads)
        self._connections: dict[Connection, None] = {}
        self._empty = asyncio.Event()
        name = listener.getsockname()
        self._base = {
            "SCRIPT_NAME": "", "SERVER_NAME": str(name[0]), "SERVER_PORT": str(name[1]), "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http", "wsgi.errors": sys.stderr, "wsgi.multithread": True, "wsgi.multiprocess": True,
            "wsgi.run_once": False, "wsgi.input_terminated": True,
        }  # fmt: skip

    def run(self, *, on_ready: Callable[[], None] = _nothing, on_stop: Callable[[], None] = _nothing) -> None:
        """Serve until SIGTERM or SIGINT.

        Args:
            on_ready: called when connections are taken.
            on_stop: called at the signal, from the loop.
        """
        sys.setswitchinterval(SWITCH_SECONDS)
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self._serve(on_ready, on_stop))

    def environ(self, address: str) -> dict[str, Any]:
        """Make the environment of a request from a client's address."""
        made = self._base.copy()
        made["REMOTE_ADDR"] = address
        return made

    def add(self, connection: Connection) -> None:
        """Take note of a connection that is open."""
        self._connections[connection] = None
        if len(self._connections) > MAX_CONNECTIONS:
            self._make_place()

    def remove(self, connection: Connection) -> None:
        """Take note of a connection that is closed."""
        self._connections.pop(connection, None)
        self.unread.pop(connection, None)
        self.room.release(connection)
        self.pages.resume(connection)
        if not self._connections and self.is_stopping:
            self._empty.set()

    async def _serve(self, on_ready: Callable[[], None], on_stop: Callable[[], None]) -> None:
        loop = self.loop
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        self.dates.turn()
        self._listener.setblocking(False)
        loop.add_reader(self._listener.fileno(), self._accept)
        looking = asyncio.ensure_future(self._keep_looking())
        on_ready()
        await stop.wait()
        self.is_stopping = True
        self._accept_rest()
        loop.remove_reader(self._listener.fileno())
        on_stop()
        for connection in list(self._connections):
            connection.stop()
        if self._connections:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._empty.wait(), STOP_SECONDS)
        looking.cancel()
        for connection in list(self._connections):
            connection.cut()
        await asyncio.sleep(0)

    def _accept(self) -> None:
        for _ in range(ACCEPTS_AT_ONCE):
            if not self._accept_one():
                return

    def _accept_rest(self) -> None:
        """Take what waits at the socket; when nobody else listens on it, it would be refused."""
        while self._accept_one():
            pass

    def _accept_one(self) -> bool:
        try:
            accepted, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return False
        except OSError:  # no descriptor is free: those that wait are taken when one is
            self._make_place()
            return False
        accepted.setblocking(False)
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MILLISECONDS)
        task = self.loop.create_task(self.loop.connect_accepted_socket(lambda: Connection(self), accepted))
        task.add_done_callback(partial(_close_failed, accepted))
        return True

    async def _keep_looking(self) -> None:
        """Cut what takes too long, and keep the date right."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            self.dates.turn()
            now = self.loop.time()
            for connection in [one for one in self._connections if one.is_due(now)]:
                connection.cut()
            self._make_answers_fit()
            self.room.make(now)

    def _make_answers_fit(self) -> None:
        """Cut clients that do not take their answers while these are more than what is kept, the first ones first."""
        waiting = {connection: connection.unread_bytes() for connection in self.unread}
        total = sum(waiting.values())
        for connection, size in waiting.items():
            if total <= UNREAD_BYTES:
                return
            connection.cut()
            total -= size

    def _make_place(self) -> None:
        """Cut one connection: the one idle for longest, else the one whose request is oldest."""
        idle = [one for one in self._connections if one.since is None]
        slow = [one for one in self._connections if one.since is not None and not one.is_streaming]
        if idle:
            min(idle, key=lambda one: one.idle_since).cut()
        elif slow:
            min(slow, key=lambda one: one.since or 0.0).cut()


def _close_failed(accepted: socket.socket, done: asyncio.Task[object]) -> None:
    """Close a socket that did not become a connection."""
    if done.cancelled() or done.exception() is not None:
        accepted.close()
