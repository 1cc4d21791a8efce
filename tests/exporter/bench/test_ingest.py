"""The benchmark against stub exporters: honest ones pass, ones that lose, double or refuse are found out."""

from __future__ import annotations

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from click.testing import CliRunner

from errtally import names
from errtally.exporter.bench.generator import _whole_body
from errtally.exporter.commands.bench import command


class _Stub(BaseHTTPRequestHandler):
    """Counts events; ``server.fault`` says how it lies."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_args):
        """Say nothing."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if "envelope" in self.path:
            event_id = json.loads(gzip.decompress(body).split(b"\n")[0])["event_id"]
            count, answer = 1, {"id": event_id}
        else:
            found = json.loads(body)
            count = len(found.get("events", [found]))
            answer = {"accepted": count, "rejected": []}
        if self.server.fault == "refuses":
            self._answer(429, b"{}")
            return
        with self.server.lock:
            self.server.requests += 1
            if not (self.server.fault == "loses" and self.server.requests == 7):
                self.server.events += count
            if self.server.fault == "doubles" and self.server.requests == 7:
                self.server.events += count
        self._answer(200, json.dumps(answer).encode())

    def do_GET(self):
        text = f'# TYPE {names.EVENTS.name} counter\n{names.EVENTS.name}{{project="a"}} {self.server.events}\n'
        text += f"# TYPE {names.JOURNAL_LAG_EVENTS.name} gauge\n{names.JOURNAL_LAG_EVENTS.name} 0\n"
        self._answer(200, text.encode())

    def _answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def stub(request):
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Stub)
    server.fault, server.events, server.requests = getattr(request, "param", ""), 0, 0
    server.lock = threading.Lock()
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def _run(stub, *arguments):
    address = f"http://127.0.0.1:{stub.server_port}"
    fixed = ["ingest", "--url", address, "--seconds", "0.3", "--warm-up", "0.1", "--connections", "3"]
    return CliRunner().invoke(command, [*fixed, *arguments])


def test_an_honest_exporter_is_measured(stub):
    result = _run(stub, "--json")
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)["rows"]
    assert [row["kind"] for row in rows] == ["sentry-envelope", "native-single", "native-batch"]
    for row in rows:
        assert row["accepted"] == row["counted"] > 0
        assert row["events_per_second"] > 0
        assert 0 < row["p50_milliseconds"] <= row["p99_milliseconds"]
        assert row["durable"] is None
        assert row["is_proven"] is True


def test_a_table_names_target_and_figure(stub):
    result = _run(stub, "--kind", "native-single")
    assert result.exit_code == 0, result.output
    assert "native-single" in result.output
    assert "3 connections" in result.output


@pytest.mark.parametrize("stub", ["loses", "doubles", "refuses"], indirect=True)
def test_an_exporter_that_is_not_honest_is_found_out(stub):
    result = _run(stub, "--kind", "native-single")
    assert result.exit_code == 1
    assert "native-single: accepted" in result.stderr


def test_nobody_there_is_an_error():
    result = CliRunner().invoke(command, ["ingest", "--url", "http://127.0.0.1:1"])
    assert result.exit_code != 0
    assert "does not answer" in str(result.exception)


@pytest.mark.parametrize(
    ("received", "body"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Le", None, id="half a head"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", None, id="half a body"),
        pytest.param(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc", b"abc", id="a body of known length"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", None, id="half the chunks"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", b"abc", id="chunks"
        ),
    ],
)
def test_answers_are_read_whole(received, body):
    assert body == _whole_body(received)
