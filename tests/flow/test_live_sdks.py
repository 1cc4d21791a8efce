"""Real clients of every protocol, told nothing but another address and key: each failure is counted once."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from tests.flow.exporter import AT_ONCE, Exporter, running
from tests.waiting import PATIENCE_SECONDS

from errtally import names

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.flow

APP = Path(__file__).with_name("sdk_app.py")
CLIENTS = ("sentry", "otlp", "rollbar", "honeybadger", "bugsnag")
"""Airbrake's has no wheel and needs a compiler: what it sent is replayed, and its sisters for JavaScript run."""

IDS = {client: str(100 + index) for index, client in enumerate(CLIENTS)}
KEYS = {client: f"{index:x}" * 32 for index, client in enumerate(CLIENTS)}


@dataclass(frozen=True)
class Clients:
    """What became of the clients' programs, and the exporter that they sent to."""

    exporter: Exporter
    ended: dict[str, subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    """Run every client against one exporter that asks for keys."""
    folder = tmp_path_factory.mktemp("sdks")
    configuration = folder / "errtally.yml"
    projects = [{"name": client, "id": IDS[client], "keys": [KEYS[client]]} for client in CLIENTS]
    configuration.write_text(yaml.safe_dump({"projects": projects, **AT_ONCE}))
    with running(folder, "--config", str(configuration)) as exporter:
        ended = {}
        for client in CLIENTS:
            command = [sys.executable, str(APP), client, exporter.url, IDS[client], KEYS[client]]
            ended[client] = subprocess.run(
                command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, cwd=folder, check=False
            )
        exporter.wait_until_folded()
        yield Clients(exporter, ended)


@pytest.mark.parametrize("client", CLIENTS)
def test_the_clients_own_log_shows_no_error(clients: Clients, client: str) -> None:
    ended = clients.ended[client]
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("client", CLIENTS)
def test_its_failure_is_counted_once(clients: Clients, client: str) -> None:
    labels = {"project": client, "environment": "staging", "level": "error", "type": "ValueError"}
    assert clients.exporter.total(names.EVENTS, project=client) == 1
    assert clients.exporter.total(names.EVENTS, **labels) == 1
    # OpenTelemetry recorded it on two spans and in a log record.
    assert clients.exporter.total(names.DUPLICATES, project=client) == (2 if client == "otlp" else 0)


def test_the_same_failure_is_the_same_issue_whichever_client_sends_it(clients: Clients) -> None:
    found = {
        client: [
            (issue["issue"], issue["title"], issue["culprit"])
            for issue in clients.exporter.get_json(f"/api/issues?project={client}")["issues"]
        ]
        for client in CLIENTS
    }
    assert found == dict.fromkeys(CLIENTS, found["sentry"])
    assert [title for _, title, _ in found["sentry"]] == ["ValueError: could not price order <num>"]
    assert [culprit for _, _, culprit in found["sentry"]] == ["flow/sdk_app in price"]


@pytest.mark.parametrize("client", ["sentry", "otlp", "rollbar", "bugsnag"])  # the others' have no setting for it
def test_its_release_is_known(clients: Clients, client: str) -> None:
    (issue,) = clients.exporter.get_json(f"/api/issues?project={client}")["issues"]
    assert issue["last_release"] == "1.4.2"


@pytest.mark.parametrize("client", CLIENTS)
def test_its_page_shows_both_exceptions_and_the_line_that_raised(clients: Clients, client: str) -> None:
    (issue,) = clients.exporter.get_json(f"/api/issues?project={client}")["issues"]
    page = clients.exporter.get(f"/issues/{issue['issue']}?project={client}").decode()
    assert "caused by KeyError" in re.sub("<[^>]*>", "", page)
    assert "raise ValueError(f&#34;could not price order {order}&#34;) from exc" in page


def test_a_span_that_served_a_request_is_a_request_timing(clients: Clients) -> None:
    labels = {"project": "otlp", "transaction": "/orders/{id}", "method": "GET", "status_class": "5xx"}
    assert clients.exporter.total(names.REQUESTS, **labels) == 1


def test_bugsnags_session_is_counted(clients: Clients) -> None:
    assert clients.exporter.total(names.SESSIONS, project="bugsnag", release="1.4.2", status="started") == 1


def test_nothing_was_refused(clients: Clients) -> None:
    assert clients.exporter.total(names.INGEST_REJECTED) == 0
