"""Spans that are request timings."""

from __future__ import annotations

import pytest

from errtally.event.signals import RequestTiming
from errtally.exporter.protocols.otlp import model
from errtally.exporter.protocols.otlp.resource import service_of
from errtally.exporter.protocols.otlp.timings import timing_of, transaction_of

RECEIVED = 1_795_500_000.0
END = int(RECEIVED) * 1_000_000_000
SERVICE = service_of({"service.version": "1.9.0", "deployment.environment.name": "staging"})


def _span(attributes=None, **changes):
    span = {
        "name": "GET /orders/{id}", "kind": model.SPAN_KIND_SERVER, "start": END - 250_000_000, "end": END,
        "attributes": attributes or {}, "trace_id": "a" * 32, "span_id": "b" * 16, "status_code": 0, "exceptions": [],
    }  # fmt: skip
    return model.Span(**(span | changes))


def test_a_servers_span_is_a_request():
    attributes = {"http.request.method": "get", "http.route": "/orders/{id}", "http.response.status_code": 200}
    assert timing_of(_span(attributes), SERVICE, RECEIVED) == RequestTiming(
        transaction="/orders/{id}",
        duration_seconds=0.25,
        timestamp=RECEIVED,
        method="GET",
        status_class="2xx",
        environment="staging",
        release="1.9.0",
        trace_id="a" * 32,
        span_id="b" * 16,
    )


@pytest.mark.parametrize(
    ("attributes", "name", "transaction"),
    [
        pytest.param({"http.route": "/a/{b}", "url.path": "/a/5"}, "GET /a/{b}", "/a/{b}", id="the route"),
        pytest.param({"rpc.service": "Shop", "rpc.method": "Pay"}, "x", "Shop/Pay", id="an RPC"),
        pytest.param({"rpc.service": "Shop"}, "x", "Shop", id="an RPC without a method"),
        pytest.param({"messaging.destination.name": "orders"}, "process orders", "orders", id="a queue"),
        pytest.param(
            {"messaging.destination.template": "orders.{id}", "messaging.destination.name": "orders.5"}, "x",
            "orders.{id}", id="a queue's template",
        ),
        pytest.param({"http.request.method": "GET"}, "GET /a/{b}", "/a/{b}", id="the span's name, without its method"),
        pytest.param({"http.method": "GET", "http.target": "/a/5?b=1"}, "GET /a/5", "/a/*", id="a name that is a path"),
        pytest.param({"http.request.method": "GET", "url.path": "/pay"}, "GET /pay", "/pay",
                     id="a route without parameters, of which Go's net/http tells the name alone"),
        pytest.param({"http.request.method": "GET", "url.path": "/"}, "GET /", "/", id="the first page"),
        pytest.param(
            {"http.request.method": "GET", "url.path": "/x.php", "http.response.status_code": 404}, "GET /x.php",
            "__unmatched__", id="a path that no route matched",
        ),
        pytest.param(
            {"http.request.method": "GET", "url.path": "/x", "http.route": "/**", "http.response.status_code": 404},
            "GET /**", "__unmatched__", id="Spring's route of all paths, which had nothing",
        ),
        pytest.param({"http.route": "/**", "http.response.status_code": 200}, "GET /**", "/**", id="or had a file"),
        pytest.param({"http.method": "GET", "http.target": "/a/5"}, "HTTP GET", "GET", id="a name of older versions"),
        pytest.param({"url.path": "/a/5"}, "/a/5", "/a/*", id="a path without a method"),
        pytest.param(
            {"http.request.method": "GET", "url.path": "/a/5", "http.response.status_code": 404}, "GET",
            "__unmatched__", id="what no route matched",
        ),
        pytest.param({}, "nightly job", "nightly job", id="any other name"),
        pytest.param({}, "", "unnamed", id="no name"),
    ],
)  # fmt: skip
def test_a_transaction_is_never_a_path_that_a_client_sent(attributes, name, transaction):
    assert transaction_of(_span(attributes, name=name)) == transaction


@pytest.mark.parametrize(
    ("attributes", "is_address"),
    [
        pytest.param({"http.request.method": "GET", "url.path": "/pay"}, True, id="made of an address"),
        pytest.param({"http.request.method": "GET", "url.path": "/pay", "http.route": "/pay"}, False, id="a route"),
        pytest.param({"http.request.method": "GET"}, False, id="a name"),
    ],
)
def test_what_was_made_of_an_address_is_told_from_routes(attributes, is_address):
    timing = timing_of(_span(attributes, name="GET /pay"), SERVICE, RECEIVED)
    assert timing is not None
    assert timing.is_address == is_address


@pytest.mark.parametrize("kind", [0, 1, 3, 4, 6])
def test_a_span_of_another_kind_serves_nothing(kind):
    assert transaction_of(_span(kind=kind)) is None
    assert timing_of(_span(kind=kind), SERVICE, RECEIVED) is None


@pytest.mark.parametrize(
    ("attributes", "status_code", "status_class", "failed"),
    [
        pytest.param({"http.response.status_code": 500}, 2, "5xx", True, id="a server's error"),
        pytest.param({"http.status_code": "404"}, 2, "4xx", False, id="a client's error does not fail the request"),
        pytest.param({"rpc.grpc.status_code": 0}, 0, "2xx", False, id="gRPC, well"),
        pytest.param({"rpc.grpc.status_code": 5}, 0, "4xx", False, id="gRPC, not found"),
        pytest.param({"rpc.grpc.status_code": 13}, 0, "5xx", True, id="gRPC, internal"),
        pytest.param({}, 2, "unknown", True, id="an error without a status"),
        pytest.param({}, 1, "unknown", False, id="well without a status"),
    ],
)
def test_a_request_is_failed_by_the_server_only(attributes, status_code, status_class, failed):
    timing = timing_of(_span(attributes, status_code=status_code), SERVICE, RECEIVED)
    assert timing is not None
    assert (timing.status_class, timing.failed) == (status_class, failed)


@pytest.mark.parametrize(
    ("start", "end", "seconds"),
    [
        pytest.param(END, END, 0.0, id="no time at all"),
        pytest.param(END - 30 * 86_400 * 10**9, END, 2_592_000.0, id="30 days"),
        pytest.param(END - 30 * 86_400 * 10**9 - 1, END, None, id="more than 30 days"),
        pytest.param(END + 1, END, None, id="the end first"),
        pytest.param(0, END, None, id="no start"),
        pytest.param(END, 0, None, id="no end"),
    ],
)
def test_a_span_whose_times_say_nothing_is_no_request(start, end, seconds):
    timing = timing_of(_span(start=start, end=end), SERVICE, RECEIVED)
    assert (timing.duration_seconds if timing is not None else None) == seconds


def test_a_message_from_a_queue_is_a_request():
    timing = timing_of(_span({"messaging.destination.name": "orders"}, kind=5), SERVICE, RECEIVED)
    assert timing is not None
    assert (timing.transaction, timing.method) == ("orders", "")
