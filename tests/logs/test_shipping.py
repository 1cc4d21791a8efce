"""Elasticsearch and Loki, against servers as strict as the real ones."""

from __future__ import annotations

import json
import logging
import time

import pytest
from tests import tls
from tests.client.programs import run_program
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
    cluster.verdicts = {"message 3": [400, 400]}  # as it is, and with its fields as a text
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


def test_two_thousand_equal_lines_are_all_kept_and_in_order(loki, shipping) -> None:
    log, handler = shipping(logs.Loki(loki.url))
    for _ in range(2000):
        log.info("the same")
    assert handler.drain(20)
    (values,) = loki.streams.values()
    times = [at for at, _, _ in values]
    assert len(set(times)) == 2000
    assert times == sorted(times)


def test_what_loki_refuses_costs_itself(loki, shipping) -> None:
    loki.max_line_size = 1000
    log, handler = shipping(logs.Loki(loki.url), flush_seconds=60)
    for number in range(1200):
        log.info("message %d", number, extra={"big": "x" * 2000} if number in {3, 417, 418, 900} else {})
    assert handler.drain(20)
    kept = [message for message in loki.messages() if message.startswith("message")]
    assert len(kept) == len(set(kept)) == 1196
    (told,) = [json.loads(line) for values in loki.streams.values() for _, line, _ in values if "missing" in line]
    assert told["message"] == "4 log records are missing"
    assert told["context"]["discarded"] == [{"reason": "refused", "category": "log", "quantity": 4}]
    assert "max entry size" in told["context"]["why"]
    # Halves, not one by one.
    assert len(loki.headers) < 120


def test_metadata_that_loki_does_not_take_is_left_out_from_then_on(loki, shipping, caplog) -> None:
    loki.takes_metadata = False
    log, handler = shipping(logs.Loki(loki.url))
    errtally.set_trace("2aa5e3f9674549a48e2b4aa27225a5b3")
    for number in range(50):
        log.info("message %d", number)
    assert handler.drain(10)
    assert loki.messages() == [f"message {number}" for number in range(50)]
    assert "takes no structured metadata" in caplog.text


def test_metadata_can_be_switched_off(loki, shipping) -> None:
    loki.takes_metadata = False
    log, handler = shipping(logs.Loki(loki.url, structured_metadata=False))
    errtally.set_trace("2aa5e3f9674549a48e2b4aa27225a5b3")
    log.info("x")
    assert handler.drain(10)
    ((_, line, metadata),) = next(iter(loki.streams.values()))
    assert metadata == {}
    assert json.loads(line)["trace_id"] == "2aa5e3f9674549a48e2b4aa27225a5b3"
    assert len(loki.headers) == 1


def test_a_label_that_loki_does_not_take_is_named_at_once() -> None:
    with pytest.raises(ValueError, match="my-label"):
        logs.Loki("http://loki", labels={"my-label": "x"})


def _orders(cluster) -> list[object]:
    found = []
    for document in cluster.documents.values():
        fields = document.get("fields") or json.loads(document["fields_text"])
        found.append(fields["context"]["order"])
    return found


ORDERS = [5, "A-17", 7.5, True, {"id": 5}, "2026-11-24T08:00:00Z"]


def test_values_of_any_type_under_one_name_are_all_there_with_the_template(cluster, shipping) -> None:
    log, handler = shipping(logs.Elasticsearch(cluster.url, "shop"))
    for order in ORDERS:
        log.info("x", extra={"order": order})
    assert handler.drain(10)
    assert sorted(map(str, _orders(cluster))) == sorted(map(str, ORDERS))
    assert cluster.templates["errtally-logs-shop"]["index_patterns"] == ["logs-shop"]
    assert cluster.templates["errtally-logs-shop"]["data_stream"] == {}
    # An object where there was a value fits no mapping: its fields are a text.
    assert sum("fields_text" in document for document in cluster.documents.values()) == 1


def test_values_of_any_type_under_one_name_are_all_there_without_the_template(cluster, shipping, caplog) -> None:
    cluster.takes_templates = False
    log, handler = shipping(logs.Elasticsearch(cluster.url, "shop"))
    for order in ORDERS:
        log.info("x", extra={"order": order})
    assert handler.drain(10)
    assert sorted(map(str, _orders(cluster))) == sorted(map(str, ORDERS))
    assert caplog.text.count("the index template of logs-shop was not taken") == 1


def test_an_index_that_is_read_only_is_called_that_and_costs_nothing(cluster, shipping, caplog) -> None:
    cluster.is_read_only = True
    log, handler = shipping(logs.Elasticsearch(cluster.url, "shop"))
    for number in range(5):
        log.info("message %d", number)
    assert not handler.drain(10)
    assert "logs-shop is read-only" in caplog.text
    cluster.is_read_only = False
    cluster.wait_for(lambda: len(cluster.documents) == 5)
    assert cluster.messages() == [f"message {number}" for number in range(5)]


def test_an_answer_of_any_size_is_read(cluster, shipping) -> None:
    """A proxy that drops the query, and an answer with 500 errors: far beyond what is read of others."""
    transport = logs.Elasticsearch(cluster.url, "shop", put_template=False)
    transport._post._url = transport._post._url.partition("?")[0]
    cluster.verdicts = {f"message {number}": [429] for number in range(500)}
    log, handler = shipping(transport, flush_seconds=60)
    for number in range(500):
        log.info("message %d", number)
    handler.drain(10)
    cluster.wait_for(lambda: len(cluster.documents) == 500)


def test_a_batch_without_a_proper_answer_does_not_hold_up_what_is_behind_it_for_ever(cluster, shipping) -> None:
    cluster.garbled = "message 3"
    log, _ = shipping(logs.Elasticsearch(cluster.url, "shop"), capacity=10, backoff=Backoff(0.01, 0.02))
    for number in range(10):
        log.info("message %d", number)
    cluster.wait_for(lambda: any("missing" in message for message in cluster.messages()))
    told = next(one for one in cluster.documents.values() if "missing" in one["message"])
    assert told["fields"]["context"]["discarded"] == [{"reason": "no_proper_answer", "category": "log", "quantity": 10}]
    log.info("behind it")
    cluster.wait_for(lambda: "behind it" in cluster.messages())


def test_a_document_that_always_fails_is_given_up_and_the_others_are_there(cluster, shipping) -> None:
    cluster.verdicts = {"message 3": [500] * 50}
    log, _ = shipping(logs.Elasticsearch(cluster.url, "shop"), backoff=Backoff(0.01, 0.02))
    for number in range(8):
        log.info("message %d", number)
    cluster.wait_for(lambda: any("missing" in message for message in cluster.messages()))
    assert "message 3" not in cluster.messages()
    assert len([one for one in cluster.messages() if one.startswith("message")]) == 7


def test_a_request_that_is_too_large_is_halved(cluster, shipping) -> None:
    cluster.body_limit = 20_000
    log, handler = shipping(logs.Elasticsearch(cluster.url, "shop", put_template=False))
    for number in range(200):
        log.info("message %d", number)
    assert handler.drain(10)
    assert cluster.messages() == [f"message {number}" for number in range(200)]


def test_servers_behind_a_ca_of_ones_own(shipping) -> None:
    with receiving(receiver=FakeElasticsearch(), behind_tls=True) as cluster:
        log, handler = shipping(logs.Elasticsearch(cluster.url, "shop", ca_certs=tls.CA))
        log.info("x")
        assert handler.drain(10)
        assert cluster.messages() == ["x"]
    with receiving(receiver=FakeLoki(), behind_tls=True) as loki:
        log, handler = shipping(logs.Loki(loki.url, ca_certs=tls.CA))
        log.info("x")
        assert handler.drain(10)
        assert loki.messages() == ["x"]


def test_victorialogs_is_told_which_field_of_the_line_is_the_message(shipping, loki) -> None:
    """It takes a line of JSON apart, and showed "missing _msg field" for each."""
    log, handler = shipping(logs.Loki(loki.url))
    log.info("x")
    assert handler.drain(10)
    assert {name.lower(): value for name, value in loki.headers[-1].items()}["vl-msg-field"] == "message"


SHUTDOWN = """
    import logging, sys, threading, time
    from errtally import logs
    logs.configure("shop", directory=None, console="json", loki={url!r})
    log = logs.get_logger("shop")
    for number in range(5000): log.info("message %d" % number)
    {meanwhile}
"""


def test_the_end_of_a_process_does_not_wait_for_itself(loki) -> None:
    """The server was away and is back at the end, of which the sender's thread tells while `shutdown` waits for it."""
    loki.fails_until_told = True
    patient = "[h for h in logging.getLogger().handlers if hasattr(h, 'drain')][0]._shutdown_seconds = 45"
    back = f"{patient}; import urllib.request; urllib.request.urlopen({loki.url + '/well'!r}, data=b'').close()"
    said = run_program(SHUTDOWN.format(url=loki.url, meanwhile=back), "")
    assert "not sent" not in said
    assert "delivery works again" in said
    assert loki.messages() == [f"message {number}" for number in range(5000)]


def test_what_is_lost_at_the_end_is_said() -> None:
    said = run_program(SHUTDOWN.format(url="http://127.0.0.1:9", meanwhile=""), "")
    assert "errtally: 5000 log records were not sent before the end: " in said
    assert "refused" in said
