"""The HTTP server over real sockets: what HTTP promises a client, and that nobody is held up by another."""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import suppress

import pytest
from tests.exporter.front.serving import read_answers

from errtally.exporter.front import connection as connections
from errtally.exporter.front import front as fronts


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
        answers = read_answers(client, 6)
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
        answers = read_answers(client, 1 + connections.MAX_QUEUED)
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
        assert read_answers(client, 1) == [(200, b"1")]
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
        assert read_answers(client, 1) == [(200, b"slow body")]
    for client in slow:
        client.close()


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
        assert read_answers(client, 1) == [(200, b"1")]
    assert served.ask("POST", "/in/a", b"new")[2] == b"new"
    with suppress(ConnectionResetError):
        assert clients[0].recv(1) == b""
    for client in clients:
        client.close()


def test_a_stop_lets_what_is_under_way_end_and_cuts_what_does_not(served):
    with served.connect() as idle, served.connect() as busy, served.connect() as endless:
        idle.sendall(b"POST /in/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1")
        assert read_answers(idle, 1) == [(200, b"1")]
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
        read_answers(client, 1)
        [one] = served.front._connections
        assert not os.get_inheritable(one.transport.get_extra_info("socket").fileno())
