"""The HTTP server over real sockets: what HTTP promises a client, and that nobody is held up by another."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import threading
import time
from contextlib import contextmanager, suppress

import pytest

from errtally.exporter.front import connection as connections
from errtally.exporter.front import front as fronts
from errtally.exporter.front.front import Front
from errtally.exporter.ingest.request import INLINE_KEY, REFUSED_KEY, WaitsError

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


@pytest.fixture
def served(monkeypatch):
    monkeypatch.setattr(fronts, "uvloop", _PatchableLoops)
    with serving(monkeypatch) as found:
        yield found


class _PatchableLoops:
    """The loop's own class can't be patched."""

    class Loop(fronts.uvloop.Loop):
        pass

    @classmethod
    def new_event_loop(cls):
        return cls.Loop()


def _read_answers(connection, count):
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


def test_an_ingest_request_is_answered_on_the_loop_and_a_page_in_a_thread(served):
    status, headers, body = served.ask("POST", "/in/a", b"sent")
    assert (status, headers["X-Path"], headers["X-Inline"], body) == (200, "/in/a", "True", b"sent")
    assert "date" in {name.lower() for name in headers}
    assert served.ask("GET", "/a%20b%C3%A9?x=%20y")[2] == b"page /a b\xc3\xa9?x=%20y"
    assert served.application.environ["REMOTE_ADDR"] == "127.0.0.1"


def test_requests_sent_at_once_are_answered_in_their_order(served):
    requests = [b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n"]
    requests += [b"POST /in/%d HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n%d" % (n, n) for n in range(5)]
    with served.connect() as client:
        client.sendall(b"".join(requests))
        client.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.recv(1)
        client.settimeout(20)
        served.application.let_go.set()
        answers = _read_answers(client, 6)
    assert [body for _, body in answers] == [b"page /wait?", b"0", b"1", b"2", b"3", b"4"]


def test_who_sends_more_than_waits_gets_the_answers_to_what_was_taken(served, monkeypatch):
    """A socket that is closed with something unread in it is reset, and the reset takes answers away."""
    ask = b"POST /in/a HTTP/1.1\r\nHost: x\r\nX-Pad: %s\r\nContent-Length: 2000\r\n\r\n%s" % (b"p" * 500, b"b" * 2000)
    monkeypatch.setattr(connections, "MAX_QUEUED", 8)
    with served.connect() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)

        def send():
            with suppress(ConnectionError):
                client.sendall(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n" + ask * 300)

        sender = threading.Thread(target=send)
        sender.start()
        deadline = time.monotonic() + 20
        while not any(len(one._queue) == connections.MAX_QUEUED for one in list(served.front._connections)):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        served.application.let_go.set()
        while served.front._connections and not served.front.unread:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        answers = _read_answers(client, 1 + connections.MAX_QUEUED)
        assert [len(body) for _, body in answers] == [len(b"page /wait?")] + [2000] * connections.MAX_QUEUED
        assert client.recv(1) == b""
        sender.join(20)
        assert not sender.is_alive()
    assert served.ask("POST", "/in/a", b"next")[2] == b"next"


@pytest.mark.parametrize("limit", ["LINGER_SECONDS", "LINGER_BYTES"])
def test_who_sends_on_behind_the_last_answer_is_cut_in_the_end(served, monkeypatch, limit):
    monkeypatch.setattr(connections, limit, 0.2 if limit == "LINGER_SECONDS" else 100_000)
    with served.connect() as client:
        client.sendall(b"POST /in/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1\r\n\r\n1")
        assert _read_answers(client, 1) == [(200, b"1")]
        assert client.recv(1) == b""
        deadline = time.monotonic() + 20
        with suppress(ConnectionError):
            while time.monotonic() < deadline:
                client.sendall(b"x" * 10_000)
        assert time.monotonic() < deadline
    while served.front._connections:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_slow_page_and_slow_bodies_hold_nobody_up(served):
    slow = [served.connect() for _ in range(40)]
    for number, client in enumerate(slow):
        client.sendall(
            b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n"
            if number < 10
            else b"POST /in/x HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nslo"
        )
    assert served.ask("POST", "/in/a", b"quick")[2] == b"quick"
    for client in slow[10:]:
        client.sendall(b"w body")
        assert _read_answers(client, 1) == [(200, b"slow body")]
    for client in slow:
        client.close()


def test_a_body_in_chunks_and_one_that_was_asked_for_arrive_whole(served):
    with served.connect() as client:
        client.sendall(
            b"POST /in/c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
        )
        assert _read_answers(client, 1) == [(200, b"abcde")]
        client.sendall(b"POST /in/c HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"ok")
        assert _read_answers(client, 1) == [(200, b"ok")]


def test_what_takes_long_goes_to_a_thread_with_its_body(served):
    status, headers, body = served.ask("POST", "/in/later", b"sent")
    assert (status, headers["X-Inline"], body) == (200, "False", b"sent")
    large = b"x" * (connections.INLINE_BYTES + 1)
    status, headers, body = served.ask("POST", "/in/a", large)
    assert (status, headers["X-Inline"], body == large) == (200, "False", True)
    assert INLINE_KEY not in served.application.environ


@pytest.mark.parametrize(
    ("head", "length"),
    [
        pytest.param("Content-Length: 400000", 400_000, id="by its length"),
        pytest.param("Transfer-Encoding: chunked", BODY_LIMIT + 1, id="in chunks"),
    ],
)
def test_a_body_beyond_the_limit_is_read_to_its_end_and_not_kept(served, head, length):
    with served.connect() as client:
        client.sendall(b"POST /in/a HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n" % head.encode())
        sent = b"y" * 400_000
        client.sendall(b"%x\r\n%s\r\n0\r\n\r\n" % (len(sent), sent) if "chunked" in head else sent)
        [(status, body)] = _read_answers(client, 1)
        assert status == 200
        assert len(body) < 700_000
        assert served.front.room._holders == {}
        if "chunked" not in head:
            assert body == b""  # the reader tells by the length that it is too large
        else:
            assert len(body) >= length
        client.sendall(b"POST /in/b HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1")
        assert _read_answers(client, 1) == [(200, b"1")]


@pytest.mark.parametrize("head", ["Content-Length: 400000", "Transfer-Encoding: chunked"])
def test_where_files_are_uploaded_a_body_may_be_larger(served, head):
    with served.connect() as client:
        sent = b"y" * 400_000
        client.sendall(b"POST /in/upload HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n" % head.encode())
        client.sendall(b"%x\r\n%s\r\n0\r\n\r\n" % (len(sent), sent) if "chunked" in head else sent)
        assert _read_answers(client, 1) == [(200, sent)]


def test_who_finds_no_room_for_a_body_waits_and_is_refused_in_the_end(served, monkeypatch):
    monkeypatch.setattr(connections, "LARGE_WAIT_SECONDS", 0.2)
    served.front.room._free = 0
    with served.connect() as client:
        client.sendall(b"POST /in/a HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
        assert _read_answers(client, 1) == [(429, b"too many large bodies are being read already")]
    assert not served.front.room._waiting


def test_a_body_that_came_at_once_needs_no_room(served):
    with served.connect() as client:
        client.sendall(b"POST /in/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1")
        _read_answers(client, 1)
        [one] = served.front._connections
        served.front.room._free = 0
        whole = b"POST /in/a HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n" + b"a" * 70_000
        served.front.loop.call_soon_threadsafe(one.data_received, whole)
        assert _read_answers(client, 1) == [(200, b"a" * 70_000)]
        client.sendall(b"POST /in/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n2")
        assert _read_answers(client, 1) == [(200, b"2")]
    assert not served.front.room._waiting


def test_room_that_is_given_back_goes_to_who_waits(served):
    room = served.front.room
    room._free = room._total = 150_000
    with served.connect() as first, served.connect() as second:
        first.sendall(b"POST /in/a HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + b"a" * 70_000)
        _wait_until(lambda: room._holders)
        second.sendall(b"POST /in/b HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
        _wait_until(lambda: room._waiting)
        first.sendall(b"a" * 30_000)
        assert _read_answers(first, 1) == [(200, b"a" * 100_000)]
        second.sendall(b"b" * 100_000)
        assert _read_answers(second, 1) == [(200, b"b" * 100_000)]
    assert room._free == 150_000


def _wait_until(what):
    end = time.monotonic() + 20
    while not what():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_stream_is_sent_as_it_comes_and_ends_with_its_client(served):
    with served.connect() as client:
        client.sendall(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
        received = b""
        while b"5\r\nhello\r\n" not in received:
            received += client.recv(1000)
        assert b"transfer-encoding: chunked" in received
        served.application.words.release()
        assert client.recv(1000) == b"4\r\nword\r\n"
    deadline = time.monotonic() + 20
    while not served.application.closed.is_set():
        served.application.words.release()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_page_that_fails_is_a_500_and_the_next_one_is_served(served, monkeypatch):
    monkeypatch.setattr("errtally.exporter.front.pages._log.exception", lambda *_, **__: None)
    assert served.ask("GET", "/fail")[0] == 500
    assert served.ask("GET", "/ok")[0] == 200


def test_head_has_the_length_and_no_body(served):
    status, _, body = served.ask("HEAD", "/x")
    assert (status, body) == (200, b"")


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"hello\r\n\r\n", id="no HTTP"),
        pytest.param(b"GET / HTTP/1.1\r\nX: %s\r\n\r\n" % (b"a" * 100_000), id="a long header"),
        pytest.param(b"GET / HTTP/1.1\r\n%s\r\n" % (b"X: a\r\n" * 200), id="many headers"),
        pytest.param(
            b"POST /in/a HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", id="two lengths"
        ),
    ],
)
def test_what_is_no_request_is_refused_and_ends_the_connection(served, sent):
    with served.connect() as client:
        client.sendall(sent)
        received = b""
        try:
            while more := client.recv(65536):
                received += more
        except ConnectionError:  # it closed before it had read all
            pass
    assert not received or received.split(b" ")[1][:1] == b"4"
    assert served.ask("POST", "/in/a", b"x")[0] == 200


def test_a_header_with_an_underscore_does_not_pass_for_one_with_a_dash(served):
    served.ask("GET", "/x", headers={"X_Forwarded_For": "6.6.6.6", "X-Other": "1"})
    assert "HTTP_X_FORWARDED_FOR" not in served.application.environ
    assert served.application.environ["HTTP_X_OTHER"] == "1"


def test_a_client_that_takes_too_long_is_cut(served, monkeypatch):
    monkeypatch.setattr(connections, "HEADER_SECONDS", 0.2)
    monkeypatch.setattr(connections, "REQUEST_SECONDS", 0.2)
    with served.connect() as head, served.connect() as body:
        head.sendall(b"GET / HT")
        body.sendall(b"POST /in/a HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1")
        for client in (head, body):
            with suppress(ConnectionResetError):
                assert client.recv(10) == b""


def test_with_all_places_taken_the_longest_idle_connection_gives_way(served, monkeypatch):
    monkeypatch.setattr(fronts, "MAX_CONNECTIONS", 3)
    clients = [served.connect() for _ in range(3)]
    for client in clients:
        client.sendall(b"POST /in/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1")
        assert _read_answers(client, 1) == [(200, b"1")]
    assert served.ask("POST", "/in/a", b"new")[2] == b"new"
    with suppress(ConnectionResetError):
        assert clients[0].recv(1) == b""
    for client in clients:
        client.close()


def test_a_stop_lets_what_is_under_way_end_and_cuts_what_does_not(served):
    with served.connect() as idle, served.connect() as busy, served.connect() as endless:
        idle.sendall(b"POST /in/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1")
        assert _read_answers(idle, 1) == [(200, b"1")]
        busy.sendall(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
        endless.sendall(b"POST /in/a HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1")
        deadline = time.monotonic() + 20
        while served.front.pages._waiting == 0:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        served.stop()
        assert idle.recv(10) == b""
        served.application.let_go.set()
        received = b""
        while more := busy.recv(1000):
            received += more
        assert b"connection: close" in received
        assert received.endswith(b"page /wait?")
        with suppress(ConnectionResetError):
            assert endless.recv(10) == b""


def test_descriptors_are_not_inherited_by_programs_that_a_worker_starts(served):
    with served.connect() as client:
        client.sendall(b"POST /in/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1")
        _read_answers(client, 1)
        [one] = served.front._connections
        assert not os.get_inheritable(one.transport.get_extra_info("socket").fileno())
