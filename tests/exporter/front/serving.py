"""A front that serves, and what reads its answers."""

from __future__ import annotations

import http.client
import signal
import socket
import threading
import time
from contextlib import contextmanager

from errtally.exporter.front import front as fronts
from errtally.exporter.front.front import Front
from errtally.exporter.ingest.request import REFUSED_KEY, WaitsError

BODY_LIMIT = 300_000


class Door:
    """Answers paths under /in/ on the loop with what it was sent."""

    def answer(self, environ, *, is_inline):
        path = environ["PATH_INFO"]
        if not path.startswith("/in/"):
            return None
        if path == "/in/later" and is_inline:
            raise WaitsError
        if REFUSED_KEY in environ:
            return 429, [], str(environ[REFUSED_KEY]).encode()
        body = environ["wsgi.input"].read()
        return 200, [("X-Path", path), ("X-Inline", str(is_inline))], body


class Application:
    """Answers everything, in threads; /wait waits until it is let go, /stream says a word each time."""

    def __init__(self):
        self.let_go = threading.Event()
        self.words = threading.Semaphore(0)
        self.closed = threading.Event()
        self.environ = {}

    def __call__(self, environ, start_response):
        self.environ = environ
        path = environ["PATH_INFO"]
        if path.startswith("/in/"):
            status, headers, body = Door().answer(environ, is_inline=False)
            start_response(f"{status} X", headers)
            return [body]
        if path == "/stream":
            start_response("200 OK", [("Content-Type", "text/event-stream")])
            return self._stream()
        if path == "/wait":
            assert self.let_go.wait(20)
        if path == "/fail":
            raise ZeroDivisionError
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"page ", path.encode("latin-1"), b"?", environ["QUERY_STRING"].encode(), environ["wsgi.input"].read()]

    def _stream(self):
        try:
            yield b"hello"
            while True:
                self.words.acquire()
                yield b"word"
        finally:
            self.closed.set()


class Served:
    def __init__(self):
        self.application = Application()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def ask(self, method, path, body=None, headers=None):
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            client.request(method, path, body, headers or {})
            answer = client.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            client.close()


@contextmanager
def serving(monkeypatch, **options):
    """Run the loop in a thread; signals can only be asked for in the main one, so the stop comes another way."""
    served = Served()
    stops = []
    monkeypatch.setattr(
        fronts.uvloop.Loop, "add_signal_handler", lambda _, number, call: stops.append((number, call)), raising=False
    )
    made = []
    ready = threading.Event()

    def run():
        front = Front(
            served.listener,
            Door(),
            served.application,
            body_bytes=BODY_LIMIT,
            larger_bodies=lambda path: 2 * BODY_LIMIT if path == "/in/upload" else 0,
            threads=options.get("threads", 4),
        )
        made.append(front)
        front.run(on_ready=ready.set)
        front.loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(20)
    served.front = made[0]

    def stop():
        number, call = stops[0]
        assert number == signal.SIGTERM
        stopped.set()
        served.front.loop.call_soon_threadsafe(call)

    stopped = threading.Event()
    served.stop = stop
    with served.listener:
        try:
            yield served
        finally:
            served.application.let_go.set()
            if not stopped.is_set():  # else the loop may have been closed
                stop()
            thread.join(20)
            assert not thread.is_alive()


class PatchableLoops:
    """The loop's own class can't be patched."""

    class Loop(fronts.uvloop.Loop):
        pass

    @classmethod
    def new_event_loop(cls):
        return cls.Loop()


def read_answers(connection, count):
    """Read whole answers with lengths off one connection: their statuses and bodies."""
    found, data = [], b""
    while len(found) < count:
        head, separator, rest = data.partition(b"\r\n\r\n")
        if separator:
            lines = head.split(b"\r\n")
            length = next(int(line[15:]) for line in lines if line.lower().startswith(b"content-length:"))
            if len(rest) >= length:
                found.append((int(lines[0].split(b" ")[1]), rest[:length]))
                data = rest[length:]
                continue
        more = connection.recv(65536)
        if not more:
            break
        data += more
    return found


def wait_until(what):
    end = time.monotonic() + 20
    while not what():
        assert time.monotonic() < end
        time.sleep(0.01)
