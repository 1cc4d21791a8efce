"""One connection: requests in, answers out, in order. Runs on the event loop alone.

A request's body is collected before it is answered, so that a slow client takes room and no thread. What is answered at
once is answered in the call that brought the request's last byte; what may wait goes to a thread, and the connection
answers no further request meanwhile.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

from errtally.errors import OverloadedError
from errtally.exporter.front import answering
from errtally.exporter.front.reading import Reading
from errtally.exporter.ingest.request import LARGE_WAIT_SECONDS, REFUSED_KEY, WaitsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from errtally.exporter.front.front import Front

HEADER_SECONDS = 10.0
REQUEST_SECONDS = 60.0
"""A request, answer included, that takes longer than this is cut; a live stream is none any more when it has begun."""

IDLE_SECONDS = 300.0
"""A connection without a request is closed after this."""

UNREAD_SECONDS = 60.0
"""A client that leaves so much of an answer unread that it can't be sent is cut after this."""

INLINE_BYTES = 128 * 1024
"""A body above this is decoded in a thread: it would hold everything else up for more than a few milliseconds."""

LINGER_SECONDS = 5.0
LINGER_BYTES = 1024 * 1024
"""What a client sends behind the last answer of its connection is read and dropped for so long and up to so much."""

MAX_QUEUED = 64
"""Requests that wait behind one of their connection; those that were sent after them stay unread and unanswered."""


class Connection(asyncio.Protocol):
    """One client's connection.

    Attributes:
        since: when the request that is under way began, seconds of the loop's clock; None while there is none.
        idle_since: when the last answer was sent.
        unread_since: when the client stopped to take what is sent; None while it takes it.
        lingers_since: when its last answer was sent, while what the client still sends is read and dropped.
        is_streaming: whether an answer without an end is being sent.
        held_bytes: what it holds of the room for bodies.
        on_room: what ends its wait for room; None while it does not wait.
    """

    __slots__ = (
        "_closes", "_front", "_has_asked", "_has_ended", "_is_busy", "_lingered_bytes", "_protocol", "_queue",
        "_reading", "_refusal", "held_bytes", "idle_since", "is_streaming", "lingers_since", "on_room", "since",
        "transport", "unread_since",
    )  # fmt: skip

    def __init__(self, front: Front) -> None:
        self._front = front
        self._reading = Reading(self, front, "")
        self.transport: asyncio.Transport | None = None
        self.since: float | None = None
        self.idle_since = front.loop.time()
        self.unread_since: float | None = None
        self.lingers_since: float | None = None
        self._lingered_bytes = 0
        self.is_streaming = False
        self.held_bytes = 0
        self.on_room: asyncio.TimerHandle | None = None
        self._closes = self._has_asked = self._has_ended = self._is_busy = False
        self._protocol = ""
        self._queue: deque[tuple[dict[str, Any], int, bool]] = deque()
        self._refusal: tuple[int, str] | None = None

    @property
    def is_reading(self) -> bool:
        """Whether a request is coming that is not all there."""
        return self.since is not None and not self._is_busy

    @property
    def holds_room(self) -> bool:
        """Whether it has room for a body, or waits for it."""
        return self.held_bytes > 0 or self.on_room is not None

    @property
    def _is_open(self) -> bool:
        return self.transport is not None and self.lingers_since is None and not self.transport.is_closing()

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport = transport  # type: ignore[assignment] # a TCP connection's
        peer = transport.get_extra_info("peername")
        self._reading = Reading(self, self._front, str(peer[0]) if isinstance(peer, tuple) else "")
        self._front.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (the transport's signature)
        """End; an answer that is being made is dropped when it comes."""
        self.transport = None
        self._front.remove(self)
        self._queue.clear()

    def pause_writing(self) -> None:
        """The client does not take what is sent: nothing more is taken of it, and no more is made for it."""
        self.unread_since = self._front.loop.time()
        self._front.unread[self] = None
        if self.transport is not None:
            self.transport.pause_reading()
        self._front.pages.pause(self)

    def resume_writing(self) -> None:
        """The client takes what is sent again."""
        self.unread_since = None
        self._front.unread.pop(self, None)
        self._front.pages.resume(self)
        if self.lingers_since is not None and self.transport is not None:
            self.lingers_since = self._front.loop.time()
            self.transport.resume_reading()
        else:
            self._read_on()

    def data_received(self, data: bytes) -> None:
        """Take bytes; what comes behind the last request is dropped."""
        if self.lingers_since is not None:
            self._lingered_bytes += len(data)
            if self._lingered_bytes > LINGER_BYTES:
                self.cut()
            return
        self._has_asked = True
        if self.since is None:
            self.since = self._front.loop.time()
        self._reading.feed(data)

    def eof_received(self) -> bool:
        """The client sends no more: what it asked for is still answered, but for a stream, whose client is gone."""
        self._has_ended = True
        return self._is_busy and not self.is_streaming

    # What the reading of requests calls.

    def begins(self) -> None:
        """Take note of when something came."""
        if self.since is None:
            self.since = self._front.loop.time()

    def take(self, environ: dict[str, Any], size: int, *, closes: bool) -> None:
        """Answer a whole request, or have it answered, when those before it are.

        Args:
            environ: the request as WSGI has it.
            size: of its body in bytes.
            closes: whether the connection ends with its answer.
        """
        if self.transport is None or self.lingers_since is not None:
            return
        if not self._is_busy:
            self._dispatch(environ, size, closes)
            return
        self.transport.pause_reading()
        closes = closes or len(self._queue) + 1 == MAX_QUEUED
        self._reading.is_over = closes
        self._queue.append((environ, size, closes))

    def refuse(self, status: int, message: str) -> None:
        """Refuse what is no request when those before it are answered, and end the connection."""
        self._front.room.leave(self)
        if self._is_busy:
            self._refusal = (status, message)
        elif self._is_open:
            self._closes = True
            self.send(status, (("content-type", "text/plain; charset=utf-8"),), f"{message}\n".encode())
            self._finish()

    def may_continue(self) -> None:
        """Tell a client that waits for it to send its body, unless there is no room or another answer comes first."""
        if self._reading.wants_continue and self.on_room is None and not self._is_busy and self.transport is not None:
            self._reading.wants_continue = False
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    # Answering.

    def _dispatch(self, environ: dict[str, Any], size: int, closes: bool) -> None:  # noqa: FBT001 (an entry of the queue)
        front = self._front
        self._closes = closes
        self._protocol = environ["SERVER_PROTOCOL"]
        if front.answers_inline and size <= INLINE_BYTES and REFUSED_KEY not in environ:
            try:
                answer = front.door.answer(environ, is_inline=True)
            except WaitsError:
                environ["wsgi.input"].seek(0)
            else:
                if answer is not None:
                    self.send(*answer, is_head=environ["REQUEST_METHOD"] == "HEAD")
                    self._finish()
                    return
        self._is_busy = True
        front.pages.start(self, environ)

    def send(self, status: int, headers: Sequence[tuple[str, str]], body: bytes, *, is_head: bool = False) -> None:
        """Send a whole answer."""
        if self.transport is not None:
            head = self._head(status, headers, length=len(body))
            self.transport.write(head if is_head else head + body)

    def begin(self, status: int, headers: Sequence[tuple[str, str]], *, length: int | None, is_streaming: bool) -> bool:
        """Send the head of an answer that comes in parts, or of one without its body.

        Returns:
            Whether the parts are to be framed as chunks.
        """
        if self.transport is None:
            return False
        is_chunked = length is None and self._protocol == "HTTP/1.1"
        self._closes = self._closes or (length is None and not is_chunked)
        self.is_streaming = is_streaming
        self.transport.write(self._head(status, headers, length=length, is_chunked=is_chunked))
        return is_chunked

    def _head(
        self, status: int, headers: Sequence[tuple[str, str]], *, length: int | None, is_chunked: bool = False
    ) -> bytes:
        front = self._front
        self._closes = self._closes or front.is_stopping
        keeps = self._protocol == "HTTP/1.0" and not self._closes
        connection = "close" if self._closes else "keep-alive" if keeps else ""
        return answering.head(
            status, headers, front.dates.line, length=length, connection=connection, is_chunked=is_chunked
        )

    def write(self, data: bytes) -> None:
        """Send a part of an answer."""
        if self.transport is not None:
            self.transport.write(data)

    def done(self) -> None:
        """An answer that a thread made is sent: go on with the next request."""
        self._is_busy = False
        self._finish()
        while self._queue and not self._is_busy and self._is_open:
            self.begins()
            self._dispatch(*self._queue.popleft())
        if self._is_busy or not self._is_open:
            return
        if self._refusal is not None:
            self.refuse(*self._refusal)
        elif self._has_ended and self.transport is not None:
            self.transport.close()
        else:
            self.may_continue()
            self._read_on()

    def _finish(self) -> None:
        self.idle_since = now = self._front.loop.time()
        self.is_streaming = False
        if self._reading.environ:  # the next one is on its way
            self.since = now
        else:
            self.since = None
            if self.held_bytes:
                self._front.room.release(self)
        if self._closes:
            self._end()

    def _end(self) -> None:
        """Close the connection in parts (RFC 9112 section 9.6): send no more, and read until the client ends.

        A socket that is closed with something unread in it is reset by the kernel, and the reset takes away what the
        client has not read yet of the answers.
        """
        transport = self.transport
        if transport is None or self.lingers_since is not None:
            return
        if self._has_ended:
            transport.close()
            return
        self._reading.is_over = True
        self._queue.clear()
        self._front.room.release(self)
        self.since = None
        self.lingers_since = self._front.loop.time()
        transport.write_eof()
        if self.unread_since is None:
            transport.resume_reading()

    def _read_on(self) -> None:
        """Read again, unless something speaks against it."""
        if self._is_open and self.transport is not None and not (
            self._queue or self.on_room is not None or self.unread_since is not None
        ):  # fmt: skip
            self.transport.resume_reading()

    # The room for bodies.

    def wait_for_room(self) -> None:
        """Read nothing until there is room, for some seconds at most."""
        if self.transport is not None:
            self.transport.pause_reading()
            self.on_room = self._front.loop.call_later(LARGE_WAIT_SECONDS, self._front.room.give_up, self)

    def has_room(self) -> None:
        """Go on reading, and have the client send what it holds back."""
        self.stop_waiting()
        self.may_continue()

    def stop_waiting(self) -> None:
        """Read again: it does not wait for room any more."""
        if self.on_room is not None:
            self.on_room.cancel()
            self.on_room = None
            self._read_on()

    def has_no_room(self) -> None:
        """Refuse the request: there was no room for its body in time."""
        if self.transport is not None:
            self._reading.refuse_body(
                OverloadedError("large_bodies", "too many large bodies are being read already", retry_after_seconds=10)
            )

    # What the front calls now and then.

    def is_due(self, now: float) -> bool:
        """Whether the client takes too long, or has not said anything for too long."""
        if self.unread_since is not None:
            return now - self.unread_since > UNREAD_SECONDS
        if self.lingers_since is not None:
            return now - self.lingers_since > LINGER_SECONDS
        if self.since is None:
            return now - self.idle_since > IDLE_SECONDS
        if self.is_streaming:
            return False
        return now - self.since > (HEADER_SECONDS if self._reading.in_head and not self._is_busy else REQUEST_SECONDS)

    def unread_bytes(self) -> int:
        """How much of its answers waits here for the client."""
        return 0 if self.transport is None else self.transport.get_write_buffer_size()

    def cut(self) -> None:
        """End at once."""
        if self.transport is not None:
            self.transport.abort()

    def stop(self) -> None:
        """End when nothing is under way; a connection that is new may still bring the request that it was made for."""
        if self.since is None and self._has_asked and self.transport is not None:
            self.transport.close()
