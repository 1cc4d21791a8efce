"""Real JavaScript clients of every protocol, in Node and in a browser: each failure is counted once."""

from __future__ import annotations

import functools
import http.server
import os
import signal
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from tests import npm_packages
from tests.flow.exporter import Exporter, running
from tests.peers import peer
from tests.waiting import PATIENCE_SECONDS, until

from errtally import names

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.flow

NPM = Path(__file__).parents[1] / "npm"
CLIENTS = ("sentry", "otlp", "airbrake", "rollbar", "bugsnag")
"""Honeybadger's client for Node sends to port 80 whatever port its endpoint has, so it is tried in the browser only."""

BROWSER_CLIENTS = ("faro", "airbrake", "rollbar", "honeybadger", "bugsnag")
IDS = {client: str(100 + index) for index, client in enumerate(sorted({*CLIENTS, *BROWSER_CLIENTS}))}
KEYS = {client: f"{index:x}" * 32 for index, client in enumerate(sorted({*CLIENTS, *BROWSER_CLIENTS}))}
# What the flags turn off is Chromium's own traffic.
CHROMIUM_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
)  # fmt: skip


@dataclass(frozen=True)
class Clients:
    """What became of the clients' programs, and the exporter that they sent to."""

    exporter: Exporter
    ended: dict[str, subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The clients' programs with what they import."""
    return npm_packages.beside(NPM, tmp_path_factory.mktemp("programs") / "npm")


def _configuration(folder: Path) -> str:
    path = folder / "errtally.yml"
    projects = [{"name": client, "id": IDS[client], "keys": [KEYS[client]]} for client in IDS]
    path.write_text(yaml.safe_dump({"projects": projects}))
    return str(path)


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory, packages: Path) -> Iterator[Clients]:
    """Run every client of Node against one exporter that asks for keys."""
    folder = tmp_path_factory.mktemp("node")
    node = peer("node")
    with running(folder, "--config", _configuration(folder)) as exporter:
        ended = {}
        for client in CLIENTS:
            command = [node, packages / "node_app.cjs", client, exporter.url, IDS[client], KEYS[client]]
            ended[client] = subprocess.run(
                command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
            )
        exporter.wait_until_folded()
        yield Clients(exporter, ended)


@pytest.mark.parametrize("client", CLIENTS)
def test_the_clients_own_log_shows_no_error(clients: Clients, client: str) -> None:
    ended = clients.ended[client]
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout


@pytest.mark.parametrize("client", CLIENTS)
def test_its_failure_is_counted_once(clients: Clients, client: str) -> None:
    labels = {"project": client, "environment": "staging", "level": "error", "type": "TypeError"}
    assert clients.exporter.total(names.EVENTS, project=client) == 1
    assert clients.exporter.total(names.EVENTS, **labels) == 1


def test_the_same_failure_is_the_same_issue_whichever_client_sends_it(clients: Clients) -> None:
    found = {
        client: [
            (issue["issue"], issue["title"], issue["culprit"], issue["last_release"])
            for issue in clients.exporter.get_json(f"/api/issues?project={client}")["issues"]
        ]
        for client in CLIENTS
    }
    assert found == dict.fromkeys(CLIENTS, found["sentry"])
    ((_, title, culprit, release),) = found["sentry"]
    assert (title, culprit, release) == ("TypeError: could not price order <num>", "npm/node_app in price", "1.4.2")


def test_nothing_was_refused(clients: Clients) -> None:
    assert clients.exporter.total(names.INGEST_REJECTED) == 0
    assert clients.exporter.total(names.REQUESTS, project="otlp", transaction="/orders/:id", status_class="5xx") == 1


class _Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *_: object) -> None:
        """Leave the test's output alone."""


@pytest.fixture(scope="module")
def site(packages: Path) -> Iterator[str]:
    """Serve the page and the clients' scripts on another origin than the exporter's."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=packages))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, site: str) -> Iterator[Exporter]:
    """Open the page once for each client, until its failure has come."""
    folder = tmp_path_factory.mktemp("browser")
    chromium = peer("chromium")
    with running(folder, "--config", _configuration(folder)) as exporter:
        for client in BROWSER_CLIENTS:
            address = f"{site}/browser.html?client={client}&url={exporter.url}&project={IDS[client]}&key={KEYS[client]}"
            command = [chromium, *CHROMIUM_FLAGS, f"--user-data-dir={folder / client}", "--remote-debugging-port=0"]
            with (folder / f"{client}.log").open("wb") as log:
                browser = subprocess.Popen([*command, address], stdout=log, stderr=log, start_new_session=True)
            until(lambda client=client: exporter.total(names.EVENTS, project=client), lambda client=client: client)
            os.killpg(browser.pid, signal.SIGKILL)
            browser.wait()
        exporter.wait_until_folded()
        yield exporter


@pytest.mark.browser
@pytest.mark.parametrize("client", BROWSER_CLIENTS)
def test_a_browsers_failure_is_counted_once(pages: Exporter, client: str) -> None:
    labels = {"project": client, "environment": "staging", "level": "error", "type": "TypeError"}
    assert pages.total(names.EVENTS, project=client) == 1
    assert pages.total(names.EVENTS, **labels) == 1


@pytest.mark.browser
def test_in_a_browser_the_same_failure_is_the_same_issue(pages: Exporter) -> None:
    found = {
        client: [
            (issue["issue"], issue["title"], issue["culprit"])
            for issue in pages.get_json(f"/api/issues?project={client}")["issues"]
        ]
        for client in BROWSER_CLIENTS
    }
    assert found == dict.fromkeys(BROWSER_CLIENTS, found["faro"])
    assert [title for _, title, _ in found["faro"]] == ["TypeError: could not price order <num>"]


@pytest.mark.browser
def test_nothing_of_the_browsers_was_refused(pages: Exporter) -> None:
    assert pages.total(names.INGEST_REJECTED) == 0
