"""Bodies: in chunks, large ones, and the room that they take."""

from __future__ import annotations

import pytest
from tests.exporter.front.serving import BODY_LIMIT, read_answers, wait_until

from errtally.exporter.front import connection as connections
from errtally.exporter.ingest.request import INLINE_KEY


def test_a_body_in_chunks_and_one_that_was_asked_for_arrive_whole(served):
    with served.connect() as client:
        client.sendall(
            b"POST /in/c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
        )
        assert read_answers(client, 1) == [(200, b"abcde")]
        client.sendall(b"POST /in/c HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"ok")
        assert read_answers(client, 1) == [(200, b"ok")]


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
        [(status, body)] = read_answers(client, 1)
        assert status == 200
        assert len(body) < 700_000
        assert served.front.room._holders == {}
        if "chunked" not in head:
            assert body == b""  # the reader tells by the length that it is too large
        else:
            assert len(body) >= length
        client.sendall(b"POST /in/b HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1")
        assert read_answers(client, 1) == [(200, b"1")]


@pytest.mark.parametrize("head", ["Content-Length: 400000", "Transfer-Encoding: chunked"])
def test_where_files_are_uploaded_a_body_may_be_larger(served, head):
    with served.connect() as client:
        sent = b"y" * 400_000
        client.sendall(b"POST /in/upload HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n" % head.encode())
        client.sendall(b"%x\r\n%s\r\n0\r\n\r\n" % (len(sent), sent) if "chunked" in head else sent)
        assert read_answers(client, 1) == [(200, sent)]


def test_who_finds_no_room_for_a_body_waits_and_is_refused_in_the_end(served, monkeypatch):
    monkeypatch.setattr(connections, "LARGE_WAIT_SECONDS", 0.2)
    served.front.room._free = 0
    with served.connect() as client:
        client.sendall(b"POST /in/a HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
        assert read_answers(client, 1) == [(429, b"too many large bodies are being read already")]
    assert not served.front.room._waiting


def test_a_body_that_came_at_once_needs_no_room(served):
    with served.connect() as client:
        client.sendall(b"POST /in/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1")
        read_answers(client, 1)
        [one] = served.front._connections
        served.front.room._free = 0
        whole = b"POST /in/a HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n" + b"a" * 70_000
        served.front.loop.call_soon_threadsafe(one.data_received, whole)
        assert read_answers(client, 1) == [(200, b"a" * 70_000)]
        client.sendall(b"POST /in/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n2")
        assert read_answers(client, 1) == [(200, b"2")]
    assert not served.front.room._waiting


def test_room_that_is_given_back_goes_to_who_waits(served):
    room = served.front.room
    room._free = room._total = 150_000
    with served.connect() as first, served.connect() as second:
        first.sendall(b"POST /in/a HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + b"a" * 70_000)
        wait_until(lambda: room._holders)
        second.sendall(b"POST /in/b HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
        wait_until(lambda: room._waiting)
        first.sendall(b"a" * 30_000)
        assert read_answers(first, 1) == [(200, b"a" * 100_000)]
        second.sendall(b"b" * 100_000)
        assert read_answers(second, 1) == [(200, b"b" * 100_000)]
    assert room._free == 150_000
