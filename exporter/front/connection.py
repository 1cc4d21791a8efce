"""One connection: requests in, answers out, in order. Runs on the event loop alone.

A request's body is collected here, so that a slow client takes room and no thread. What is answered at once is
answered in the call that brought the request's last byte; what may wait goes to a thread, and the connection reads no
further request meanwhile.
"""

from __future__ import annotations

import asyncio
import io
from collections import deque
from typing import TYPE_CHECKING, Any

import httptools

from errtally.errors import OverloadedError
from errtally.exporter.front import answering
from errtally.exporter.front.environment import add_header, add_target
from errtally.exporter.ingest.request import LARGE_WAIT_SECONDS, REFUSED_KEY, WaitsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from errtally.exporter.front.front import Front

HEADER_BYTES = 64 * 1024
MAX_HEADERS = 100
HEADER_SECONDS = 10.0
REQUEST_SECONDS = 60.0
"""A request, answer included, that takes longer than this is cut; a live stream is none any more when it has begun."""

IDLE_SECONDS = 300.0
"""A connection without a request is closed after this."""

INLINE_BYTES = 128 * 1024
"""A body above this is decoded in a thread: it would hold everything else up for more than a few milliseconds."""

SMALL_BYTES = 64 * 1024
"""A body above this takes of the room that all bodies share."""

MAX_DRAIN_BYTES = 64 * 1024 * 1024
"""A body that is too large is read up to here and dropped: many clients look for an answer only when they sent all."""


class Connection(asyncio.Protocol):
    """One client's connection.

    Attributes:
        since: when the request that is under way began, seconds of the loop's clock; None while there is none.
        idle_since: when the last answer was sent.
        is_streaming: whether an answer without an end is being sent.
        held_bytes: what it holds of the room for bodies.
    """

    __slots__ = (
        "_address", "_body", "_closes", "_drops", "_environ", "_field_bytes", "_front", "_has_asked", "_head_bytes",
        "_headers", "_in_head", "_is_busy", "_length", "_limit", "_parser", "_queue", "_size", "_target",
        "_wants_continue", "held_bytes", "idle_since", "is_streaming", "on_room", "since", "transport",
    )  # fmt: skip

    def __init__(self, front: Front) -> None:
        self._front = front
        self._parser = httptools.HttpRequestParser(self)
        self.transport: asyncio.Transport | None = None
        self.since: float | None = None
        self.idle_since = front.loop.time()
        self.is_streaming = False
        self.held_bytes = 0
        self.on_room: Any = None
        self._address = ""
        self._environ: dict[str, Any] = {}
        self._target = b""
        self._body: list[bytes] = []
        self._size = self._headers = self._head_bytes = self._field_bytes = 0
        self._limit = 0
        self._length: int | None = None
        self._in_head = True
        self._has_asked = False
        self._drops = self._closes = self._is_busy = self._wants_continue = False
        self._queue: deque[tuple[dict[str, Any], bool]] = deque()

    @property
    def is_reading(self) -> bool:
        """Whether a request is coming that is not all there."""
        return self.since is not None and not self._is_busy

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport = transport  # type: ignore[assignment] # a TCP connection's
        peer = transport.get_extra_info("peername")
        self._address = str(peer[0]) if isinstance(peer, tuple) else ""
        self._front.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (the transport's signature)
        """End; an answer that is being made is dropped when it comes."""
        self.transport = None
        self._front.remove(self)
        self._queue.clear()

    def pause_writing(self) -> None:
        """The client does not take what is sent."""
        self._front.pages.pause(self)

    def resume_writing(self) -> None:
        """The client takes what is sent again."""
        self._front.pages.resume(self)

    def data_received(self, data: bytes) -> None:
        """Take bytes."""
        self._has_asked = True
        if self.since is None:
            self.since = self._front.loop.time()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # Nothing else is spoken here; the request is answered as if nobody had asked, and its connection ends.
            self._closes = True
            if not self._is_busy and self.transport is not None:
                self.transport.close()
            return
        except httptools.HttpParserError as exc:
            self._bad(400, f"not a request: {exc}")
            return
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEADER_BYTES:
                self._bad(431, f"more than {HEADER_BYTES} bytes of headers")

    def eof_received(self) -> bool:
        """The client sends no more: what it asked for is still answered, but for a stream, whose client is gone."""
        if self.is_streaming:
            return False
        if self._is_busy or self._queue:
            self._closes = True
            return True
        return False

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Begin a request."""
        if self.since is None:
            self.since = self._front.loop.time()
        self._environ = self._front.environ(self._address)
        self._target = b""
        self._headers = self._head_bytes = self._field_bytes = self._size = 0
        self._body = []
        self._in_head = True
        self._drops = self._wants_continue = False

    def on_url(self, part: bytes) -> None:
        """Take (a part of) the target."""
        self._target += part
        self._field_bytes += len(part)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header."""
        self._headers += 1
        self._field_bytes += len(name) + len(value)
        add_header(self._environ, name, value)

    def on_headers_complete(self) -> None:
        """Look at the head: what is too large is dropped unread."""
        self._in_head = False
        environ, parser = self._environ, self._parser
        environ["REQUEST_METHOD"] = parser.get_method().decode("latin-1")
        version = parser.get_http_version()
        environ["SERVER_PROTOCOL"] = f"HTTP/{version}"
        if not parser.should_keep_alive() or version not in {"1.1", "1.0"}:
            self._closes = True
        if self._headers > MAX_HEADERS or self._field_bytes > HEADER_BYTES:
            self._bad(431, f"more than {MAX_HEADERS} headers, or than {HEADER_BYTES} bytes of them")
            return
        try:
            add_target(environ, self._target)
        except ValueError as exc:
            self._bad(400, str(exc))
            return
        length = environ.get("CONTENT_LENGTH")
        self._length = int(length[:19]) if length and length.isdecimal() else None
        self._limit = self._front.body_bytes
        if self._length is not None and self._length > self._limit:
            self._drops = True
        elif self._wants_continue_now(environ, version):
            self._wants_continue = True
        if self._length is not None and self._length > SMALL_BYTES and not self._drops:
            self._front.room.ask(self, self._length)
        if self._wants_continue and self.on_room is None:
            self._continue()

    def on_body(self, part: bytes) -> None:
        """Take a part of the body."""
        self._size += len(part)
        if self._drops:
            if self._size > MAX_DRAIN_BYTES and self.transport is not None and not self._closes:
                self._closes = True
                self.on_message_complete()  # what follows is not read
            return
        self._body.append(part)
        if self._size > SMALL_BYTES and not self.held_bytes and self.on_room is None:
            self._front.room.ask(self, self._length or self._limit)  # in chunks, so nobody knows how much will come
        if self._size > self._limit:
            self._drops = True  # one byte more than the limit tells the reader that it is too large

    def on_message_complete(self) -> None:
        """Answer the request, or have it answered."""
        environ = self._environ
        if not environ or self.transport is None:
            return
        self._environ = {}
        if self.on_room is not None:  # all of it came before reading was stopped
            self._front.room.release(self)
            self.on_room = None
            self.transport.resume_reading()
        body = b"".join(self._body) if len(self._body) != 1 else self._body[0]
        self._body = []
        if self._drops and self._length is not None:
            body = b""  # refused by its length alone
        environ["wsgi.input"] = io.BytesIO(body)
        closes = self._closes = self._closes or not self._parser.should_keep_alive()
        if self._is_busy:
            self._queue.append((environ, closes))
            self.transport.pause_reading()
            return
        self._dispatch(environ, len(body))

    # Answering.

    def _dispatch(self, environ: dict[str, Any], size: int) -> None:
        front = self._front
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
            front = self._front
            self._closes = self._closes or front.is_stopping
            head = answering.head(status, headers, front.dates.line, length=len(body), closes=self._closes)
            self.transport.write(head if is_head else head + body)

    def begin(self, status: int, headers: Sequence[tuple[str, str]], *, length: int | None, is_streaming: bool) -> bool:
        """Send the head of an answer that comes in parts; whether these are to be framed as chunks."""
        if self.transport is None:
            return False
        is_chunked = length is None and self._parser.get_http_version() == "1.1"
        self._closes = self._closes or self._front.is_stopping or (length is None and not is_chunked)
        self.is_streaming = is_streaming
        date = self._front.dates.line
        self.transport.write(
            answering.head(status, headers, date, length=length, closes=self._closes, is_chunked=is_chunked)
        )
        return is_chunked

    def write(self, data: bytes) -> None:
        """Send a part of an answer."""
        if self.transport is not None:
            self.transport.write(data)

    def done(self) -> None:
        """An answer that a thread made is sent: go on with the next request."""
        self._is_busy = False
        self._finish()
        while self._queue and not self._is_busy and self.transport is not None:
            environ, closes = self._queue.popleft()
            self._closes = closes
            self.since = self._front.loop.time()
            self._dispatch(environ, environ["wsgi.input"].getbuffer().nbytes)
        if not self._queue and not self._is_busy and self.transport is not None and self.on_room is None:
            self.transport.resume_reading()

    def _finish(self) -> None:
        self.since = None
        self.is_streaming = False
        if self.held_bytes:
            self._front.room.release(self)
        if self._closes and self.transport is not None:
            self.transport.close()
        else:
            self.idle_since = self._front.loop.time()

    def _wants_continue_now(self, environ: dict[str, Any], version: str) -> bool:
        return version == "1.1" and environ.get("HTTP_EXPECT", "").lower() == "100-continue"

    def _continue(self) -> None:
        if self._wants_continue and self.transport is not None:
            self._wants_continue = False
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _bad(self, status: int, message: str) -> None:
        """Refuse what is no request, and end the connection: where the next one would begin is not known."""
        self._environ = {}
        self._closes = True
        if self.transport is None or self.transport.is_closing():
            return
        if not self._is_busy:
            self.send(status, (("content-type", "text/plain; charset=utf-8"),), f"{message}\n".encode())
        self.transport.close()

    # The room for bodies.

    def wait_for_room(self) -> None:
        """Read nothing until there is room, for some seconds at most."""
        if self.transport is not None:
            self.transport.pause_reading()
            self.on_room = self._front.loop.call_later(LARGE_WAIT_SECONDS, self._front.room.give_up, self)

    def has_room(self) -> None:
        """Go on reading."""
        if self.on_room is not None:
            self.on_room.cancel()
            self.on_room = None
        if self.transport is not None:
            self.transport.resume_reading()
            self._continue()

    def has_no_room(self) -> None:
        """Refuse the request: there was no room for its body in time."""
        self.on_room = None
        if self.transport is None or not self._environ:
            return
        self._environ[REFUSED_KEY] = OverloadedError(
            "large_bodies", "too many large bodies are being read already", retry_after_seconds=10
        )
        self._closes = self._drops = True
        self._body = []
        self.on_message_complete()

    # What the front calls now and then.

    def is_due(self, now: float) -> bool:
        """Whether the client takes too long, or has not said anything for too long."""
        if self.since is None:
            return now - self.idle_since > IDLE_SECONDS
        if self.is_streaming:
            return False
        return now - self.since > (HEADER_SECONDS if self._in_head and not self._is_busy else REQUEST_SECONDS)

    def cut(self) -> None:
        """End at once."""
        if self.transport is not None:
            self.transport.abort()

    def stop(self) -> None:
        """End when nothing is under way; a connection that is new may still bring the request that it was made for."""
        self._closes = True
        if self.since is None and self._has_asked and self.transport is not None:
            self.transport.close()
