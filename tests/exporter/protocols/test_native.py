"""The exporter's own batch API."""

from __future__ import annotations

import json

import pytest
from tests.exporter.inprocess import NOW, deliver

from errtally.errors import MalformedError, OverloadedError, RejectedError, TooLargeError, UnauthorizedError
from errtally.event.model import User
from errtally.event.signals import Discard
from errtally.exporter.config import ExporterConfig, Limits, Project
from errtally.exporter.grouping import fingerprint
from errtally.exporter.protocols import native

CONFIG = ExporterConfig(projects=(Project("shop", "42", frozenset({"k1"})),))


def events(body, **options):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return deliver("/api/events", raw, **options)


def requests(body, **options):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return deliver("/api/requests", raw, **options)


@pytest.mark.parametrize(
    ("body", "messages"),
    [
        pytest.param(b'{"events": [{"message": "a"}, {"message": "b"}]}', ["a", "b"], id="a batch"),
        pytest.param(b'{"message": "a"}', ["a"], id="a single event"),
        pytest.param(b'{\n  "message":\n  "a"\n}', ["a"], id="a single event over several lines"),
        pytest.param(b'[{"message": "a"}, {"message": "b"}]', ["a", "b"], id="an array"),
        pytest.param(b'{"message": "a"}\n{"message": "b"}', ["a", "b"], id="one a line"),
        pytest.param(b'{"message": "a"}\r\n\n{"message": "b"}\n', ["a", "b"], id="one a line with other line ends"),
        pytest.param(b'{"message": "a"}{"message": "}{"}{"message": "c"}', ["a", "}{", "c"], id="back to back"),
        pytest.param(b'{\n"message": "a"\n}\n{\n"message": "b"\n}\n', ["a", "b"], id="several over several lines"),
        pytest.param(b'\x1e{"message": "a"}\n\x1e{"message": "b"}\n', ["a", "b"], id="with record separators"),
        pytest.param('{"message": "\u00e4"} {"message": "b"}'.encode(), ["\u00e4", "b"], id="not ASCII"),
        pytest.param(b'{"events": []}', [], id="an empty batch"),
        pytest.param(b"[]", [], id="an empty array"),
    ],
)
def test_forms_of_a_batch(body, messages):
    assert [item.event.message for item in events(body).events] == messages


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"", "empty_body", id="nothing"),
        pytest.param(b" \n", "empty_body", id="blanks"),
        pytest.param(b"{", "bad_json", id="torn"),
        pytest.param(b"[1,", "bad_json", id="a torn array"),
        pytest.param(b"hello", "bad_json", id="text"),
        pytest.param(b"5", "bad_json", id="a number"),
        pytest.param(b'{"events": null}', "bad_json", id="events that are null"),
        pytest.param(b'{"events": {"message": "a"}}', "bad_json", id="events that are one object"),
        pytest.param(b'{"message": "\xff"}', "bad_event", id="not UTF-8"),
        pytest.param(b'{"message": "a", "context":' + b"[" * 100_000, "bad_json", id="nested without end"),
        pytest.param(b'{"events": [{"message": "a", "x":' + b"[" * 100_000, "bad_json", id="nested in a batch"),
        pytest.param(b'hello\n{"message": "a"}', "bad_json", id="lines of which the first is no object"),
        pytest.param(b'[5, "x"]', "bad_event", id="an array of other things"),
        pytest.param(b'{"unknown": 1}', "bad_event", id="an object that is no event"),
    ],
)
def test_a_body_that_is_no_batch_is_malformed(body, reason):
    with pytest.raises(MalformedError) as caught:
        events(body)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("event", "complaint"),
    [
        ({}, "'message' is a required property"),
        ({"message": 5}, "`$.message`"),
        ({"message": "m", "event_id": "7"}, "`$.event_id`"),
        ({"message": "m", "context": {"tags": []}}, "`$.context.tags`"),
        ({"message": "m", "context": {"user": "bob"}}, "`$.context.user`"),
        ({"message": "m", "fingerprint": "x"}, "`$.fingerprint`"),
        ({"message": "m", "stack": ["x"]}, "`$.stack`"),
        ({"message": "m" * 1100}, "the limit of one event is 1024"),
    ],
)
def test_a_bad_event_is_told_by_its_place_and_the_others_are_taken(event, complaint):
    good = {"message": "good"}
    submission = events({"events": [good, event, good]}, limits=Limits(item_bytes=1024))
    assert len(submission.events) == 2
    [(index, message)] = submission.failures
    assert index == 1
    assert complaint in message
    assert (submission.items, submission.rejected) == ({"event": 2}, {"bad_event": 1})
    body = json.loads(native.answer(submission).body)
    assert body == {"accepted": 2, "rejected": [{"index": 1, "error": message}]}


def test_a_bad_line_is_told_by_its_place():
    submission = events(b'{"message": "a"}\n{"message":\n{"message": "c"}\n')
    assert len(submission.events) == 2
    assert [index for index, _ in submission.failures] == [1]


@pytest.mark.parametrize(
    "rest",
    [
        pytest.param(b'{"message":', id="torn"),
        pytest.param(b'{"message": "\xff"}', id="not UTF-8"),
        pytest.param(b'{"message": ' + b"[" * 100_000, id="nested without end"),
        pytest.param(b"hello", id="text"),
    ],
)
def test_what_is_broken_behind_objects_back_to_back_costs_itself(rest):
    submission = events(b'{"message": "a"}{"message": "b"}' + rest)
    assert [item.event.message for item in submission.events] == ["a", "b"]
    assert [index for index, _ in submission.failures] == [2]


def test_objects_back_to_back_are_bounded_as_others_are():
    body = b'{"message": "a"}' * 5
    with pytest.raises(TooLargeError, match="5 events; the limit is 4"):
        events(body, limits=Limits(batch_events=4))


def test_timings_go_back_to_back_too():
    one = b'{"transaction": "/a", "duration_seconds": 1}'
    assert len(requests(one + one).requests) == 2


def test_with_nothing_taken_the_request_is_refused_and_says_why():
    with pytest.raises(MalformedError, match=r"event 0: 'message' is a required property .*and 1 more"):
        events({"events": [{}, {}]})
    with pytest.raises(MalformedError, match=r"event 0: .message. is a required property[^(]*$"):
        events({})


def test_a_whole_event():
    sent = {
        "message": "m",
        "event_id": "0123456789ABCDEF0123456789ABCDEF",
        "timestamp": NOW - 5,
        "level": "Critical",
        "type": "SoldOut",
        "stack": "Traceback",
        "platform": "python",
        "logger": "l",
        "transaction": "/cart",
        "fingerprint": ["a", "b"],
        "breadcrumbs": [{"message": "one"}, "junk"],
        "context": {
            "user": {"id": 7, "email": "a@example.org"},
            "environment": "staging",
            "release": "r",
            "server_name": "web-1",
            "tags": {"a": 1, "b": None, "c": True},
            "trace": {"trace_id": "t" * 32, "span_id": "s" * 16},
            "request": {"url": "/x"},
            "extra": {"e": 1},
        },
    }
    [item] = events(sent).events
    event = item.event
    assert (event.event_id, event.timestamp, event.level) == ("0123456789abcdef0123456789abcdef", NOW - 5, "fatal")
    assert (event.type, event.stack, event.platform, event.logger) == ("SoldOut", "Traceback", "python", "l")
    assert (event.transaction, event.environment, event.release) == ("/cart", "staging", "r")
    assert (event.server_name, event.tags) == ("web-1", {"a": "1", "c": "true"})
    assert event.user == User(id="7", email="a@example.org")
    assert (event.trace_id, event.span_id, event.fingerprint) == ("t" * 32, "s" * 16, ["a", "b"])
    assert item.has_own_id
    assert item.details() == {
        "stack": "Traceback",
        "breadcrumbs": [{"message": "one"}],
        "request": {"url": "/x"},
        "extra": {"e": 1},
        "user": {"id": 7, "email": "a@example.org"},
    }


def test_an_event_of_a_message_has_defaults_and_a_new_id():
    first, second = events([{"message": "m"}, {"message": "m"}]).events
    assert not first.has_own_id
    assert first.event.event_id != second.event.event_id
    assert len(first.event.event_id) == 32
    assert (first.event.level, first.event.timestamp, first.event.environment) == ("error", NOW, "")
    assert first.details() == {"stack": None, "breadcrumbs": []}


def test_messages_of_one_template_are_one_issue_whatever_was_put_in():
    names = ("ann", "Bob de Vries", "日本", "")
    sent = [{"message": f"no cart of {who}!", "template": "no cart of %s!", "params": [who]} for who in names]
    delivered = events(sent).events
    assert len({fingerprint(item.event).fingerprint for item in delivered}) == 1
    other = events([{"message": "no cart of ann!", "template": "no %s of ann!"}]).events[0]
    assert fingerprint(other.event).fingerprint != fingerprint(delivered[0].event).fingerprint
    assert [item.details()["extra"]["params"] for item in delivered] == [[who] for who in names]


@pytest.mark.parametrize("params", [5, "text", None])
def test_parameters_of_another_type_are_left_out(params):
    (item,) = events({"message": "m", "params": params}).events
    assert "extra" not in item.details()


@pytest.mark.parametrize("breadcrumbs", [5, "text", {"a": 1}, [1, "x", None], None])
def test_breadcrumbs_of_another_type_are_left_out(breadcrumbs):
    [item] = events({"message": "m", "breadcrumbs": breadcrumbs}).events
    assert item.details()["breadcrumbs"] == []


def test_what_is_too_long_is_cut():
    sent = {
        "message": "m" * 9000,
        "platform": "p" * 100,
        "fingerprint": ["f" * 300] * 30,
        "context": {"environment": "e" * 100, "user": {"ip_address": "1" * 100}},
    }
    [item] = events(sent).events
    assert (len(item.event.message), len(item.event.platform), len(item.event.environment)) == (8192, 32, 64)
    assert [len(part) for part in item.event.fingerprint] == [256] * 20
    assert len(item.event.user.ip_address) == 64


@pytest.mark.parametrize("send", [events, requests])
def test_a_batch_has_a_limit(send):
    one = {"message": "m", "transaction": "t", "duration_seconds": 1}
    assert send([one] * 3, limits=Limits(batch_events=3)).items
    with pytest.raises(TooLargeError) as caught:
        send([one] * 4, limits=Limits(batch_events=3))
    assert caught.value.reason == "batch_too_large"


@pytest.mark.parametrize(
    ("headers", "query", "project"),
    [
        pytest.param({"Authorization": "Bearer k1"}, "", "shop", id="a bearer key"),
        pytest.param({"Authorization": "bearer  k1 "}, "", "shop", id="a bearer key with blanks"),
        pytest.param({"X-API-Key": "k1"}, "", "shop", id="a key in a header of its own"),
        pytest.param({"Authorization": "Bearer k1"}, "project=42", "shop", id="a project as well"),
    ],
)
def test_the_key(headers, query, project):
    assert events({"message": "m"}, headers=headers, query=query, config=CONFIG).project == project


@pytest.mark.parametrize(
    ("headers", "query", "status"),
    [
        ({}, "", 401),
        ({"Authorization": "Basic azE6"}, "", 401),
        ({"Authorization": "Bearer"}, "", 401),
        ({"Authorization": "Bearer "}, "", 401),
        ({"Authorization": "Bearer k2"}, "", 403),
        ({"Authorization": "Bearer k1"}, "project=other", 403),
    ],
)
def test_without_the_key_nothing_is_read(headers, query, status):
    with pytest.raises(UnauthorizedError) as caught:
        events(b"not even JSON", headers=headers, query=query, config=CONFIG)
    assert caught.value.status == status


def test_in_open_mode_the_address_names_the_project():
    assert events({"message": "m"}, query="project=mail").project == "mail"
    assert events({"message": "m"}, query="x=1").project == "default"


def test_a_request_timing():
    sent = {
        "transaction": "/cart",
        "duration_seconds": 0.25,
        "method": "post",
        "status": 503,
        "timestamp": NOW - 5,
        "environment": "staging",
        "release": "r",
        "trace_id": "t",
        "span_id": "s",
    }
    [timing] = requests({"requests": [sent]}).requests
    assert (timing.transaction, timing.duration_seconds, timing.method) == ("/cart", 0.25, "POST")
    assert (timing.status_class, timing.failed, timing.timestamp) == ("5xx", True, NOW - 5)
    assert (timing.environment, timing.release, timing.trace_id, timing.span_id) == ("staging", "r", "t", "s")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({"status": 503, "failed": False}, ("5xx", False), id="what the client says of failure wins"),
        pytest.param({"status": 200, "failed": True}, ("2xx", True), id="also of a success"),
        pytest.param({}, ("unknown", False), id="no status is no failure"),
    ],
)
def test_whether_a_request_failed(change, expected):
    [timing] = requests({"transaction": "/a", "duration_seconds": 0, **change}).requests
    assert (timing.status_class, timing.failed) == expected


@pytest.mark.parametrize(
    "sent",
    [
        {"transaction": "/a"},
        {"transaction": "/a", "duration_seconds": -0.001},
        {"transaction": "/a", "duration_seconds": 30 * 86400 + 1},
        {"transaction": "/a", "duration_seconds": 1e308},
        {"transaction": "/a", "duration_seconds": "1"},
    ],
)
def test_a_bad_duration_is_told_by_its_place(sent):
    good = {"transaction": " ", "duration_seconds": 30 * 86400}
    submission = requests({"requests": [sent, good]})
    assert [index for index, _ in submission.failures] == [0]
    assert "duration_seconds" in submission.failures[0][1]
    assert [timing.transaction for timing in submission.requests] == ["unnamed"]
    assert submission.rejected == {"bad_request": 1}


def test_an_answer_says_how_much_was_taken():
    assert native.answer(events([{"message": "a"}] * 3)).body == b'{"accepted":3,"rejected":[]}'


@pytest.mark.parametrize(
    ("error", "status"), [(RejectedError("r", "m"), 400), (OverloadedError("r", "m", retry_after_seconds=9), 429)]
)
def test_a_refusal_has_the_exporters_form(error, status):
    response = native.refuse(error)
    assert response.status == status
    assert json.loads(response.body) == {"error": {"code": "r", "message": "m"}}


@pytest.mark.parametrize(
    ("discarded", "expected", "rejected"),
    [
        pytest.param(
            [{"reason": "queue_overflow", "category": "error", "quantity": 7}],
            [Discard("queue_overflow", "error", 7)],
            0,
            id="one entry",
        ),
        pytest.param([{"reason": "ignored", "quantity": 3}], [Discard("ignored", "error", 3)], 0, id="no category"),
        pytest.param([{"reason": "", "quantity": 3}], [Discard("unknown", "error", 3)], 0, id="an empty reason"),
        pytest.param([{"reason": "ignored", "quantity": 0}], [], 1, id="nothing"),
        pytest.param([{"reason": "ignored", "quantity": -1}], [], 1, id="less than nothing"),
        pytest.param([{"reason": "ignored", "quantity": 1 << 60}], [], 1, id="more than a counter holds"),
        pytest.param([{"quantity": 1}, 5], [], 2, id="entries that are none"),
    ],
)
def test_a_batch_may_report_what_its_client_discarded(discarded, expected, rejected):
    submission = events({"events": [{"message": "a"}], "discarded": discarded})
    assert submission.discards == expected
    assert submission.rejected["bad_discard"] == rejected
    assert len(submission.events) == 1


def test_a_report_of_discards_needs_no_event():
    assert events({"events": [], "discarded": [{"reason": "x", "quantity": 2}]}).discards == [Discard("x", "error", 2)]


@pytest.mark.parametrize(
    ("sent", "level"),
    [
        pytest.param("crit", "fatal", id="syslog's critical, cut"),
        pytest.param("EMERG", "fatal", id="syslog's emergency, cut"),
        pytest.param("severe", "error", id="java.util.logging"),
        pytest.param("silly", "debug", id="winston"),
        pytest.param("http", "debug", id="a request of winston"),
        pytest.param("W", "warning", id="klog"),
        pytest.param("ftl", "fatal", id="Serilog"),
        pytest.param("fail", "error", id="the console of .NET"),
        pytest.param("ERROR2", "error", id="OpenTelemetry"),
        pytest.param("DEBUG5", "debug", id="PostgreSQL"),
        pytest.param("verbose", "debug", id="winston"),
        pytest.param(3, "error", id="a number of syslog"),
        pytest.param(7, "debug", id="the last number of syslog"),
        pytest.param(40, "error", id="a number of Python's logging"),
    ],
)
def test_shippers_levels_are_read(sent, level):
    submission = deliver("/api/events", json.dumps({"message": "m", "level": sent}).encode())
    assert [taken.event.level for taken in submission.events] == [level]
    assert not submission.rejected


@pytest.mark.parametrize("sent", ["loud", None, [], {"a": 1}])
def test_an_unknown_level_costs_no_event_and_is_counted(sent):
    submission = deliver("/api/events", json.dumps({"message": "m", "level": sent}).encode())
    assert [taken.event.level for taken in submission.events] == ["error"]
    assert submission.rejected == {"unknown_level": 1}
