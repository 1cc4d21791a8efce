"""An answer means durable: what was acknowledged survives kill -9 of every process and is counted exactly once."""

from __future__ import annotations

import http.client
import json
import os
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from tests.flow.exporter import Exporter
from tests.waiting import PATIENCE_SECONDS

from errtally import names

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.flow

EVENTS = 2000
CLIENTS = 8
ROUNDS = int(os.environ.get("ERRTALLY_KILL_ROUNDS", "2"))


def _event(number: int) -> bytes:
    return json.dumps(
        {"event_id": f"{number:032x}", "message": f"order {number} failed", "type": f"Type{number % 7}"}
    ).encode()


def _send(port: int, numbers: list[int], acknowledged: set[int], stop: threading.Event) -> None:
    """Send events one by one on one connection until the server is gone."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        for number in numbers:
            if stop.is_set():
                return
            connection.request("POST", "/api/events", _event(number))
            answer = connection.getresponse()
            answer.read()
            if answer.status == 200:
                acknowledged.add(number)
    except (OSError, http.client.HTTPException):
        return  # killed meanwhile: the event was not acknowledged
    finally:
        connection.close()


def _send_all(port: int, numbers: list[int], acknowledged: set[int], stop: threading.Event) -> None:
    with ThreadPoolExecutor(CLIENTS) as pool:
        for client in range(CLIENTS):
            pool.submit(_send, port, numbers[client::CLIENTS], acknowledged, stop)


@pytest.mark.parametrize("durability", ["write", "fsync"])
@pytest.mark.parametrize("attempt", range(ROUNDS))
def test_every_acknowledged_event_is_counted_once_after_all_processes_were_killed(
    tmp_path: Path, attempt: int, durability: str
) -> None:
    exporter = Exporter(tmp_path, "--workers", "2", "--durability", durability)
    exporter.start()
    acknowledged: set[int] = set()
    stop = threading.Event()
    sender = threading.Thread(target=_send_all, args=(exporter.port, list(range(EVENTS)), acknowledged, stop))
    sender.start()
    goal = random.Random(attempt).randrange(50, EVENTS - 200)
    while len(acknowledged) < goal:
        time.sleep(0.002)
    exporter.kill()
    sender.join()
    first = len(acknowledged)
    assert goal <= first < EVENTS

    exporter.start()
    try:
        exporter.wait_until_folded()
        counted = exporter.total(names.EVENTS)
        assert first <= counted <= first + CLIENTS
        assert exporter.total(names.ISSUE_EVENTS) == counted
        # A client that got no answer sends again, under the same ids: no event may be lost or counted twice.
        _send_all(exporter.port, sorted(set(range(EVENTS)) - acknowledged), acknowledged, stop)
        exporter.wait_until_folded()
        assert len(acknowledged) == EVENTS
        assert exporter.total(names.EVENTS) == EVENTS
        assert exporter.total(names.ISSUE_EVENTS) == EVENTS
        assert exporter.total(names.DUPLICATES) == counted - first
    finally:
        exporter.stop()


def test_a_stopped_exporter_has_folded_everything_and_left_no_journal(tmp_path: Path) -> None:
    exporter = Exporter(tmp_path)
    exporter.start()
    exporter.post("/api/events", b'{"events":[{"message":"a"},{"message":"b"}]}')
    assert exporter.stop() == 0
    assert not list((exporter.data_dir / "journal").glob("*.segment"))
    exporter.start()
    try:
        assert exporter.total(names.EVENTS) == 2
    finally:
        exporter.stop()
