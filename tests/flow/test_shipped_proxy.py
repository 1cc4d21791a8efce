"""The exporter behind a real nginx with the shipped site: TLS, sizes, the live stream, and no series for outsiders."""

from __future__ import annotations

import http.client
import json
import re
import ssl
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests import tls
from tests.event_stream import Parser
from tests.flow.exporter import Exporter, running
from tests.flow.nginx import around, nginx
from tests.flow.programs import free_port
from tests.waiting import PATIENCE_SECONDS, until

from errtally import names

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.flow

SITE = Path(__file__).parents[2] / "deploy" / "proxy" / "nginx.conf"


def _configuration(folder: Path, port: int, upstream: int) -> Path:
    """The shipped site with this test's ports and certificate."""
    site = SITE.read_text()
    for old, new in (
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("127.0.0.1:9765", f"127.0.0.1:{upstream}"),
        ("/etc/ssl/errors.example.com.pem", str(tls.FOLDER / "server.pem")),
        ("/etc/ssl/private/errors.example.com.key", str(tls.FOLDER / "server.pem")),
    ):
        assert old in site
        site = site.replace(old, new)
    return around(folder, site)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Exporter, int]]:
    """An exporter, and the port of the nginx before it."""
    program = nginx()
    folder = tmp_path_factory.mktemp("proxy")
    port = free_port()
    with running(folder) as exporter:
        path = _configuration(folder, port, exporter.port)
        subprocess.run([program, "-t", "-c", path], check=True, capture_output=True)
        with subprocess.Popen([program, "-c", path]) as process:
            try:
                until(lambda: _answers(port), (folder / "error.log").read_text)
                yield exporter, port
            finally:
                process.terminate()


def _connection(port: int) -> http.client.HTTPSConnection:
    context = ssl.create_default_context(cafile=tls.CA)
    return http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=PATIENCE_SECONDS)


def _ask(port: int, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    connection = _connection(port)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _answers(port: int) -> bool:
    try:
        return _ask(port, "GET", "/-/healthy")[0] == 200
    except OSError:
        return False


def test_events_and_pages_come_through_and_series_do_not(site: tuple[Exporter, int]) -> None:
    exporter, port = site
    assert _ask(port, "POST", "/api/events?project=proxied", b'{"message":"no stock"}')[0] == 200
    exporter.wait_until_folded()
    assert exporter.total(names.EVENTS, project="proxied") == 1
    assert b"no stock" in _ask(port, "GET", "/")[1]
    assert _ask(port, "GET", "/metrics")[0] == 404


def test_a_large_batch_comes_through(site: tuple[Exporter, int]) -> None:
    exporter, port = site
    batch = json.dumps({"events": [{"message": "x" * 8000, "type": "Large"} for _ in range(500)]}).encode()
    assert len(batch) > 4_000_000, "more than nginx takes by itself"
    assert _ask(port, "POST", "/api/events?project=large", batch)[0] == 200
    exporter.wait_until_folded()
    assert exporter.total(names.EVENTS, project="large") == 500


def test_the_live_stream_shows_an_event_while_it_is_open(site: tuple[Exporter, int]) -> None:
    _, port = site
    connection = _connection(port)
    try:
        connection.request("GET", "/api/errors/stream?project=live")
        answer = connection.getresponse()
        assert answer.status == 200
        assert _ask(port, "POST", "/api/events?project=live", b'{"message":"seen at once"}')[0] == 200
        parser = Parser()
        while not parser.events():
            parser.feed(answer.read1(65536))
        assert parser.events()[0]["title"] == "seen at once"
    finally:
        connection.close()


def test_a_caddyfile_says_the_same() -> None:
    caddy = (SITE.parent / "Caddyfile").read_text()
    assert re.search(r"reverse_proxy 127\.0\.0\.1:9765 \{\s+flush_interval -1", caddy)
    assert "respond /metrics 404" in caddy
    assert "max_size 20MB" in caddy
