"""Elasticsearch and Loki, against servers as strict as the real ones."""

from __future__ import annotations

import json
import logging
import time

import pytest
from tests.client.receiver import receiving
from tests.logs.servers import FakeElasticsearch, FakeLoki
from tests.waiting import PATIENCE_SECONDS

import errtally
from errtally import logs
from errtally.client.backoff import Backoff
from errtally.logs.elasticsearch import index_name
from errtally.logs.entry import Entries, Identity
from errtally.logs.shipping import ShippingHandler


@pytest.fixture
def cluster():
    with receiving(receiver=FakeElasticsearch()) as found:
        yield found


@pytest.fixture
def loki():
    with receiving(receiver=FakeLoki()) as found:
        yield found


@pytest.fixture
def shipping():
    """Make a handler on a logger of its own."""
    handlers = []

    def make(transport, **options):
        options = {"flush_seconds": 0.02, "shutdown_seconds": 0.2, "backoff": Backoff(0.02, 0.05), **options}
        handler = ShippingHandler(Entries(Identity("shop", "staging", "1.0")), transport, **options)
        if isinstance(transport, logs.Elasticsearch):
            transport.discards = handler.discards
        handlers.append(handler)
        log = logging.Logger("shop", logging.DEBUG)  # noqa: LOG001 (outside of the tree of loggers)
        log.addHandler(handler)
        return log, handler

    yield make
    for handler in handlers:
        handler.close()


def test_documents_have_the_form_that_is_asked_for(cluster, shipping) -> None:
    log, handler = shipping(logs.Elasticsearch(cluster.url, "Shop API", api_key="a2V5"))
    log.warning("%d left", 7, extra={"stock": "low"})
    assert handler.drain(10)
    ((key, document),) = cluster.documents.items()
    assert key[0] == "logs-shop-api"
    assert document.pop("@timestamp").endswith("+00:00")
    assert document == {
        "severity": "warning",
        "message": "7 left",
        "fields": {
            "logger": "shop",
            "service": "shop",
            "environment": "staging",
            "version": "1.0",
            "context": {"stock": "low"},
        },
    }
    assert cluster.headers[0]["Authorization"] == "ApiKey a2V5"


def test_a_thousand_records_go_in_batches_of_five_hundred(cluster, shipping) -> None:
    log, handler = shipping(logs.Elasticsearch(cluster.url, "shop"), flush_seconds=30)
    for number in range(1000):
        log.info("message %d", number)
    assert handler.drain(10)
    assert cluster.messages() == [f"message {number}" for number in range(1000)]
    assert len(cluster.headers) <= 3


def test_documents_that_were_too_many_are_sent_again_and_only_those(cluster, shipping) -> None:
    cluster.verdicts = {"message 3": [429, 429], "message 5": [503]}
    log, _ = shipping(logs.Elasticsearch(cluster.url, "shop"))
    for number in range(8):
        log.info("message %d", number)
    cluster.wait_for(lambda: len(cluster.documents) == 8)
    assert sorted(cluster.messages()) == [f"message {number}" for number in range(8)]


def test_documents_that_are_refused_are_counted_and_said_in_the_log_itself(cluster, shipping) -> None:
    cluster.verdicts = {"message 3": [400]}
    log, handler = shipping(logs.Elasticsearch(cluster.url, "shop"))
    for number in range(5):
        log.info("message %d", number)
    handler.drain(10)
    cluster.wait_for(lambda: len(cluster.documents) == 5)
    assert "1 log records are missing" in cluster.messages()
    assert "message 3" not in cluster.messages()


def test_documents_sent_twice_are_there_once(cluster) -> None:
    transport = logs.Elasticsearch(cluster.url, "shop")
    entry = {"timestamp": "2026-11-24T08:00:00.000+00:00", "level": "info", "message": "x"}
    batch = [transport.encode(entry)]
    assert transport.send(batch).left is None
    assert transport.send(batch).verdict.value == "taken"
    assert len(cluster.documents) == 1


def test_records_wait_in_order_while_the_cluster_is_down(cluster, shipping) -> None:
    cluster.down = True
    log, handler = shipping(logs.Elasticsearch(cluster.url, "shop"))
    for number in range(20):
        log.info("message %d", number)
    assert not handler.drain(5)
    cluster.down = False
    cluster.wait_for(lambda: len(cluster.documents) == 20)
    assert cluster.messages() == [f"message {number}" for number in range(20)]


def test_an_answer_that_is_no_answer_of_the_bulk_api_is_a_failure(shipping) -> None:
    with receiving() as receiver:
        receiver.answer = lambda _: (200, {}, b"<html>login</html>")
        log, handler = shipping(logs.Elasticsearch(receiver.url, "shop"))
        log.info("x")
        assert not handler.drain(5)


def test_what_does_not_fit_pushes_out_the_oldest_and_is_told(cluster, shipping) -> None:
    cluster.down = True
    log, handler = shipping(logs.Elasticsearch(cluster.url, "shop"), capacity=10)
    for number in range(1000):
        log.info("message %d", number)
    cluster.down = False
    cluster.wait_for(lambda: any("missing" in message for message in cluster.messages()))
    kept = [message for message in cluster.messages() if message.startswith("message")]
    assert kept[-1] == "message 999"
    told = sum(
        entry["quantity"]
        for document in cluster.documents.values()
        for entry in document["fields"].get("context", {}).get("discarded", ())
    )
    handler.drain(5)
    assert len(kept) + told == 1000


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://no-such-host.invalid"])
def test_logging_does_not_wait_for_a_server_that_is_not_there(shipping, url: str) -> None:
    log, _ = shipping(logs.Elasticsearch(url, "shop"))
    began = time.monotonic()
    for _ in range(1000):
        log.info("x")
    assert time.monotonic() - began < PATIENCE_SECONDS, "a thousand waits would be longer"


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        pytest.param("shop", "logs-shop", id="a name"),
        pytest.param("Shop API/v2", "logs-shop-api-v2", id="with what an index must not have"),
        pytest.param("../*", "logs-unnamed", id="with nothing else"),
        pytest.param("x" * 300, "logs-" + "x" * 250, id="too long"),
    ],
)
def test_index_of(service: str, expected: str) -> None:
    assert index_name(service) == expected


def test_loki_gets_a_stream_a_level_and_ids_as_metadata(loki, shipping) -> None:
    log, handler = shipping(logs.Loki(loki.url, tenant="t1", labels={"cluster": "eu"}))
    errtally.set_trace("2aa5e3f9674549a48e2b4aa27225a5b3")
    for number in range(50):
        log.info("message %d", number)
    log.error("failed")
    assert handler.drain(10)
    info, error = (
        loki.streams[f"cluster=eu,environment=staging,level={level},service=shop"] for level in ("info", "error")
    )
    assert [json.loads(line)["message"] for _, line, _ in info] == [f"message {number}" for number in range(50)]
    assert [at for at, _, _ in info] == sorted(at for at, _, _ in info)
    assert error[0][2] == {"trace_id": "2aa5e3f9674549a48e2b4aa27225a5b3"}
    assert {name.lower(): value for name, value in loki.headers[0].items()}["x-scope-orgid"] == "t1"


def test_loki_that_limits_gets_them_later(loki, shipping) -> None:
    loki.down = True
    log, handler = shipping(logs.Loki(loki.url))
    log.info("x")
    assert not handler.drain(5)
    loki.down = False
    loki.wait_for(lambda: bool(loki.streams))


def test_one_call_sets_up_both(cluster, loki) -> None:
    logs.configure("shop", directory=None, console="none", elasticsearch=cluster.url, loki=loki.url)
    logs.get_logger("shop").info("hello")
    logs.configuring._remove()
    assert cluster.messages() == ["hello"]
    assert len(loki.streams) == 1
