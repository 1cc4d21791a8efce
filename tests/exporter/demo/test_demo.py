"""The demo sends what it says, over real sockets, and fails loudly when the exporter does not take it."""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from click.testing import CliRunner
from tests.waiting import PATIENCE_SECONDS

from errtally.command_line import errtally
from errtally.exporter.commands.demo import command
from errtally.exporter.demo.happenings import EXPECTED_EVENTS, EXPECTED_REQUESTS, draw, fixed_set
from errtally.exporter.demo.messages import messages
from errtally.exporter.demo.services import SERVICES
from errtally.exporter.demo.story import STAGES, stage_at


class _QuietHandler(WSGIRequestHandler):
    def log_message(self, *_args):
        """Say nothing."""


class _Exporter:
    """A stub that keeps what was sent and answers with one status."""

    def __init__(self, status):
        self.status = status
        self.received = []

    def __call__(self, environ, start_response):
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        if environ.get("HTTP_CONTENT_ENCODING") == "gzip":
            body = gzip.decompress(body)
        self.received.append((environ["PATH_INFO"], environ["QUERY_STRING"], environ.get("HTTP_AUTHORIZATION"), body))
        start_response(self.status, [("Content-Type", "application/json")])
        return [b"{}"]


@pytest.fixture
def exporter(request):
    stub = _Exporter(getattr(request, "param", "200 OK"))
    server = make_server("127.0.0.1", 0, stub, handler_class=_QuietHandler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    stub.url = f"http://127.0.0.1:{server.server_port}"
    yield stub
    server.shutdown()
    server.server_close()
    thread.join()


def _counted(received):
    """Events by project and level, and request timings by project."""
    events, timings = Counter(), Counter()
    for path, query, _, body in received:
        if path == "/api/events":
            events.update((query.removeprefix("project="), event["level"]) for event in json.loads(body)["events"])
        elif path == "/api/requests":
            timings[query.removeprefix("project=")] += len(json.loads(body)["requests"])
        else:
            project = path.split("/")[2]
            lines = body.split(b"\n")
            for header, payload in zip(lines[1::2], lines[2::2], strict=True):
                assert json.loads(header)["length"] == len(payload)
                if json.loads(header)["type"] == "event":
                    events[project, json.loads(payload)["level"]] += 1
                timings[project] += json.loads(header)["type"] == "transaction"
    return dict(events), dict(timings)


def test_once_sends_the_documented_set(exporter):
    result = CliRunner().invoke(command, ["--once", "--url", exporter.url, "--key", "k1"])
    assert result.output.endswith(f"\nLook at {exporter.url}/\n")
    assert result.exit_code == 0, result.output
    assert _counted(exporter.received) == (EXPECTED_EVENTS, EXPECTED_REQUESTS)
    assert all("sentry_key=k1" in query or key == "Bearer k1" for _, query, key, _ in exporter.received)


def test_once_sends_every_kind_of_item(exporter):
    CliRunner().invoke(command, ["--once", "--url", exporter.url])
    sent = b"\n".join(body for *_, body in exporter.received)
    for kind in (b"event", b"transaction", b"sessions", b"check_in", b"client_report"):
        assert b'{"type": "' + kind + b'"' in sent


@pytest.mark.parametrize("exporter", ["403 Forbidden", "429 Too Many Requests"], indirect=True)
def test_a_refusal_is_an_error(exporter):
    result = CliRunner().invoke(command, ["--once", "--url", exporter.url])
    assert result.exit_code != 0
    assert exporter.status[:3] in str(result.exception)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "127.0.0.1", "http://[", "ftp://127.0.0.1"])
@pytest.mark.parametrize("once", [["--once"], []], ids=["once", "for a while"])
def test_without_an_exporter_one_sentence_says_so(url, once):
    result = CliRunner().invoke(errtally, ["demo", *once, "--url", url])
    assert result.exit_code == 1
    assert (
        result.output
        == f"Error: no exporter answers at {url}; start one, or say where it is with --url http://HOST:PORT\n"
    )


@pytest.mark.parametrize("exporter", ["403 Forbidden"], indirect=True)
def test_a_key_that_is_not_taken_is_said_at_once(exporter):
    result = CliRunner().invoke(errtally, ["demo", "--url", exporter.url, "--key", "wrong"])
    assert result.exit_code == 1
    assert result.output.startswith(f"Error: {exporter.url} refuses project ")
    assert "give a key with --key" in result.output
    assert len(exporter.received) == 1


def test_a_short_run_shows_a_table(exporter):
    result = CliRunner().invoke(command, ["--url", exporter.url, "--rate", "50", "--duration", "1"])
    assert result.exit_code == 0, result.output
    assert exporter.received
    assert "requests timed" in result.output


def test_the_first_words_say_what_is_sent_where_and_for_how_long(exporter):
    """In a pipe as well, while it runs: somebody who sees nothing takes it for dead."""
    # What is started in the background inherits that it ignores Ctrl-C.
    attentive = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\nfrom errtally.cli import main; main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", attentive, "demo", "--url", exporter.url, "--rate", "1", "--duration", "600"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": ""},
    )
    with process:
        try:
            first, second = process.stdout.readline(), process.stdout.readline()
            process.send_signal(signal.SIGINT)
            rest = process.communicate(timeout=PATIENCE_SECONDS)[0]
        finally:
            process.kill()
    assert first == (
        f"Sending requests of a small shop to {exporter.url}, about 1 a second for 600 s; Ctrl-C ends it. "
        f"Look at {exporter.url}/\n"
    )
    assert re.fullmatch(r"\d+ s, all as usual: \d+ requests accepted, 0 rejected, \d+ events\n", second)
    assert "requests timed" in rest  # what was sent until then
    assert rest.endswith(f"\nLook at {exporter.url}/\n")
    assert process.returncode == 0


def test_a_deploy_shows_in_the_sessions_however_short_the_run_is(exporter):
    CliRunner().invoke(command, ["--url", exporter.url, "--rate", "50", "--duration", "1"])
    told = {}
    for *_, body in exporter.received:
        if b'{"type": "sessions"' in body:
            sessions = json.loads(body.split(b"\n")[2])
            crashed = sum(part.get("crashed", 0) for part in sessions["aggregates"])
            told[sessions["attrs"]["release"]] = crashed
    deployed = {release: crashed for release, crashed in told.items() if release.startswith("checkout@")}
    assert deployed == {"checkout@1.8.3": 1, "checkout@1.9.0": 8, "checkout@1.9.1": 1}


def test_the_same_seed_draws_the_same():
    def sent(seed):
        return [messages(happening, "k") for happening in fixed_set(random.Random(seed), 17.0)]

    assert sent(1) == sent(1)
    assert sent(1) != sent(2)


def test_the_broken_release_fails_and_is_slow_until_it_is_rolled_back():
    def checkout(progress):
        rng = random.Random(3)
        drawn = [draw(rng, 1.0, stage_at(progress)) for _ in range(3000)]
        return [happening for happening in drawn if happening.service.project == "checkout"]

    before, broken, back, fixed = map(checkout, (0.1, 0.5, 0.7, 0.9))
    assert {"checkout@1.8.3"} == {happening.release for happening in before + back}
    assert {"checkout@1.9.0"} == {happening.release for happening in broken}
    assert {"checkout@1.9.1"} == {happening.release for happening in fixed}
    share = sum(happening.message.startswith("'vat_rate_") for happening in broken) / len(broken)
    assert 0.1 < share < 0.2
    assert not any(happening.message.startswith("'vat_rate_") for happening in before + back + fixed)
    mean = [sum(h.duration_seconds for h in part) / len(part) for part in (before, broken)]
    assert mean[1] > 2 * mean[0]


def test_a_service_without_a_bad_release_raises_no_alarm():
    rng = random.Random(3)
    drawn = [draw(rng, 1_795_500_000.0, stage) for stage in STAGES for _ in range(20_000)]
    for service in SERVICES:
        for release in {one.release for one in drawn if one.service is service}:
            own = [one for one in drawn if one.release == release]
            failed = sum(one.status == 500 for one in own) / len(own)
            p95 = sorted(one.duration_seconds for one in own)[len(own) * 95 // 100]
            zones = [1.0 if one.duration_seconds <= 0.5 else 0.5 if one.duration_seconds <= 2 else 0.0 for one in own]
            is_broken = release == service.next_release
            # One in a hundred is what the default objective allows, a second and 0.7 what the default rules allow.
            assert (failed > 0.05, p95 > 1.0) == (is_broken, is_broken), release
            assert is_broken or failed < 0.0125, release
            assert is_broken or sum(zones) / len(zones) > 0.85, release
