"""The live stream of the real exporter with two workers: nothing lost, nothing twice, whatever happens to them."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import psutil
import pytest
from tests.flow.exporter import Exporter, running
from tests.flow.stream_client import following
from tests.waiting import until

from errtally import names
from errtally.exporter.web.stream.hub import MAX_STREAMS

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.flow

JSON = {"Content-Type": "application/json"}
SECRET = "hunter2hunter2"


def _send(exporter: Exporter, *words: str) -> None:
    """Send events that are issues of their own; an exporter that is starting is waited for."""
    body = json.dumps({"events": [{"message": word} for word in words]}).encode()

    def is_taken() -> bool:
        try:
            return exporter.post("/api/events?project=shop", body, JSON)[0] == 200
        except OSError:
            return False  # no worker there yet

    until(is_taken)


def _words(start: int, end: int) -> list[str]:
    """Words that grouping does not take for numbers."""
    return ["word " + "".join(chr(ord("a") + int(digit)) for digit in f"{number:03}") for number in range(start, end)]


def _titles(client) -> list[str]:
    return [event["message"] or event["title"] for event in client.parser.events()]


def _workers(exporter: Exporter) -> list[psutil.Process]:
    return [child for child in psutil.Process(exporter.pid).children() if "worker_start" in " ".join(child.cmdline())]


def _total_streams(exporter: Exporter, expected: int) -> None:
    until(
        lambda: exporter.total(names.STREAM_CLIENTS) == expected,
        lambda: f"{exporter.total(names.STREAM_CLIENTS)} streams, not {expected}",
    )


def test_a_stream_goes_on_over_lost_connections_killed_workers_reloads_and_restarts(tmp_path: Path) -> None:
    exporter = Exporter(tmp_path, "--workers", "2")
    exporter.start()
    try:
        with following(exporter, clients=6) as clients:
            _total_streams(exporter, 6)
            expected = _words(0, 3)
            _send(exporter, *expected[:2])
            _send(exporter, expected[2])
            for client in clients:
                client.wait_for_events(3)

            for client in clients:  # the network
                client.hang_up()
            expected += _words(3, 5)
            _send(exporter, *expected[3:])
            for client in clients:
                client.wait_for_events(5)

            time.sleep(1)  # so that the server does not take the new death for a crash loop
            victim = _workers(exporter)[0]
            os.kill(victim.pid, signal.SIGKILL)
            expected += _words(5, 7)
            _send(exporter, *expected[5:])
            for client in clients:
                client.wait_for_events(7)
            _total_streams(exporter, 6)

            before = [client.connections for client in clients]
            assert exporter.post("/-/reload", b"{}", JSON)[0] == 200
            expected += _words(7, 9)
            _send(exporter, *expected[7:])
            for client, connections in zip(clients, before, strict=True):
                client.wait_for_events(9)
                client.wait(lambda one, connections=connections: one.connections > connections)

            assert exporter.stop() == 0, "streams keep it from stopping"
            exporter.start()
            expected += _words(9, 11)
            _send(exporter, *expected[9:])
            for client in clients:
                client.wait_for_events(11)

            for client in clients:
                assert sorted(_titles(client)) == sorted(expected), "each once; two workers keep no order"
                assert [message.number for message in client.parser.messages] == list(range(1, 12))
                assert client.parser.named("gap") == []
            _total_streams(exporter, 6)
    finally:
        exporter.stop()


def test_a_hundred_streams_get_everything_and_those_beyond_the_limit_are_told_to_wait(tmp_path: Path) -> None:
    with running(tmp_path, "--workers", "1") as exporter:
        with following(exporter, "level=error", clients=100) as clients:
            _total_streams(exporter, 100)
            body = json.dumps(
                {"events": [{"message": f"login of ann failed: password={SECRET}{number}"} for number in range(300)]}
            ).encode()
            for _ in range(5):
                assert exporter.post("/api/events?project=shop", body, JSON)[0] == 200
            for client in clients:
                client.wait(
                    lambda one: (
                        len(one.parser.events()) + sum(left["events"] for left in one.parser.named("left_out")) == 1500
                    )
                )
                assert client.parser.events() == clients[0].parser.events()
                assert SECRET not in json.dumps(client.parser.events())
            with following(exporter, clients=MAX_STREAMS - 100):
                connection = socket.create_connection(("127.0.0.1", exporter.port))
                with connection:
                    connection.sendall(b"GET /api/errors/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                    answer = connection.recv(4096).lower()
                assert answer.startswith(b"http/1.1 503")
                assert b"retry-after: 10" in answer
                assert exporter.post("/api/events?project=shop", b'{"message":"x"}', JSON)[0] == 200
        _send(exporter, "one more")  # whoever has gone is noticed with the next thing to send
        _total_streams(exporter, 0)


def test_clients_that_take_nothing_disturb_nobody_and_do_not_keep_the_exporter_from_stopping(tmp_path: Path) -> None:
    exporter = Exporter(tmp_path, "--workers", "1")
    exporter.start()
    try:
        long = "stock of " + " ".join(["lost"] * 60)
        body = json.dumps({"events": [{"message": f"{long} {word}"} for word in _words(0, 100)]}).encode()
        for project in range(8):
            assert exporter.post(f"/api/events?project=p{project}", body, JSON)[0] == 200
        exporter.wait_until_folded()
        with following(exporter, "recent=1") as [quick], ExitStack() as stack:
            quick.wait(lambda client: client.parser.messages)
            epoch = quick.parser.last_id.partition("-")[0]
            for _ in range(20):
                slow = stack.enter_context(socket.socket())
                slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                slow.connect(("127.0.0.1", exporter.port))
                # Some hundred kilobytes, which no one reads.
                request = f"GET /api/errors/stream?last_event_id={epoch}-0 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
                slow.sendall(request.encode())
            _total_streams(exporter, 21)
            _send(exporter, "one more", "and another")
            quick.wait(lambda client: _titles(client)[-2:] == ["one more", "and another"])
            assert exporter.stop() == 0
    finally:
        exporter.stop()
