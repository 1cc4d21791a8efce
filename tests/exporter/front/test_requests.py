"""Forms of requests by which a server and the proxy in front of it can come to disagree, and clients that misbehave.

What is sent here is what test suites of HTTP parsers demand (RFC 9110, RFC 9112).
"""

from __future__ import annotations

import re
import socket

import pytest
from tests.exporter.front.serving import Application, Door, read_answers, wait_until

from errtally.exporter.front import connection as connections
from errtally.exporter.front import front as fronts
from errtally.exporter.front import reading as readings

POST = b"POST /in/a HTTP/1.1\r\nHost: x\r\n"
CODED = POST + b"Transfer-Encoding"
CHUNKED = CODED + b": chunked\r\n\r\n"
LARGE = 8_000_000
NEXT = b"POST /in/next HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nn"


@pytest.fixture
def asked(monkeypatch):
    """The paths that the application or the door were asked for, in their order."""
    paths = []
    door = Door.answer
    monkeypatch.setattr(
        Door,
        "answer",
        lambda self, environ, *, is_inline: (
            paths.append(environ["PATH_INFO"]) or door(self, environ, is_inline=is_inline)
        ),
    )
    return paths


def exchange(served, sent, *, ends=True):
    """Send all at once, and no more when ``ends``; return what comes back until the server closes."""
    with served.connect() as client:
        client.sendall(sent)
        if ends:
            client.shutdown(socket.SHUT_WR)
        return read_to_end(client)


def read_to_end(client):
    received = b""
    try:
        while more := client.recv(65536):
            received += more
    except ConnectionError:
        pass
    return received


def statuses(received):
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", received)]


@pytest.mark.parametrize(
    ("status", "sent"),
    [
        pytest.param(400, POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", id="both"),
        pytest.param(400, CODED + b": chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", id="chunks and a length"),
        pytest.param(400, b"POST /in/a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", id="old"),
        pytest.param(501, CODED + b": gzip, chunked\r\n\r\n0\r\n\r\n", id="gzip, chunked"),
        pytest.param(501, CODED + b": xchunked\r\n\r\n0\r\n\r\n", id="an unknown transfer coding"),
        pytest.param(400, CODED + b": chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", id="chunked twice"),
        pytest.param(400, CODED + b": \x0bchunked\r\n\r\n0\r\n\r\n", id="a vertical tab in front of chunked"),
        pytest.param(400, CODED + b":\r\n chunked\r\n\r\n0\r\n\r\n", id="chunked on a folded line"),
        pytest.param(400, CODED + b" : chunked\r\nContent-Length: 1\r\n\r\na", id="a blank in front of the colon"),
        pytest.param(400, POST + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\na", id="the same length twice"),
        pytest.param(400, POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", id="two lengths"),
        pytest.param(400, POST + b"Content-Length: 1, 1\r\n\r\na", id="a list of lengths"),
        pytest.param(400, POST + b"Content-Length: +1\r\n\r\na", id="a length with a sign"),
        pytest.param(400, POST + b"Content-Length: 0x1\r\n\r\na", id="a length in base 16"),
        pytest.param(400, POST + b"Content-Length: \r\n\r\n", id="an empty length"),
        pytest.param(400, POST + b"Content-Length: 99999999999999999999999\r\n\r\na", id="a length beyond 64 bits"),
        pytest.param(400, CHUNKED + b"fffffffffffffffff\r\na\r\n0\r\n\r\n", id="a chunk beyond 64 bits"),
        pytest.param(400, CHUNKED + b"0x1\r\na\r\n0\r\n\r\n", id="a chunk's size with 0x"),
        pytest.param(400, CHUNKED + b"-1\r\na\r\n0\r\n\r\n", id="a negative chunk"),
        pytest.param(400, CHUNKED + b"1\na\n0\n\n", id="chunks with bare line feeds"),
        pytest.param(400, CHUNKED + b"1;x\na\r\n0\r\n\r\n", id="a chunk extension that ends in a line feed"),
        pytest.param(400, CHUNKED + b"1\r\nab\r\n0\r\n\r\n", id="a chunk longer than it says"),
        pytest.param(400, b"GET /in/a HTTP/1.1\r\nHost: x\r\nX-A: b\r\n c\r\n\r\n", id="a folded header"),
        pytest.param(400, b"GET /in/a HTTP/1.1\nHost: x\n\n", id="bare line feeds"),
        pytest.param(400, b"GET /in/a HTTP/1.1\r\nHost: x\rX-B: c\r\n\r\n", id="a bare carriage return"),
        pytest.param(400, b"GET /in/a HTTP/1.1\r\nHost: x\r\nX-A: b\x00c\r\n\r\n", id="NUL in a value"),
        pytest.param(400, b"GET /in/a HTTP/1.1\r\nHost: x\r\nX\x00A: b\r\n\r\n", id="NUL in a name"),
        pytest.param(400, b"GET /in/a\x00b HTTP/1.1\r\nHost: x\r\n\r\n", id="NUL in the target"),
        pytest.param(400, b"GET /in/a b HTTP/1.1\r\nHost: x\r\n\r\n", id="a blank in the target"),
        pytest.param(400, b"GET /in/a HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n", id="a header without a name"),
        pytest.param(400, b"GET /in/a HTTP/1.1\r\nHost: x\r\nfoo\r\n\r\n", id="a header without a colon"),
        pytest.param(400, b"GET /in/a HTTP/1.1\r\n\r\n", id="no Host"),
        pytest.param(400, b"GET /in/a HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", id="two Hosts"),
        pytest.param(400, b"GET in/a HTTP/1.1\r\nHost: x\r\n\r\n", id="a target that is no path"),
        pytest.param(400, b"GET ftp://x/in/a HTTP/1.1\r\nHost: x\r\n\r\n", id="an address of another scheme"),
        pytest.param(400, b"GET http:///in/a HTTP/1.1\r\nHost: x\r\n\r\n", id="an address without a host"),
        pytest.param(400, b"GET * HTTP/1.1\r\nHost: x\r\n\r\n", id="an asterisk for another method than OPTIONS"),
        pytest.param(400, b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n", id="CONNECT"),
        pytest.param(400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", id="HTTP/2 without being asked"),
        pytest.param(505, b"GET /in/a HTTP/2.0\r\nHost: x\r\n\r\n", id="HTTP/2.0 in words"),
        pytest.param(505, b"GET /in/a\r\n\r\n", id="HTTP/0.9"),
        pytest.param(431, b"GET /in/a HTTP/1.1\r\nHost: x\r\n" + b"X: a\r\n" * 200 + b"\r\n", id="many headers"),
    ],
)  # fmt: skip
def test_what_a_proxy_may_read_in_another_way_is_refused_with_all_that_follows(served, asked, status, sent):
    received = exchange(served, sent + NEXT, ends=False)
    assert statuses(received) == [status]
    assert b"connection: close" in received
    assert asked == [], "neither the request nor what may be one behind it was looked at"


@pytest.mark.parametrize(
    ("sent", "body"),
    [
        pytest.param(CHUNKED + b'1;name=value;other="a b"\r\na\r\n0;last\r\n\r\n', b"a", id="chunk extensions"),
        pytest.param(CHUNKED + b"0" * 500 + b"1\r\na\r\n000\r\n\r\n", b"a", id="zeros in front of a chunk's size"),
        pytest.param(b"\r\n\r\n" + NEXT, b"n", id="empty lines in front"),
        pytest.param(b"POST http://x/in/a HTTP/1.1\r\nHost: y\r\nContent-Length: 1\r\n\r\na", b"a", id="an address"),
        pytest.param(b"POST /in/a HTTP/1.1\r\nhOsT: x\r\ncontent-LENGTH: 1\r\n\r\na", b"a", id="any case"),
    ],
)
def test_what_is_unusual_and_right_is_answered(served, sent, body):
    received = exchange(served, sent + NEXT.replace(b"Host: x", b"Host: x\r\nConnection: close"), ends=False)
    assert statuses(received) == [200, 200]
    assert received.split(b"\r\n\r\n")[1].split(b"HTTP")[0] == body


def test_the_host_of_an_address_counts_before_the_header(served):
    exchange(served, b"GET http://u:p@other.example:81/x?y HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert served.application.environ["HTTP_HOST"] == "other.example:81"
    assert served.application.environ["PATH_INFO"] == "/x"


def test_trailers_are_no_headers(served):
    trailers = b"Host: evil\r\nAuthorization: Bearer k\r\nContent-Encoding: gzip\r\n"
    head = b"POST /page HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    received = exchange(served, head + b"1\r\na\r\n0\r\n" + trailers + b"\r\n")
    assert received.endswith(b"page /page?a")
    environ = served.application.environ
    assert environ["HTTP_HOST"] == "x"
    assert not {"HTTP_AUTHORIZATION", "HTTP_CONTENT_ENCODING"} & set(environ)


@pytest.mark.parametrize(
    "endless",
    [
        pytest.param(b"1\r\na\r\n0\r\nX-Trailer: ", id="a trailer"),
        pytest.param(b"1\r\na\r\n0\r\nA: b\r\n", id="trailers"),
        pytest.param(b"1\r\na\r\n1;name=", id="a chunk extension"),
        pytest.param(b"1\r\na\r\n0000", id="a chunk's size"),
    ],
)
def test_what_is_no_body_has_a_limit_behind_the_head_too(served, endless):
    with served.connect() as client:
        client.sendall(CHUNKED + endless)
        piece = b"A: b\r\n" * 1000 if endless.endswith(b"\n") else b"0" * 6000
        sent = 0
        try:
            while sent < 100 * readings.HEADER_BYTES:
                client.sendall(piece)
                sent += len(piece)
        except ConnectionError:
            pass
        assert sent < 100 * readings.HEADER_BYTES


@pytest.mark.parametrize(
    ("head", "body"),
    [
        pytest.param(b"Content-Length: 3", b"abc", id="with a length"),
        pytest.param(b"Transfer-Encoding: chunked", b"3\r\nabc\r\n0\r\n\r\n", id="in chunks"),
    ],
)
@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "in pieces"])
def test_a_body_arrives_though_another_protocol_was_offered(served, head, body, at_once):
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\n"
    request = b"POST /in/a HTTP/1.1\r\nHost: x\r\n" + offer + head + b"\r\n\r\n"
    with served.connect() as client:
        for piece in [request + body] if at_once else [request, *(bytes([byte]) for byte in body)]:
            client.sendall(piece)
        assert read_answers(client, 1) == [(200, b"abc")]
        client.sendall(NEXT)
        assert read_answers(client, 1) == [(200, b"n")]


def test_a_web_socket_that_is_asked_for_is_a_request_like_any_other(served):
    offer = b"GET /page HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    received = exchange(served, offer + NEXT)
    assert statuses(received) == [200, 200]


@pytest.mark.parametrize("last", [b"HTTP/1.1\r\nHost: x\r\nConnection: close", b"HTTP/1.0"], ids=["close", "HTTP/1.0"])
def test_every_request_that_was_sent_at_once_is_answered_before_the_connection_ends(served, last):
    served.application.let_go.set()
    sent = b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\nGET /c %s\r\n\r\n" % last
    received = exchange(served, sent + NEXT, ends=False)
    assert [received.count(b"page /%s" % path) for path in (b"wait", b"b", b"c")] == [1, 1, 1]
    assert statuses(received) == [200, 200, 200]


def test_a_request_is_answered_before_the_garbage_behind_it_is_refused(served):
    served.application.let_go.set()
    assert statuses(exchange(served, b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\ngarbage\r\n\r\n", ends=False)) == [200, 400]


def test_a_client_that_only_sends_no_more_gets_all_its_answers(served):
    served.application.let_go.set()
    received = exchange(served, b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n")
    assert statuses(received) == [200, 200]


def test_http_1_0_may_keep_its_connection(served):
    sent = b"GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /b HTTP/1.0\r\n\r\n"
    received = exchange(served, sent, ends=False)
    assert statuses(received) == [200, 200]
    assert received.count(b"connection: keep-alive") == 1
    assert received.count(b"connection: close") == 1


def test_requests_that_wait_behind_a_slow_one_are_limited(served):
    with served.connect() as client:
        client.sendall(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n" + b"GET /b HTTP/1.1\r\nHost: x\r\n\r\n" * 200)
        wait_until(lambda: [one for one in served.front._connections if len(one._queue) == connections.MAX_QUEUED])
        [one] = served.front._connections
        assert len(one._queue) <= connections.MAX_QUEUED
        served.application.let_go.set()
        received = read_to_end(client)
    assert statuses(received) == [200] * (connections.MAX_QUEUED + 1)


def test_head_of_a_live_stream_is_its_head_alone(served):
    received = exchange(served, b"HEAD /stream HTTP/1.1\r\nHost: x\r\n\r\n" + NEXT, ends=True)
    assert statuses(received) == [200, 200]
    assert b"hello" not in received


def test_a_client_that_does_not_take_its_answers_is_not_read_on(served, monkeypatch):
    calls = []
    monkeypatch.setattr(Application, "__call__", lambda *args: calls.append(1) or _large_page(*args))
    with served.connect() as other, served.connect() as client:
        client.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until(lambda: served.front.unread)
        client.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
        for _ in range(20):
            other.sendall(NEXT)
            assert read_answers(other, 1) == [(200, b"n")]
        assert len(calls) == 1
        received = 0
        while received < 21 * LARGE:
            received += len(client.recv(1_000_000))
    assert len(calls) == 21


def test_answers_that_nobody_takes_are_kept_up_to_a_limit(served, monkeypatch):
    # The kernel takes megabytes of each answer: of six, more than one stays here for certain.
    monkeypatch.setattr(fronts, "UNREAD_BYTES", LARGE)
    calls = []
    monkeypatch.setattr(Application, "__call__", lambda *args: calls.append(1) or _large_page(*args))
    clients = [served.connect() for _ in range(6)]
    for client in clients:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
    wait_until(lambda: len(calls) == len(clients))
    wait_until(lambda: len(served.front._connections) < len(clients))
    wait_until(lambda: sum(one.unread_bytes() for one in list(served.front._connections)) <= LARGE)
    for client in clients:
        client.close()


def _large_page(_, __, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"x" * LARGE]


def test_a_client_that_leaves_a_live_stream_unread_is_cut(served, monkeypatch):
    monkeypatch.setattr(connections, "UNREAD_SECONDS", 0.2)
    monkeypatch.setattr(Application, "_stream", _endless)
    with served.connect() as client:
        client.sendall(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until(served.application.closed.is_set)


def _endless(self):
    try:
        while True:
            yield b"w" * 65536
    finally:
        self.closed.set()


def test_room_for_bodies_is_given_back_whole_when_two_are_sent_at_once(served):
    room = served.front.room
    total = room._free
    large = POST + b"Content-Length: 200000\r\n\r\n" + b"a" * 200_000
    for _ in range(3):
        with served.connect() as client:
            client.sendall(large + large)
            assert read_answers(client, 2) == [(200, b"a" * 200_000)] * 2
    wait_until(lambda: room._free == total)


def test_a_body_whose_sender_waits_keeps_its_room_when_the_page_before_it_is_sent(served):
    room = served.front.room
    total = room._free
    with served.connect() as client:
        client.sendall(
            b"GET /page HTTP/1.1\r\nHost: x\r\n\r\nPOST /in/a HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\na"
        )
        assert [body for _, body in read_answers(client, 1)] == [b"page /page?"]
        wait_until(lambda: not served.front.pages._writable)  # the answer's thread is done
        assert room._free == total - 200_000
    wait_until(lambda: room._free == total)


def test_a_body_in_chunks_of_one_byte_takes_its_size_and_not_many_times_that(served):
    sent = CHUNKED + b"2\r\nab\r\n" * 100_000
    with served.connect() as client:
        client.sendall(sent)
        wait_until(lambda: [one for one in served.front._connections if one._reading._size == 200_000])
        [one] = served.front._connections
        assert isinstance(one._reading._body, bytearray)
        client.sendall(b"0\r\n\r\n")
        assert read_answers(client, 1) == [(200, b"ab" * 100_000)]


def test_a_defect_is_no_bad_request(served, monkeypatch):
    logged = []
    monkeypatch.setattr(readings._log, "exception", lambda *_, **__: logged.append(1))
    monkeypatch.setattr(Door, "answer", lambda *_, **__: 1 / 0)
    received = exchange(served, NEXT, ends=False)
    assert statuses(received) == [500]
    assert logged == [1]


def test_a_head_behind_a_large_body_in_one_packet_is_no_large_head(served):
    body = b"a" * 100_000
    request = POST + b"Content-Length: 100000\r\n\r\n" + body
    with served.connect() as raw:
        raw.sendall(NEXT)
        assert read_answers(raw, 1) == [(200, b"n")]
        [one] = served.front._connections
        served.front.loop.call_soon_threadsafe(one.data_received, request + NEXT[:20])
        assert read_answers(raw, 1) == [(200, body)]
        raw.sendall(NEXT[20:])
        assert read_answers(raw, 1) == [(200, b"n")]
