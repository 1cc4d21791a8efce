"""Connections whose request does not end are cut; idle ones, and those that get answers, are left alone."""

from __future__ import annotations

import socket
import sys
import time

import pytest

from errtally.exporter.web.slow_connections import (
    SLOW_SECONDS,
    STALLED_SECONDS,
    STOPPING_SECONDS,
    SlowConnections,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="TCP_INFO and /proc are Linux")


@pytest.fixture
def pair():
    """A client and the accepted side, and the port."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
        server.accept()[0] as accepted,
    ):
        yield client, accepted, server.getsockname()[1]


def _settle() -> None:
    time.sleep(0.05)


def _is_cut(client: socket.socket) -> bool:
    client.settimeout(0.1)
    try:
        return client.recv(1) == b""
    except TimeoutError:
        return False


def test_a_request_that_does_not_end_is_cut(pair) -> None:
    client, _, port = pair
    watch = SlowConnections(port, request_seconds=30)
    client.sendall(b"POST / HTTP/1.1\r\n")
    _settle()
    assert watch.scan(0.0) == 0
    client.sendall(b"x")
    assert watch.scan(29.0) == 0
    assert watch.scan(30.5) == 1
    assert _is_cut(client)
    assert watch.scan(31.0) == 0


def test_an_idle_connection_is_left_alone(pair) -> None:
    client, _, port = pair
    watch = SlowConnections(port)
    assert [watch.scan(now) for now in (0.0, 1000.0, 2000.0)] == [0, 0, 0]
    assert not _is_cut(client)


def test_a_connection_that_gets_its_answers_is_left_alone(pair) -> None:
    client, accepted, port = pair
    watch = SlowConnections(port, request_seconds=30)
    for now in (0.0, 20.0, 40.0, 60.0):
        client.sendall(b"request")
        _settle()
        assert watch.scan(now) == 0
        accepted.sendall(b"answer")
        _settle()
        assert watch.scan(now + 10) == 0
    assert watch.scan(1000.0) == 0


def test_too_many_slow_ones_are_cut_oldest_first() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        watch = SlowConnections(port, max_slow=2)
        clients, accepted = [], []
        for number in range(4):
            clients.append(socket.create_connection(("127.0.0.1", port)))
            accepted.append(server.accept()[0])
            clients[-1].sendall(b"x")
            _settle()
            assert watch.scan(number * 0.1) == 0
        assert watch.scan(SLOW_SECONDS + 1) == 2
        assert [_is_cut(client) for client in clients] == [True, True, False, False]
        for connection in (*clients, *accepted):
            connection.close()


def test_connections_of_other_ports_are_not_touched(pair) -> None:
    client, _, port = pair
    client.sendall(b"x")
    _settle()
    watch = SlowConnections(port + 1 if port < 65535 else 1, request_seconds=1)
    assert [watch.scan(now) for now in (0.0, 100.0)] == [0, 0]
    assert not _is_cut(client)


def _fill(accepted: socket.socket) -> None:
    """Send until the kernel takes no more."""
    accepted.setblocking(False)
    try:
        while True:
            accepted.send(b"x" * 65536)
    except BlockingIOError:
        pass


def _take(client: socket.socket) -> None:
    """Take what has come."""
    client.setblocking(False)
    try:
        while client.recv(1 << 20):
            pass
    except BlockingIOError:
        pass


def test_a_client_that_takes_nothing_of_its_answer_is_cut(pair) -> None:
    client, accepted, port = pair
    watch = SlowConnections(port)
    client.sendall(b"GET / HTTP/1.1\r\n\r\n")
    _fill(accepted)
    _settle()
    assert watch.scan(0.0) == 0
    assert watch.scan(STALLED_SECONDS - 1) == 0
    assert watch.scan(STALLED_SECONDS + 1) == 1


def test_a_client_that_takes_a_little_now_and_then_is_left_alone(pair) -> None:
    client, accepted, port = pair
    watch = SlowConnections(port)
    client.sendall(b"GET / HTTP/1.1\r\n\r\n")
    _fill(accepted)
    _settle()
    for now in (0.0, 50.0, 100.0, 150.0, 200.0):
        assert watch.scan(now) == 0
        _take(client)
        _fill(accepted)
        _settle()


def test_a_worker_that_stops_does_not_wait_for_a_client_that_takes_nothing(pair) -> None:
    client, accepted, port = pair
    watch = SlowConnections(port)
    client.sendall(b"GET / HTTP/1.1\r\n\r\n")
    _fill(accepted)
    _settle()
    assert watch.scan(0.0) == 0
    watch.hurry()
    assert watch.scan(1.0) == 0
    assert watch.scan(STOPPING_SECONDS + 1) == 1
