"""Nothing that is sent breaks, fools or fills the exporter."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import itertools
import json
import os
import signal
import socket
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import brotli
import psutil
import pytest
import zstandard
from tests.faults.small_disk import small_disk
from tests.flow.exporter import Exporter, running
from tests.flow.malformed import Malformed, kinds
from tests.waiting import PATIENCE_SECONDS, until

from errtally import names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


pytestmark = pytest.mark.flow


MALFORMED = int(os.environ.get("ERRTALLY_MALFORMED", "10000"))


CLIENTS = 4


MIB = 1 << 20


GOOD = b'{"message":"no stock"}'


KEY = {"Authorization": "Bearer k1"}


def _config(folder: Path, text: str) -> str:
    path = folder / "errtally.yml"
    path.write_text(text)
    return str(path)


def _workers(exporter: Exporter) -> list[psutil.Process]:
    assert exporter._process is not None
    found = []
    for child in psutil.Process(exporter._process.pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if "worker_start" in " ".join(child.cmdline()):
                found.append(child)
    assert found
    return found


def _memory_bytes(exporter: Exporter) -> int:
    return sum(process.memory_info().rss for process in _workers(exporter))


def _send_malformed(exporter: Exporter, cases: list[tuple[Malformed, int]]) -> list[tuple[str, int, bytes]]:
    """Send on one connection, again on a new one when the server closed it; return what was not answered 4xx."""
    odd = []
    connection = http.client.HTTPConnection("127.0.0.1", exporter.port, timeout=PATIENCE_SECONDS)
    for kind, number in cases:
        try:
            connection.request(kind.method, kind.path, kind.body(number), kind.headers)
            answer = connection.getresponse()
            body = answer.read()
        except (http.client.HTTPException, OSError) as exc:
            odd.append((kind.name, 0, repr(exc).encode()))
            connection.close()
            continue
        if not 400 <= answer.status < 500:
            odd.append((kind.name, answer.status, body[:200]))
    connection.close()
    return odd


def test_malformed_requests_are_refused_and_counted_and_leave_nothing_behind(tmp_path: Path) -> None:
    config = _config(tmp_path, "projects: [{name: '1', keys: [k1]}, {name: '2', keys: [k2]}]\n")
    all_kinds = kinds()
    assert len(all_kinds) >= 100
    assert len({kind.name for kind in all_kinds}) == len(all_kinds)
    with running(tmp_path, "--config", config) as exporter:
        assert _send_malformed(exporter, [(kind, 0) for kind in all_kinds]) == []
        # What makes a large body is the same a hundred times over; the others are what there are many of.
        cheap = [kind for kind in all_kinds if len(kind.body(0)) < 300_000]
        cases = [(kind, number) for number in range(1, MALFORMED // len(cheap) + 1) for kind in cheap]
        before = _memory_bytes(exporter)
        with ThreadPoolExecutor(CLIENTS) as pool:
            shares = pool.map(_send_malformed, [exporter] * CLIENTS, [cases[n::CLIENTS] for n in range(CLIENTS)])
        assert [entry for share in shares for entry in share] == []
        grown = _memory_bytes(exporter) - before
        assert grown < 30 * MIB, f"{grown / MIB:.0f} MiB"
        assert exporter.post("/api/events", GOOD, KEY)[0] == 200
        exporter.wait_until_folded()
        sent = len(all_kinds) + len(cases)
        exporter.wait_for_total(names.INGEST_REQUESTS, sent + 1)
        # A batch of which every event is wrong is one refused request.
        assert exporter.total(names.INGEST_REJECTED) == sent
        assert exporter.total(names.INGEST_REJECTED, reason="internal_error") == 0
        assert exporter.total(names.EVENTS) == 1
        assert "Traceback" not in exporter.log.read_text()


RAW = {
    "no HTTP": b"hello\r\n\r\n",
    "another version": b"GET / HTTP/9.9\r\n\r\n",
    "a method of odd letters": b"G@T\x00 / HTTP/1.1\r\nHost: x\r\n\r\n",
    "a header without a colon": b"POST /api/events HTTP/1.1\r\nHost x\r\n\r\n",
    "a header of 300 KiB": b"POST /api/events HTTP/1.1\r\nHost: x\r\nX-A: %s\r\n\r\n" % (b"a" * 300_000),
    "500 headers": b"POST /api/events HTTP/1.1\r\nHost: x\r\n%s\r\n" % b"".join(b"X-%d: a\r\n" % n for n in range(500)),
    "an address of 100 KiB": b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n" % (b"a" * 100_000),
    "a length that is no number": b"POST /api/events HTTP/1.1\r\nHost: x\r\nContent-Length: ten\r\n\r\n",
    "a negative length": b"POST /api/events HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
    "two lengths": b"POST /api/events HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    "a chunk size that is none": b"POST /api/events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a chunk beyond all bounds": b"POST /api/events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%s\r\n"
    % (b"f" * 40),
    "a body that never comes": b"POST /api/events HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{",
    "HTTP/2 without asking": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 100,
    "nothing": b"",
}


@pytest.fixture(scope="module")
def exporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    with running(tmp_path_factory.mktemp("abuse")) as shared:
        yield shared


@pytest.mark.parametrize("name", sorted(RAW))
def test_bytes_that_are_no_request_get_an_error_or_nothing(exporter: Exporter, name: str) -> None:
    with socket.create_connection(("127.0.0.1", exporter.port), timeout=PATIENCE_SECONDS) as connection:
        with contextlib.suppress(OSError):  # closed before all was sent
            connection.sendall(RAW[name])
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        with contextlib.suppress(ConnectionError):
            answer = connection.recv(65536)
    assert not answer or answer.split(b" ")[1][:1] == b"4", answer[:200]
    assert exporter.post("/api/events", GOOD)[0] == 200


ZEROS = b"\0" * (50 * MIB)


BOMBS = {
    "gzip": lambda: gzip.compress(ZEROS),
    "deflate": lambda: zlib.compress(ZEROS),
    "br": lambda: brotli.compress(ZEROS, quality=5),
    "zstd": lambda: zstandard.compress(ZEROS),
}


@pytest.mark.parametrize("encoding", sorted(BOMBS))
def test_a_bomb_is_refused_and_costs_no_memory(exporter: Exporter, encoding: str) -> None:
    bomb, headers = BOMBS[encoding](), {"Content-Encoding": encoding}
    path = "/api/1/envelope/?sentry_key=k"
    exporter.post(path, bomb, headers)
    before = _memory_bytes(exporter)
    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(lambda _: exporter.post(path, bomb, headers)[0], range(12)))
    assert answers == [413] * 12
    assert _memory_bytes(exporter) - before < 20 * MIB


SLOW = {
    "headers": (b"POST /api/events HTTP/1.1\r\nHost: x\r\nX-A: ", b"a"),
    "bodies": (b"POST /api/events HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{", b" "),
    "chunks": (b"POST /api/events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", b"1\r\n \r\n"),
    "bodies of pages": (b"POST /issues/x/resolve HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\na", b"a"),
}


def _is_cut(client: socket.socket) -> bool:
    """Whether the server has ended a connection without an answer."""
    client.setblocking(False)
    try:
        return client.recv(1, socket.MSG_PEEK) == b""
    except OSError:  # it waits, or was answered before its body had come
        return False
    finally:
        client.setblocking(True)


@pytest.mark.parametrize("part", sorted(SLOW))
def test_five_hundred_slow_clients_do_not_stop_a_good_one(tmp_path: Path, part: str) -> None:
    start, drip = SLOW[part]
    with running(tmp_path) as exporter:
        clients = [socket.create_connection(("127.0.0.1", exporter.port)) for _ in range(500)]
        try:
            for client in clients:
                client.sendall(start)
            for turn in range(6):
                for client in clients:
                    with contextlib.suppress(OSError):  # cut meanwhile
                        client.send(drip)
                assert exporter.post("/api/events", GOOD)[0] == 200
                # Its answer did not wait for the end of the others.
                cut = sum(_is_cut(client) for client in clients)
                assert cut < len(clients), f"turn {turn}: {cut}"
        finally:
            for client in clients:
                client.close()


def _event(number: int) -> bytes:
    return json.dumps({"event_id": f"{number:032x}", "message": f"disk {number}", "x": "y" * 2000}).encode()


def _send_numbered(exporter: Exporter, numbers: range, acknowledged: set[int]) -> set[int]:
    """Send events and return the statuses that were answered."""
    statuses = set()
    for number in numbers:
        status, _ = exporter.post("/api/events", _event(number), KEY)
        statuses.add(status)
        if status == 200:
            acknowledged.add(number)
    return statuses


@pytest.mark.parametrize("floor_bytes", [pytest.param(0, id="to the last byte"), pytest.param(4 * MIB, id="a floor")])
def test_a_full_disk_loses_nothing_acknowledged_and_the_exporter_recovers(tmp_path: Path, floor_bytes: int) -> None:
    config = _config(tmp_path, f"projects: [{{name: a, keys: [k1]}}]\nlimits: {{min_free_bytes: {floor_bytes}}}\n")
    acknowledged: set[int] = set()
    with small_disk(tmp_path / "disk", "32m"):
        exporter = Exporter(tmp_path / "disk", "--config", config)
        exporter.log = tmp_path / "exporter.log"
        exporter.start()
        try:
            assert _send_numbered(exporter, range(100), acknowledged) == {200}
            filler = tmp_path / "disk" / "filler"
            with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
                while True:
                    file.write(b"\0" * 4096)
            os.truncate(filler, filler.stat().st_size - floor_bytes // 2)
            statuses: set[int] = set()
            numbers = itertools.count(1000)

            def is_refused() -> bool:  # the disk is looked at now and then, and a fast machine sends much meanwhile
                first = next(numbers) * 100
                statuses.update(_send_numbered(exporter, range(first, first + 100), acknowledged))
                return 429 in statuses

            until(is_refused, lambda: f"nothing was refused: {statuses}")
            assert statuses <= {200, 429}
            assert exporter.get("/-/healthy")
            filler.unlink()
            until(
                lambda: exporter.post("/api/events", _event(400), KEY)[0] == 200,
                lambda: exporter.log.read_text()[-2000:],
            )
            acknowledged.add(400)
            assert _send_numbered(exporter, range(401, 450), acknowledged) == {200}
            exporter.wait_until_folded()
            assert exporter.total(names.EVENTS) == len(acknowledged)
            reason = "disk_floor" if floor_bytes else "disk_full"
            until(lambda: exporter.total(names.INGEST_REJECTED, reason=reason), f"nothing refused for {reason}")
            assert "Traceback" not in exporter.log.read_text()
        finally:
            assert exporter.stop() == 0


def test_a_backlog_is_shed_and_taken_up_again_and_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    config = _config(tmp_path, "projects: [{name: a, keys: [k1]}]\nlimits: {journal_bytes: 1048576}\n")
    acknowledged = 0
    with running(tmp_path, "--config", config) as exporter:
        # The supervisor runs the writer: while it is stopped, the workers go on and nothing is folded.
        assert exporter._process is not None
        os.kill(exporter._process.pid, signal.SIGSTOP)
        try:
            batch = json.dumps({"events": [{"message": f"backlog {n}"} for n in range(100)]}).encode()
            for _ in range(2000):
                status, body = exporter.post("/api/events", batch, KEY)
                if status != 200:
                    break
                acknowledged += 100
            assert (status, json.loads(body)["error"]["code"]) == (429, "backlog")
            connection = http.client.HTTPConnection("127.0.0.1", exporter.port, timeout=PATIENCE_SECONDS)
            connection.request("POST", "/api/a/envelope/?sentry_key=k1", b"{}\n")
            answer = connection.getresponse()
            assert answer.status == 429
            assert answer.headers["Retry-After"] == "10"
            assert answer.headers["X-Sentry-Rate-Limits"] == "10::key:backlog"
            connection.close()
        finally:
            os.kill(exporter._process.pid, signal.SIGCONT)
        until(lambda: exporter.post("/api/events", GOOD, KEY)[0] == 200)
        exporter.wait_until_folded()
        assert exporter.total(names.EVENTS) == acknowledged + 1
        until(lambda: exporter.total(names.INGEST_REJECTED, reason="backlog") >= 2)


def test_limits_hold_over_a_real_exporter_and_a_restart_does_not_forget_the_quota(tmp_path: Path) -> None:
    config = _config(tmp_path, "projects: [{name: a, keys: [k1]}]\ndaily_quotas: {error: 20}\n")
    exporter = Exporter(tmp_path, "--config", config, "--workers", "2")
    exporter.start()
    try:
        statuses = [exporter.post("/api/events", GOOD, KEY)[0] for _ in range(40)]
        assert 20 <= statuses.count(200) <= 40
        until(lambda: {exporter.post("/api/events", GOOD, KEY)[0] for _ in range(10)} == {429})  # they tell each other
        assert [exporter.post("/api/events", GOOD, KEY)[0] for _ in range(10)] == [429] * 10
    finally:
        exporter.stop()
    exporter.start()
    try:
        until(lambda: exporter.post("/api/events", GOOD, KEY)[0] == 429)
        dropped = {"project": "a", "category": "error", "reason": "quota"}
        until(lambda: exporter.total(names.INGEST_DROPPED, **dropped) >= 10)
    finally:
        exporter.stop()


def test_large_bodies_take_turns(exporter: Exporter) -> None:
    large = b'{"message":"x","context":{"extra":{"a":"%s"}}}' % (b"y" * 900_000)
    batch = b'{"events":[%s]}' % b",".join([large] * 15)
    answers: list[int] = []

    def send() -> None:
        """Send a batch as clients do: again, as long as there is no room for it."""

        def is_taken() -> bool:
            status = exporter.post("/api/events", batch)[0]
            answers.append(status)
            return status != 429

        until(is_taken, "it was never taken")

    sizes = []
    for _ in range(3):
        threads = [threading.Thread(target=send) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        sizes.append(_memory_bytes(exporter))
    assert set(answers) <= {200, 429}
    assert answers.count(200) == 60
    # The server's buffers stay with it after the first round; what counts is that it goes no further.
    assert sizes[-1] - sizes[0] < 60 * MIB, sizes
    assert sizes[0] < 400 * MIB, sizes
