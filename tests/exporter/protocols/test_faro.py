"""Faro's payloads."""

from __future__ import annotations

import pytest
from tests.exporter.protocols.sending import RECEIVED, answered, captured, deliver, page

from errtally.errors import MalformedError, OverloadedError, TooLargeError
from errtally.event.model import Frame, User
from errtally.event.signals import LogCount
from errtally.exporter.config import Limits
from errtally.exporter.protocols import faro

APP = {"name": "shop-web", "version": "3.2.1", "environment": "production"}


def _payload(**parts):
    return {"meta": {"app": APP}, **parts}


def _exception(**attributes):
    return deliver("/collect", _payload(exceptions=[{"type": "E", "value": "m", **attributes}])).events[0].event


def test_a_captured_exception_has_the_oldest_frame_first():
    submission = deliver(*captured("faro-browser", 3))
    event = submission.events[0].event
    assert (event.exceptions[0].type, event.exceptions[0].value) == (
        "CartError",
        "Cannot read properties of undefined (reading 'map')",
    )
    assert event.exceptions[0].frames == [
        Frame(abs_path="http://127.0.0.1:18300/faro.js", lineno=19217, colno=11),
        Frame(function="renderCart", abs_path="http://127.0.0.1:18300/faro.js", lineno=19213, colno=27),
    ]
    assert event.user == User("u-5", "ann@example.com")
    assert event.tags == {
        "app.name": "shop-web", "browser": "Chrome Headless", "browser.version": "156.0.0.0", "os": "Linux unknown",
        "session.id": "MTjy1T7V01",
    }  # fmt: skip
    assert (event.environment, event.release, event.platform, event.transaction) == (
        "production", "3.2.1", "javascript", "/faro.html",
    )  # fmt: skip
    assert (submission.project, submission.logs) == ("shop-web", [LogCount("warning", 1, "production")])
    assert dict(submission.items) == {"event": 4, "log": 1, "request": 1, "custom_event": 2, "measurement": 2}


def test_the_browsers_page_load_is_a_request():
    (timing,) = deliver(*captured("faro-browser", 3)).requests
    assert (timing.transaction, timing.method, timing.status_class, timing.failed) == (
        "/faro.html", "GET", "2xx", False,
    )  # fmt: skip
    assert timing.duration_seconds == pytest.approx(0.294)


def test_an_exceptions_page_has_its_context_and_what_happened_before():
    shown = page(deliver(*captured("faro-browser", 3)))
    assert shown["extra"] == {"order": "12"}
    assert [crumb["category"] for crumb in shown["breadcrumbs"]] == [
        "faro.performance.navigation", "warn", "checkout", "faro.performance.resource",
    ]  # fmt: skip
    assert shown["exceptions"][0]["frames"][-1]["function"] == "renderCart"
    assert shown["request"]["url"] == "http://127.0.0.1:18300/faro.html?port=18312"


def test_a_payload_sent_again_has_the_same_ids_and_another_payload_has_others():
    path, body, headers = captured("faro-browser", 3)
    first, again = deliver(path, body, headers), deliver(path, body, headers)
    other = deliver(path, body, headers | {"Idempotency-Key": "x"})
    ids = [item.event.event_id for item in first.events]
    assert all(item.has_own_id for item in first.events)
    assert len(set(ids)) == 4
    assert ids == [item.event.event_id for item in again.events]
    assert not set(ids) & {item.event.event_id for item in other.events}


def test_without_an_idempotency_key_an_exception_has_no_id_of_its_own():
    path, body, headers = captured("faro-browser", 3)
    del headers["Idempotency-Key"]
    assert not any(item.has_own_id for item in deliver(path, body, headers).events)


@pytest.mark.parametrize(
    ("attributes", "attribute", "expected"),
    [
        pytest.param({"fatal": True}, "level", "fatal", id="a fatal one"),
        pytest.param({"fatal": "yes"}, "level", "error", id="any other"),
        pytest.param({"fingerprint": "f"}, "fingerprint", ["f"], id="a fingerprint"),
        pytest.param({"fingerprint": ["f", "g", None]}, "fingerprint", ["f", "g"], id="a fingerprint in parts"),
        pytest.param({"fingerprint": ""}, "fingerprint", None, id="an empty fingerprint"),
        pytest.param({"trace": {"trace_id": "a" * 32, "span_id": "b" * 16}}, "trace_id", "a" * 32, id="a trace"),
        pytest.param({"timestamp": "2026-11-24T05:00:00.000Z"}, "timestamp", 1_795_496_400.0, id="a time"),
        pytest.param({"timestamp": None}, "timestamp", RECEIVED, id="no time"),
        pytest.param({"stacktrace": {"frames": "x"}}, "level", "error", id="a stack that is none"),
    ],
)
def test_an_exception_says_what_it_is(attributes, attribute, expected):
    assert getattr(_exception(**attributes), attribute) == expected


@pytest.mark.parametrize(
    ("meta", "transaction"),
    [
        pytest.param({"view": {"name": "cart"}, "page": {"url": "http://x/a"}}, "cart", id="a view"),
        pytest.param({"page": {"id": "cart", "url": "http://x/a"}}, "cart", id="a page's id"),
        pytest.param({"page": {"url": "http://x/orders/12345?q=1#top"}}, "/orders/*", id="numbers in a path"),
        pytest.param({"page": {"url": f"http://x/{'a' * 41}/b"}}, "/*/b", id="a long part of a path"),
        pytest.param({"page": {"url": "http://[x"}}, None, id="an address that is none"),
        pytest.param({"page": {"url": 5}}, None, id="no text"),
        pytest.param({}, None, id="nothing"),
    ],
)
def test_a_page_is_named_without_what_varies(meta, transaction):
    submission = deliver("/collect", {"meta": meta, "exceptions": [{"type": "E"}]})
    assert submission.events[0].event.transaction == transaction


@pytest.mark.parametrize(
    ("attributes", "seconds"),
    [
        pytest.param({"duration": "294"}, 0.294, id="text in milliseconds"),
        pytest.param({"duration": 294.5}, 0.2945, id="a number"),
        pytest.param({"duration": "0"}, 0.0, id="from the cache"),
        pytest.param({"duration": "-1"}, None, id="below zero"),
        pytest.param({"duration": str(30 * 86_400_000 + 1)}, None, id="more than 30 days"),
        pytest.param({"duration": "NaN"}, None, id="no number"),
        pytest.param({}, None, id="none"),
        pytest.param("x", None, id="no attributes"),
    ],
)
def test_only_a_page_load_with_a_duration_is_a_request(attributes, seconds):
    events = [
        {"name": "faro.performance.navigation", "attributes": attributes},
        {"name": "faro.performance.resource", "attributes": {"duration": "5"}},
    ]
    submission = deliver("/collect", _payload(events=events))
    assert [timing.duration_seconds for timing in submission.requests] == ([seconds] if seconds is not None else [])
    assert submission.items["request"] + submission.items["custom_event"] == 2


def test_a_page_load_that_the_server_failed_is_failed():
    event = {"name": "faro.performance.navigation", "attributes": {"duration": "5", "responseStatus": "503"}}
    (timing,) = deliver("/collect", _payload(events=[event])).requests
    assert (timing.status_class, timing.failed) == ("5xx", True)


def test_spans_inside_are_read_as_otlp():
    span = {
        "kind": 2, "name": "GET /a",
        "startTimeUnixNano": "1795499999000000000", "endTimeUnixNano": "1795500000000000000",
        "attributes": [{"key": "http.route", "value": {"stringValue": "/a"}}],
        "events": [{"name": "exception", "attributes": [{"key": "exception.type", "value": {"stringValue": "E"}}]}],
    }  # fmt: skip
    spans = [span, {"kind": 3, "name": "client"}, 5]
    submission = deliver("/collect", _payload(traces={"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}))
    assert [(timing.transaction, timing.duration_seconds) for timing in submission.requests] == [("/a", 1.0)]
    assert [item.event.type for item in submission.events] == ["E"]
    assert dict(submission.items) == {"span": 1, "request": 1, "event": 1}
    assert dict(submission.rejected) == {"bad_record": 1}


def test_traces_that_can_not_be_read_take_no_exception_with_them():
    submission = deliver("/collect", _payload(exceptions=[{"type": "E"}], traces={"resourceSpans": 5}))
    assert (len(submission.events), dict(submission.rejected)) == (1, {"bad_traces": 1})


def test_a_payload_may_hold_as_many_items_as_a_batch_and_no_more():
    sent = _payload(exceptions=[{"type": "E"}], logs=[{"level": "info"}], events=[{"name": "e"}])
    assert deliver("/collect", sent, limits=Limits(batch_events=3)).events
    with pytest.raises(TooLargeError):
        deliver("/collect", sent, limits=Limits(batch_events=2))


@pytest.mark.parametrize("body", [b"", b"[]", b"{"])
def test_what_is_no_payload_is_refused_in_words(body):
    with pytest.raises(MalformedError):
        deliver("/collect", body)
    response = answered("/collect", body)
    assert (response.status, response.content_type) == (400, "text/plain; charset=utf-8")
    assert b"JSON" in response.body


def test_answers_have_the_collectors_form():
    good = answered("/collect", _payload())
    assert (good.status, good.body) == (202, b"")
    limited = faro.refuse(OverloadedError("rate_limited", "wait", retry_after_seconds=17))
    assert (limited.status, limited.body) == (429, b"wait")
