"""An ingest request and its answer, apart from any web framework."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from errtally.errors import OverloadedError
from errtally.exporter.ingest import body

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


MAX_LARGE_BODIES = 8
"""Bodies above `body.LARGE_BYTES` that one process holds at a time: each may take some 80 MB until it is decoded."""

LARGE_WAIT_SECONDS = 5.0

MAX_KNOWN_QUERIES = 1024
MAX_KNOWN_QUERY_CHARACTERS = 256

INLINE_KEY = "errtally.inline"
"""In the environment of a request that is answered on an event loop's own thread, which must not wait."""

REFUSED_KEY = "errtally.refused"
"""In the environment of a request whose body the server did not take: the error that says why."""

_large_bodies = threading.BoundedSemaphore(MAX_LARGE_BODIES)


class _Queries(dict[str, "Mapping[str, str]"]):
    """Query strings seen lately: each client sends its own with every request."""

    def __missing__(self, text: str) -> Mapping[str, str]:
        try:
            made = dict(reversed(parse_qsl(text, keep_blank_values=True, max_num_fields=100)))
        except ValueError:
            made = {}
        if len(text) <= MAX_KNOWN_QUERY_CHARACTERS:
            if len(self) >= MAX_KNOWN_QUERIES:
                self.clear()
            self[text] = made
        return made


_queries = _Queries()


class WaitsError(Exception):
    """The request takes longer than an event loop may be held up; nothing of it was taken, a thread can take it."""


class Request:
    """One request as the protocols see it; headers and body are looked at only when asked for.

    Args:
        environ: the WSGI environment (PEP 3333).
        received: when it came, seconds since the epoch.
        route: what the route's pattern caught in the path, such as ``project``.
        body_limit_bytes: the largest body to read.
        decompressed_limit_bytes: the most that it may decompress to.
    """

    def __init__(
        self,
        environ: Mapping[str, Any],
        *,
        received: float,
        route: Mapping[str, str],
        body_limit_bytes: int,
        decompressed_limit_bytes: int,
    ) -> None:
        self._environ = environ
        self.received = received
        self.route = route
        self.method: str = environ["REQUEST_METHOD"]
        self.path: str = environ["PATH_INFO"]
        self.query_string: str = environ.get("QUERY_STRING") or ""
        self._body_limit_bytes = body_limit_bytes
        self._decompressed_limit_bytes = decompressed_limit_bytes
        self._body: bytes | None = None
        self.is_large = False

    @property
    def remote_address(self) -> str:
        """Address of the peer."""
        return str(self._environ.get("REMOTE_ADDR") or "")

    @property
    def query(self) -> Mapping[str, str]:
        """Parameters of the query string; of one that comes twice, the first. With more than 100, none."""
        return _queries[self.query_string]

    def header(self, name: str) -> str:
        """One header's value by its lower-case name, "" when it was not sent."""
        if name == "content-type":
            return str(self._environ.get("CONTENT_TYPE") or "")
        return str(self._environ.get("HTTP_" + name.upper().replace("-", "_")) or "")

    def body(self) -> bytes:
        """Return the decompressed body; reads it the first time.

        Raises:
            TooLargeError, MalformedError: as `body.read` and `body.decompress`.
            OverloadedError: it is large, and there are too many large ones.
            WaitsError: it is large, and this is an event loop's thread.
        """
        if self._body is None:
            if REFUSED_KEY in self._environ:
                raise self._environ[REFUSED_KEY]
            length = self._environ.get("CONTENT_LENGTH")
            content_length = int(length[:19]) if length and length.isdecimal() else None
            if content_length is None and not self._environ.get("wsgi.input_terminated"):
                content_length = 0  # the server does not end the input, so reading it would wait for ever
            stream, hold = self._environ["wsgi.input"], self._hold_large
            raw = body.read(stream, content_length, self._body_limit_bytes, hold)
            encoding = self._environ.get("HTTP_CONTENT_ENCODING")
            self._body = body.decompress(raw, encoding, self._decompressed_limit_bytes, hold) if encoding else raw
        return self._body

    def _hold_large(self) -> None:
        """Wait for one of the few places that this process has for large bodies."""
        if not self.is_large:
            if INLINE_KEY in self._environ:
                raise WaitsError
            if not _large_bodies.acquire(timeout=LARGE_WAIT_SECONDS):
                raise OverloadedError(
                    "large_bodies", f"{MAX_LARGE_BODIES} large bodies are being read already", retry_after_seconds=10
                )
            self.is_large = True

    def release(self) -> None:
        """Give the place of a large body up; to be called when a request that ``is_large`` is answered."""
        if self.is_large:
            self.is_large = False
            _large_bodies.release()


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: status, body and the headers beside Content-Length."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = field(default=())
