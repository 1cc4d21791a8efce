"""Timings of a service's own work, and what its process uses."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry
from tests.waiting import PATIENCE_SECONDS

import errtally
from errtally import names
from errtally.client.performance import UsageReader, timed, timer

if TYPE_CHECKING:
    from tests.client.receiver import Receiver


def test_blocks_functions_and_coroutines_are_timed(receiver: Receiver) -> None:
    errtally.init(receiver.url, hooks=False)

    @timed("import orders")
    def work(number: int) -> float:
        return 1 / number

    @timed()
    async def wait() -> None:
        await asyncio.sleep(0.02)

    assert work(2) == 0.5
    with pytest.raises(ZeroDivisionError):
        work(0)
    asyncio.run(wait())
    with timer("block"):
        time.sleep(0.01)
    errtally.flush(10)
    found = receiver.requests()
    assert [(t["transaction"].rpartition(".")[2], t["failed"]) for t in found] == [
        ("import orders", False),
        ("import orders", True),
        ("wait", False),
        ("block", False),
    ]
    assert 0.02 <= found[2]["duration_seconds"] < 5


def test_a_process_knows_what_it_uses() -> None:
    reader = UsageReader()
    end = time.process_time() + 0.1
    while time.process_time() < end:
        pass
    usage = reader.read()
    assert 0 < usage.cpu_ratio < 20
    assert usage.memory_bytes is not None
    assert 5e6 < usage.memory_bytes < 5e9
    assert 0 < usage.disk_free_ratio <= 1


def test_prometheus_gets_the_gauges_of_the_catalogue() -> None:
    registry = CollectorRegistry()
    registry.register(UsageReader())
    for metric in (names.CLIENT_CPU, names.CLIENT_MEMORY, names.CLIENT_DISK_FREE):
        assert registry.get_sample_value(metric.name) is not None


def test_a_flush_from_the_sender_itself_does_not_wait(receiver: Receiver) -> None:
    results = []
    errtally.init(
        receiver.url, hooks=False, before_send=lambda event: results.append(errtally.flush(PATIENCE_SECONDS)) or event
    )
    errtally.capture_message("x")
    began = time.monotonic()
    assert errtally.flush(10)
    assert results == [False]
    assert time.monotonic() - began < PATIENCE_SECONDS
