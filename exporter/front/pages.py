"""What may wait, in threads: pages, scrapes, live streams, and bodies that take long to decode."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import structlog

from errtally.exporter.front import answering

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from errtally.exporter.front.connection import Connection
    from errtally.exporter.front.front import Front

THREADS = 8
MAX_WAITING = 512
"""Requests that wait for a thread; beyond, they are refused."""

_PLAIN = (("content-type", "text/plain; charset=utf-8"),)

_log = structlog.get_logger(__name__)


class _GoneError(Exception):
    """The client is gone: nobody waits for the rest of the answer."""


class Pages:
    """Calls the WSGI application in threads and passes its answers to the loop.

    Args:
        front: whose connections these are.
        application: answers everything, what the loop itself answers included.
        threads: how many at most, live streams not counted, each of which has its own.
    """

    def __init__(self, front: Front, application: Callable[..., Iterable[bytes]], threads: int = THREADS) -> None:
        self._front = front
        self._application = application
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="pages")
        self._waiting = 0
        self._writable: dict[Connection, threading.Event] = {}

    def start(self, connection: Connection, environ: dict[str, Any]) -> None:
        """Have a request answered; on the loop's thread."""
        if self._waiting >= MAX_WAITING:
            connection.send(503, (*_PLAIN, ("retry-after", "5")), b"too many requests wait to be answered\n")
            connection.done()
            return
        self._waiting += 1
        writable = self._writable[connection] = threading.Event()
        writable.set()
        self._pool.submit(self._answer, connection, environ, writable)

    def pause(self, connection: Connection) -> None:
        """Let the thread that answers a connection wait."""
        if connection in self._writable:
            self._writable[connection].clear()

    def resume(self, connection: Connection) -> None:
        """Let it go on."""
        if connection in self._writable:
            self._writable[connection].set()

    def _answer(self, connection: Connection, environ: dict[str, Any], writable: threading.Event) -> None:
        """Make one answer; in a thread of the pool."""
        loop = self._front.loop
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:  # noqa: ANN401, ARG001 (PEP 3333)
            if any("\n" in value or "\r" in value for _, value in headers):
                raise ValueError("a header with a line end")
            started[:] = [int(status[:3]), headers]

        try:
            result = self._application(environ, start_response)
            status, headers = started
            is_stream = dict(headers).get("Content-Type", "").startswith("text/event-stream")
            if is_stream and environ["REQUEST_METHOD"] == "HEAD":
                if hasattr(result, "close"):
                    result.close()
                loop.call_soon_threadsafe(self._finish, connection, environ, status, headers, None)
                return
            if is_stream and not hasattr(result, "__len__"):
                arguments = (connection, status, headers, result, writable)
                threading.Thread(target=self._stream, args=arguments, name="stream", daemon=True).start()
                loop.call_soon_threadsafe(self._left)
                return
            try:
                body = b"".join(result)
            finally:
                if hasattr(result, "close"):
                    result.close()
        except Exception:  # noqa: BLE001 (the door: whatever it was, it is logged and answered)
            _log.exception("a request failed", path=environ.get("PATH_INFO"))
            status, headers, body = 500, list(_PLAIN), b"the exporter failed; its log says why\n"
        loop.call_soon_threadsafe(self._finish, connection, environ, status, headers, body)

    def _left(self) -> None:
        self._waiting -= 1

    def _finish(
        self,
        connection: Connection,
        environ: dict[str, Any],
        status: int,
        headers: list[tuple[str, str]],
        body: bytes | None,
    ) -> None:
        """Send a whole answer, or the head alone of one whose length nobody knows; on the loop's thread."""
        self._left()
        self._writable.pop(connection, None)
        is_head = environ["REQUEST_METHOD"] == "HEAD"
        lengths = [value for name, value in headers if name.lower() == "content-length"]
        headers = [entry for entry in headers if entry[0].lower() != "content-length"]
        if body is None:
            connection.begin(status, headers, length=None, is_streaming=False)
        elif is_head and lengths:  # of what GET would have brought
            connection.begin(status, headers, length=int(lengths[0]), is_streaming=False)
        else:
            connection.send(status, headers, body, is_head=is_head)
        connection.done()

    def _stream(
        self,
        connection: Connection,
        status: int,
        headers: list[tuple[str, str]],
        parts: Iterable[bytes],
        writable: threading.Event,
    ) -> None:
        """Send an answer without an end; in a thread of its own."""
        loop = self._front.loop
        begun = threading.Event()
        framing: list[bool] = []

        def begin() -> None:
            framing.append(connection.begin(status, headers, length=None, is_streaming=True))
            begun.set()

        try:
            loop.call_soon_threadsafe(begin)
            begun.wait()
            for part in parts:
                if not part:
                    continue
                writable.wait()
                if connection.transport is None:
                    raise _GoneError  # noqa: TRY301 (the iteration has to be closed in any case)
                loop.call_soon_threadsafe(connection.write, answering.chunk(part) if framing[0] else part)
            if framing[0]:
                loop.call_soon_threadsafe(connection.write, answering.chunk(b""))
        except (_GoneError, RuntimeError):  # the client is gone, or the loop
            pass
        except Exception:  # noqa: BLE001 (a thread's door)
            _log.exception("a live stream failed")
            loop.call_soon_threadsafe(connection.cut)
        finally:
            if hasattr(parts, "close"):
                parts.close()
        loop.call_soon_threadsafe(self._end, connection)

    def _end(self, connection: Connection) -> None:
        self._writable.pop(connection, None)
        connection.done()
