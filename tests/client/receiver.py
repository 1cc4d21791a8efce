"""A server that takes what the client posts, strictly, and can be made to misbehave."""

from __future__ import annotations

import gzip
import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from tests import tls
from tests.waiting import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Receiver:
    """What has come in, in order, and how to answer.

    Attributes:
        bodies: path and decoded body of each post.
        answer: makes status, headers and body of the answer to the n-th post (from 0).
    """

    def __init__(self) -> None:
        self.bodies: list[tuple[str, Any]] = []
        self.raw: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.answer: Callable[[int], tuple[int, dict[str, str], bytes]] = lambda _: (200, {}, b'{"rejected":[]}')
        self.delay_seconds = 0.0
        self.url = ""
        self._lock = threading.Lock()

    def events(self) -> list[dict[str, Any]]:
        return [event for path, body in self.bodies if path.startswith("/api/events") for event in body["events"]]

    def requests(self) -> list[dict[str, Any]]:
        return [timing for path, body in self.bodies if path.startswith("/api/requests") for timing in body["requests"]]

    def discarded(self) -> dict[tuple[str, str], int]:
        found: dict[tuple[str, str], int] = {}
        for _, body in self.bodies:
            for entry in body.get("discarded", ()):
                key = entry["reason"], entry["category"]
                found[key] = found.get(key, 0) + entry["quantity"]
        return found

    def wait_for(self, condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"has not come: {self.bodies!r:.2000}"
            time.sleep(0.01)

    def take(self, path: str, headers: dict[str, str], raw: bytes) -> tuple[int, dict[str, str], bytes]:
        with self._lock:
            count = len(self.headers)
            self.headers.append(headers)
            status, extra, body = self.answer(count)
            if status < 300:
                content = gzip.decompress(raw) if headers.get("Content-Encoding") == "gzip" else raw
                self.raw.append(content)
                kind = headers.get("Content-Type", "")
                self.bodies.append((path, json.loads(content) if kind == "application/json" else content))
        return status, extra, body


@contextmanager
def receiving(port: int = 0, receiver: Receiver | None = None, *, behind_tls: bool = False) -> Iterator[Receiver]:
    """Run a receiver until the block ends."""
    receiver = receiver or Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_PUT(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(receiver.delay_seconds)
            status, headers, body = receiver.take(self.path, dict(self.headers), raw)
            try:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except ConnectionError:
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            """Keep the tests' output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    if behind_tls:
        tls.wrap(server)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    receiver.url = f"{'https' if behind_tls else 'http'}://127.0.0.1:{server.server_port}"
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
