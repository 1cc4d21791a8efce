"""Reads requests off one connection's bytes: heads, bodies and where each ends. Runs on the event loop alone.

llhttp says what is a request (RFC 9112); what its head may ask for is decided in `heads`, how much of it is read here.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import httptools
import structlog

from errtally.exporter.front.environment import add_header
from errtally.exporter.front.heads import framing, problem
from errtally.exporter.ingest.request import REFUSED_KEY

if TYPE_CHECKING:
    from errtally.errors import OverloadedError
    from errtally.exporter.front.connection import Connection
    from errtally.exporter.front.front import Front

HEADER_BYTES = 64 * 1024
MAX_HEADERS = 100

SMALL_BYTES = 64 * 1024
"""A body above this takes of the room that all bodies share."""

MAX_DRAIN_BYTES = 64 * 1024 * 1024
"""A body that is too large is read up to here and dropped: many clients look for an answer only when they sent all."""

_log = structlog.get_logger(__name__)


class Reading:
    """What comes in on one connection.

    Args:
        connection: gets whole requests, and what is none.
        front: whose limits hold.
        address: of the client.

    Attributes:
        environ: of the request that is on its way, as WSGI has it; empty while there is none.
        in_head: whether a head is coming that is not all there.
        is_over: nothing that comes from here on is read: the last request said so, or it was none.
        wants_continue: whether the client waits to be told that it may send its body.
    """

    __slots__ = (
        "_address", "_body", "_closes", "_connection", "_drops", "_field_bytes", "_front", "_headers",
        "_is_repeating", "_is_upgrade", "_length", "_limit", "_messages", "_parser", "_quiet_bytes", "_size",
        "_target", "environ", "in_head", "is_over", "wants_continue",
    )  # fmt: skip

    def __init__(self, connection: Connection, front: Front, address: str) -> None:
        self._connection = connection
        self._front = front
        self._address = address
        self._parser = httptools.HttpRequestParser(self)
        self.environ: dict[str, Any] = {}
        self._target = b""
        self._body: bytes | bytearray = b""
        self._size = self._headers = self._field_bytes = self._quiet_bytes = self._messages = 0
        self._limit = 0
        self._length: int | None = None
        self.in_head = True
        self.is_over = False
        self.wants_continue = False
        self._closes = self._drops = self._is_upgrade = self._is_repeating = False

    def feed(self, data: bytes) -> None:
        """Take bytes; whole requests go to the connection."""
        if self.is_over:
            return
        messages, size = self._messages, self._size
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as exc:
            self._ignore_upgrade(data[exc.args[0] :])
            return
        except httptools.HttpParserCallbackError:
            _log.exception("a request failed")
            self._refuse(500, "the exporter failed; its log says why")
            return
        except httptools.HttpParserError as exc:
            self._refuse(400, f"not a request: {exc}")
            return
        if self._messages != messages or self._size != size:
            self._quiet_bytes = 0
            return
        # Neither a new request nor more of a body: a head, or what may stand between and behind chunks.
        self._quiet_bytes += len(data)
        if self._quiet_bytes > HEADER_BYTES:
            self._refuse(431, f"more than {HEADER_BYTES} bytes of headers")

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Begin a request."""
        if self._is_repeating:
            return
        self._messages += 1
        self._connection.begins()
        self.environ = {} if self.is_over else self._front.environ(self._address)
        self._target = b""
        self._headers = self._field_bytes = self._size = 0
        self._body = b""
        self.in_head = True
        self._drops = self.wants_continue = False

    def on_url(self, part: bytes) -> None:
        """Take (a part of) the target."""
        if not self._is_repeating:
            self._target += part
            self._field_bytes += len(part)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header; what comes as one behind the last chunk (a trailer) is none, and stays unread."""
        if self.in_head and not self.is_over:
            self._headers += 1
            self._field_bytes += len(name) + len(value)
            add_header(self.environ, name, value)

    def on_headers_complete(self) -> None:
        """Look at the head: what is too large is dropped unread."""
        self.in_head = False
        if self._is_repeating:
            self._is_repeating = False
            return
        environ, parser = self.environ, self._parser
        if not environ:
            return
        version = parser.get_http_version()
        environ["REQUEST_METHOD"] = parser.get_method().decode("latin-1")
        environ["SERVER_PROTOCOL"] = f"HTTP/{version}"
        self._closes = not parser.should_keep_alive()
        self._is_upgrade = parser.should_upgrade()
        if self._headers > MAX_HEADERS or self._field_bytes > HEADER_BYTES:
            self._refuse(431, f"more than {MAX_HEADERS} headers, or than {HEADER_BYTES} bytes of them")
            return
        wrong = problem(environ, self._target, version)
        if wrong is not None:
            self._refuse(*wrong)
            return
        length = environ.get("CONTENT_LENGTH")
        self._length = int(length[:19]) if length and length.isdecimal() else None
        self._limit = self._front.body_bytes
        if self._front.larger_bodies is not None and (self._length is None or self._length > self._limit):
            self._limit = max(self._limit, self._front.larger_bodies(environ["PATH_INFO"]))
        if self._length is not None and self._length > self._limit:
            self._drops = True
        else:
            self.wants_continue = version == "1.1" and environ.get("HTTP_EXPECT", "").lower() == "100-continue"
            if self._length is not None and self._length > SMALL_BYTES:
                self._front.room.ask(self._connection, self._length)
        if self.wants_continue:
            self._connection.may_continue()

    def on_body(self, part: bytes) -> None:
        """Take a part of the body."""
        if not self.environ:
            return
        self._size += len(part)
        if self._drops:
            if self._size > MAX_DRAIN_BYTES:
                self._closes = True
                self.on_message_complete()  # what follows is not read
            return
        if not self._body:
            self._body = part
        else:
            # As one piece: a body in chunks of a byte or two would take many times its size as a list of them.
            if isinstance(self._body, bytes):
                self._body = bytearray(self._body)
            self._body += part
        if self._size > SMALL_BYTES and not self._connection.holds_room:
            self._front.room.ask(self._connection, self._length or self._limit)  # in chunks: nobody knows how much
        if self._size > self._limit:
            self._drops = True  # one byte more than the limit tells the reader that it is too large

    def on_message_complete(self) -> None:
        """Hand the request over."""
        environ = self.environ
        if not environ or self._is_upgrade:
            return
        self.environ = {}
        if self._connection.on_room is not None:  # all of it came before reading was stopped
            self._front.room.leave(self._connection)
        body = b"" if self._drops and self._length is not None else bytes(self._body)  # refused by its length alone
        self._body = b""
        environ["wsgi.input"] = io.BytesIO(body)
        self.is_over = self._closes
        self._connection.take(environ, len(body), closes=self._closes)

    def refuse_body(self, error: OverloadedError) -> None:
        """Hand the request over without its body, which nobody reads any more."""
        if self.environ:
            self.environ[REFUSED_KEY] = error
            self._closes = self._drops = True
            self._is_upgrade = False
            self._body = b""
            self.on_message_complete()

    def _ignore_upgrade(self, rest: bytes) -> None:
        """Go on with a request that offers to change the protocol: it is answered as if it had not (RFC 9110 7.8).

        Java's client offers HTTP/2 with each first request, with a body as with none. The parser stops behind such a
        head, so another one gets the same head without the offer.
        """
        self._is_upgrade = False
        if not self.environ:
            return
        self._parser = httptools.HttpRequestParser(self)
        self._is_repeating = True
        self.feed(b"POST / HTTP/1.1\r\n" + framing(self.environ) + b"\r\n" + rest)

    def _refuse(self, status: int, message: str) -> None:
        """End: where the next request would begin is not known."""
        if not self.is_over:
            self.is_over = True
            self.environ = {}
            self._connection.refuse(status, message)
