"""The items beside events."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from tests.exporter.inprocess import NOW

from errtally import names
from errtally.errors import MalformedError, TooLargeError
from errtally.event.signals import CheckIn, Discard, LogCount, SessionCount
from errtally.exporter.protocols.sentry import items


def encoded(sent):
    return json.dumps(sent).encode()


TRANSACTION = {
    "transaction": "/cart",
    "start_timestamp": NOW - 2.5,
    "timestamp": NOW - 1,
    "environment": "staging",
    "release": "shop@1",
    "request": {"method": "post"},
    "contexts": {
        "trace": {"trace_id": "t" * 32, "span_id": "s" * 16, "op": "http.server", "status": "ok"},
        "response": {"status_code": 201},
    },
}


def test_a_transaction_is_a_request():
    timing = items.transaction(encoded(TRANSACTION), received=NOW)
    assert (timing.transaction, timing.duration_seconds, timing.timestamp) == ("/cart", 1.5, NOW - 1)
    assert (timing.method, timing.status_class, timing.failed) == ("POST", "2xx", False)
    assert (timing.environment, timing.release) == ("staging", "shop@1")
    assert (timing.trace_id, timing.span_id) == ("t" * 32, "s" * 16)


@pytest.mark.parametrize(
    ("contexts", "status", "failed"),
    [
        pytest.param({"response": {"status_code": 503}}, "5xx", True, id="the response's code"),
        pytest.param({"response": {"status_code": "404"}}, "4xx", False, id="a code as text"),
        pytest.param({"trace": {"data": {"http.response.status_code": 500}}}, "5xx", True, id="the root span's code"),
        pytest.param({"trace": {"data": {"http.status_code": 302}}}, "3xx", False, id="the root span's old code"),
        pytest.param({"trace": {"status": "internal_error"}}, "5xx", True, id="the trace's status"),
        pytest.param({"trace": {"status": "not_found"}}, "4xx", False, id="a client's fault"),
        pytest.param({"trace": {"status": "deadline_exceeded"}}, "5xx", True, id="a time-out"),
        pytest.param({"response": {"status_code": 200}, "trace": {"status": "error"}}, "2xx", False, id="a code wins"),
        pytest.param(
            {"response": {"status_code": 99}, "trace": {"status": "ok"}}, "2xx", False, id="a code that is none"
        ),
        pytest.param({"trace": {"status": ["ok"]}}, "unknown", False, id="a status that is none"),
        pytest.param({"trace": "x"}, "unknown", False, id="a trace that is text"),
        pytest.param("x", "unknown", False, id="contexts that are text"),
        pytest.param(None, "unknown", False, id="no contexts"),
    ],
)
def test_the_status_of_a_transaction(contexts, status, failed):
    timing = items.transaction(encoded(TRANSACTION | {"contexts": contexts}), received=NOW)
    assert (timing.status_class, timing.failed) == (status, failed)


@pytest.mark.parametrize("tags", [{"http.status_code": "404"}, [["http.status_code", 404]]])
def test_the_code_that_old_clients_tell_in_a_tag_goes_before_the_status_of_the_trace(tags):
    change = {"tags": tags, "contexts": {"trace": {"status": "internal_error"}}}
    timing = items.transaction(encoded(TRANSACTION | change), received=NOW)
    assert (timing.status_class, timing.failed) == ("4xx", False)


@pytest.mark.parametrize(
    ("operation", "is_page"), [("pageload", True), ("navigation", True), ("ui.load", True), ("http.server", False)]
)
def test_an_error_of_a_page_says_nothing_of_its_request(operation, is_page):
    change = {"contexts": {"trace": {"op": operation}}}
    assert items.transaction(encoded(TRANSACTION | change), received=NOW).is_page is is_page
    [timing] = spans(SPAN | {"attributes": attributes(sentry__op=operation)})
    assert timing.is_page is is_page


@pytest.mark.parametrize(
    ("change", "method"),
    [
        ({"request": None}, ""),
        ({"request": {"method": "BREW"}}, "OTHER"),
        ({"request": {}, "contexts": {"trace": {"data": {"http.request.method": "PUT"}}}}, "PUT"),
        ({"request": None, "contexts": {"trace": {"data": {"http.method": "GET"}}}}, "GET"),
    ],
)
def test_the_method_of_a_transaction(change, method):
    assert items.transaction(encoded(TRANSACTION | change), received=NOW).method == method


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"start_timestamp": None}, "needs start_timestamp"),
        ({"timestamp": "soon"}, "needs start_timestamp"),
        ({"start_timestamp": NOW - 31 * 86400}, "a duration of"),
    ],
)
def test_a_transaction_without_a_duration_is_malformed(change, reason):
    with pytest.raises(MalformedError, match=reason) as caught:
        items.transaction(encoded(TRANSACTION | change), received=NOW)
    assert caught.value.reason == "bad_transaction"


@pytest.mark.parametrize(
    "operation", ["http.client", "db.query", "ui.action.click", "queue.publish", "app_creation.nestjs"]
)
def test_a_root_operation_that_serves_nobody_is_skipped_whatever_the_version_of_the_sdk(operation):
    skipped = Counter()
    assert items.transaction(encoded(TRANSACTION | {"contexts": {"trace": {"op": operation}}}), received=NOW) is None
    assert spans(SPAN | {"attributes": attributes(sentry__op=operation)}, skipped) == []
    assert skipped == {"skipped_span": 1}


@pytest.mark.parametrize("operation", ["rack.request", "task", "rails.active_job", "ui.load", "websocket.server", None])
def test_a_root_operation_that_serves_somebody_counts_whatever_the_version_of_the_sdk(operation):
    assert items.transaction(encoded(TRANSACTION | {"contexts": {"trace": {"op": operation}}}), received=NOW)
    assert len(spans(SPAN | {"attributes": attributes(sentry__op=operation)})) == 1


def test_a_segment_without_sensible_times_is_counted_as_rejected():
    rejected = Counter()
    assert spans(SPAN | {"end_timestamp": None}, rejected=rejected) == []
    assert rejected == {"bad_span": 1}


def test_a_transaction_that_ended_before_it_began_took_no_time_and_one_without_name_is_unnamed():
    timing = items.transaction(encoded({"start_timestamp": NOW, "timestamp": NOW - 5}), received=NOW)
    assert (timing.duration_seconds, timing.transaction) == (0.0, "unnamed")


def attributes(**values):
    return {name.replace("__", "."): {"value": value, "type": "string"} for name, value in values.items()}


SPAN = {
    "trace_id": "t" * 32,
    "span_id": "s" * 16,
    "name": "GET /cart",
    "status": "ok",
    "is_segment": True,
    "start_timestamp": NOW - 2,
    "end_timestamp": NOW - 1,
    "attributes": attributes(sentry__op="http.server", http__response__status_code=500, http__request__method="GET"),
}


def spans(sent, skipped=None, rejected=None):
    skipped = Counter() if skipped is None else skipped
    return items.spans(encoded(sent), skipped, Counter() if rejected is None else rejected, received=NOW)


def test_a_segment_that_serves_a_request_is_a_request_and_the_others_are_counted_as_skipped():
    skipped = Counter()
    [timing] = spans({"version": 2, "items": [SPAN, SPAN | {"is_segment": False}]}, skipped)
    assert skipped == {"skipped_span": 1}
    assert (timing.transaction, timing.duration_seconds, timing.status_class) == ("GET /cart", 1.0, "5xx")
    assert (timing.method, timing.failed, timing.trace_id) == ("GET", True, "t" * 32)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({"attributes": attributes(sentry__op="db")}, [], id="a query is none"),
        pytest.param({"attributes": {}}, ["2xx"], id="a root without operation is one, as in transactions"),
        pytest.param({"attributes": "x"}, ["2xx"], id="attributes that are text"),
        pytest.param({"attributes": attributes(sentry__op="task")}, ["2xx"], id="a task"),
        pytest.param({"attributes": attributes(sentry__op="http.client")}, [], id="a call to another is none"),
        pytest.param({"attributes": attributes(sentry__op="ui.interaction.click")}, [], id="nor a click"),
        pytest.param({"attributes": {}, "op": "http.server"}, ["2xx"], id="an operation of its own"),
        pytest.param({"end_timestamp": None}, [], id="a span without an end is none"),
        pytest.param({"start_timestamp": "x"}, [], id="nor one without a start"),
        pytest.param({"start_timestamp": NOW - 31 * 86400}, [], id="nor one that took a month"),
        pytest.param({"is_segment": "true"}, [], id="is_segment is a truth value"),
        pytest.param({"attributes": attributes(sentry__op="http.server"), "status": "error"}, ["5xx"], id="a failure"),
        pytest.param(
            {"attributes": attributes(sentry__op="pageload"), "status": "error"}, ["unknown"], id="a page with an error"
        ),
    ],
)
def test_which_spans_are_requests(change, expected):
    assert [timing.status_class for timing in spans(SPAN | change)] == expected


def test_a_span_is_named_after_its_segment():
    change = {
        "attributes": attributes(
            sentry__op="http.server", sentry__segment__name="/cart", sentry__environment="e", sentry__release="r"
        )
    }
    [timing] = spans(SPAN | change)
    assert (timing.transaction, timing.environment, timing.release) == ("/cart", "e", "r")
    [unnamed] = spans(SPAN | {"name": None})
    assert unnamed.transaction == "unnamed"


@pytest.mark.parametrize(
    ("sent", "statuses"),
    [
        pytest.param({"init": True, "status": "ok"}, ["started"], id="a start"),
        pytest.param({"status": "exited"}, ["exited"], id="an end"),
        pytest.param({"init": True, "status": "crashed"}, ["started", "crashed"], id="a start and a crash at once"),
        pytest.param({"status": "exited", "errors": 2}, ["errored"], id="an end with errors"),
        pytest.param({"status": "exited", "errors": "x"}, ["exited"], id="errors that are no number"),
        pytest.param({"status": "ok"}, [], id="an update"),
        pytest.param({"status": "nonsense"}, [], id="a status that is none"),
        pytest.param({"init": "yes"}, [], id="init that is no truth value"),
        pytest.param({"status": "started"}, [], id="a start is told by init alone"),
    ],
)
def test_a_session(sent, statuses):
    found = items.session(encoded({"sid": "S", "attrs": {"release": "r", "environment": "e"}, **sent}))
    assert found == [SessionCount(status, 1, "e", "r", "S") for status in statuses]


def test_a_session_with_odd_attributes_counts():
    assert items.session(encoded({"init": True, "attrs": "x"})) == [SessionCount("started", 1, "", None, None)]


def test_sessions_that_were_added_up():
    sent = {
        "attrs": {"release": "r", "environment": "e"},
        "aggregates": [{"exited": 3, "errored": 1}, {"exited": 2, "crashed": -4, "abnormal": "x"}, "junk", {}],
    }
    assert items.sessions(encoded(sent)) == [
        SessionCount("exited", 5, "e", "r"),
        SessionCount("started", 6, "e", "r"),
        SessionCount("errored", 1, "e", "r"),
    ]
    assert items.sessions(encoded({})) == []


def test_a_check_in():
    sent = {"monitor_slug": "backup", "status": "ok", "environment": "e", "duration": 1.5, "timestamp": NOW - 3}
    assert items.check_in(encoded(sent), Counter(), received=NOW) == CheckIn("backup", "ok", NOW - 3, "e", 1.5)


@pytest.mark.parametrize(
    "sent",
    [
        {"status": "ok"},
        {"monitor_slug": "b"},
        {"monitor_slug": "b", "status": "great"},
        {"monitor_slug": " ", "status": "ok"},
    ],
)
def test_a_check_in_needs_a_monitor_and_a_status(sent):
    with pytest.raises(MalformedError) as caught:
        items.check_in(encoded(sent), Counter(), received=NOW)
    assert caught.value.reason == "bad_check_in"


def test_a_client_report():
    sent = {
        "discarded_events": [
            {"reason": "queue_overflow", "category": "error", "quantity": 23},
            {"reason": None, "category": None, "quantity": "4"},
            {"reason": "x", "category": "made-up-by-a-client", "quantity": 1},
            {"reason": "x", "quantity": 0},
            {"reason": "x", "quantity": 10**30},
            "junk",
        ],
        "rate_limited_events": [{"reason": "limit", "category": "span", "quantity": 1}],
    }
    assert items.client_report(encoded(sent)) == [
        Discard("queue_overflow", "error", 23),
        Discard("unknown", "default", 4),
        Discard("x", "other", 1),
        Discard("limit", "span", 1),
    ]


def test_logs_are_counted_by_level_and_environment():
    record = {"level": "warn", "attributes": {"sentry.environment": {"value": "e"}}}
    sent = {"items": [record, record, {"level": "error"}, {"attributes": "x"}]}
    assert items.logs(encoded(sent)) == [LogCount("warning", 2, "e"), LogCount("error", 1, ""), LogCount("info", 1, "")]


@pytest.mark.parametrize("decode", [items.session, items.sessions, items.client_report, items.logs])
def test_an_item_that_is_no_object_is_malformed(decode):
    with pytest.raises(MalformedError):
        decode(b"[1]")


@pytest.mark.parametrize(
    ("decode", "sent"),
    [
        (items.logs, {"items": [{}] * 10_001}),
        (items.sessions, {"aggregates": [{}] * 10_001}),
        (items.client_report, {"discarded_events": [{}] * 10_001}),
    ],
)
def test_a_container_holds_ten_thousand_items_at_most(decode, sent):
    with pytest.raises(TooLargeError) as caught:
        decode(encoded(sent))
    assert caught.value.reason == "too_many_items"


def test_statuses_of_traces_map_to_classes_of_the_catalogue():
    assert set(items._STATUS_CLASSES.values()) <= set(names.STATUS_CLASSES)


def test_an_error_on_a_page_says_nothing_of_its_request():
    sent = {"transaction": "/cart", "start_timestamp": NOW - 1, "timestamp": NOW}
    sent["contexts"] = {"trace": {"op": "pageload", "status": "internal_error"}}
    timing = items.transaction(json.dumps(sent).encode(), received=NOW)
    assert (timing.status_class, timing.failed) == ("unknown", False)


def test_a_handler_that_panicked_is_a_failure():
    sent = {"transaction": "/cart", "start_timestamp": NOW - 1, "timestamp": NOW}
    sent["contexts"] = {"trace": {"op": "http.server", "status": "aborted"}}
    assert items.transaction(json.dumps(sent).encode(), received=NOW).failed
