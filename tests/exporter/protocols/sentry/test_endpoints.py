"""The routes of Sentry SDKs."""

from __future__ import annotations

import base64
import json
import zlib

import pytest
from tests.exporter.inprocess import NOW, deliver, envelope

from errtally.errors import MalformedError, OverloadedError, RejectedError, TooLargeError
from errtally.exporter.config import Limits
from errtally.exporter.protocols import registry
from errtally.exporter.protocols.sentry import answers

EVENT = {"event_id": "1" * 32, "message": "m"}


@pytest.mark.parametrize(
    ("path", "protocol", "project"),
    [
        ("/api/42/envelope/", "sentry", "42"),
        ("/api/42/envelope", "sentry", "42"),
        ("/prefix/of/mine/api/my-shop/envelope/", "sentry", "my-shop"),
        ("/api/42/store/", "sentry", "42"),
        ("/api/store/", "sentry", None),
        ("/api/events", "native", None),
        ("/api/events/", "native", None),
        ("/api/requests", "native", None),
        ("/api/alerts", "alertmanager", None),
    ],
)
def test_a_route_is_found(path, protocol, project):
    endpoint, route = registry.find(path)
    assert endpoint.protocol == protocol
    assert route.get("project") == project


@pytest.mark.parametrize(
    "path",
    [
        "/api/",
        "/api//envelope/",
        "/api/42/envelopes/",
        "/api/42/envelope/x",
        "/api/events/7",
        "/xapi/42/envelope/",
    ],
)
def test_no_route_is_found(path):
    assert registry.find(path) is None


def test_all_kinds_of_items_go_where_they_belong():
    submission = deliver(
        "/api/42/envelope/",
        envelope(
            ("event", EVENT),
            ("transaction", {"transaction": "/a", "start_timestamp": NOW - 1, "timestamp": NOW}),
            ("span", {"items": []}),
            ("session", {"sid": "s", "init": True}),
            ("sessions", {"aggregates": [{"exited": 1}]}),
            ("check_in", {"monitor_slug": "m", "status": "ok"}),
            ("client_report", {"discarded_events": [{"reason": "r", "category": "error", "quantity": 2}]}),
            ("log", {"items": [{"level": "info"}]}),
            ("attachment", b"\x00"),
            ("zz_new", b"?"),
        ),
    )
    assert (len(submission.events), len(submission.requests), len(submission.sessions)) == (1, 1, 3)
    assert (len(submission.check_ins), len(submission.discards), len(submission.logs)) == (1, 1, 1)
    assert submission.items == {
        "event": 1,
        "transaction": 1,
        "span": 1,
        "session": 1,
        "sessions": 1,
        "check_in": 1,
        "client_report": 1,
        "log": 1,
        "attachment": 1,
        "unknown": 1,
    }
    assert submission.event_id == "1" * 32


def test_of_two_events_in_an_envelope_the_first_is_taken():
    submission = deliver("/api/42/envelope/", envelope(("event", EVENT), ("event", EVENT)))
    assert (len(submission.events), submission.rejected) == (1, {"two_events": 1})
    assert submission.failures == [(0, "item 1: an envelope holds one event")]


def test_a_malformed_item_names_its_place():
    with pytest.raises(MalformedError, match=r"item 1: not JSON"):
        deliver("/api/42/envelope/", envelope(("attachment", b"x"), ("session", b"{")))


@pytest.mark.parametrize(
    ("sent_at", "timestamp", "expected"),
    [
        pytest.param(NOW - 3600, NOW - 3605, NOW - 5, id="a clock an hour slow is put right"),
        pytest.param(NOW - 59, NOW - 60, NOW - 60, id="less than a minute may be the network"),
        pytest.param(NOW - 54 * 60, NOW - 55 * 60, NOW - 55 * 60, id="less than 55 minutes may be a queue"),
        pytest.param(NOW + 7200, NOW + 7190, NOW - 10, id="a clock two hours fast is put right"),
        pytest.param("soon", NOW - 5, NOW - 5, id="a time of sending that is none"),
        pytest.param(-1e300, NOW - 5, NOW - 5, id="a time of sending beyond the calendar"),
        pytest.param(None, NOW - 5, NOW - 5, id="no time of sending"),
    ],
)
def test_the_clients_clock_is_put_right(sent_at, timestamp, expected):
    body = envelope(("event", EVENT | {"timestamp": timestamp}), header={"sent_at": sent_at})
    assert deliver("/api/42/envelope/", body).events[0].event.timestamp == expected


def packed(sent):
    return base64.b64encode(zlib.compress(json.dumps(sent).encode()))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(json.dumps(EVENT).encode(), id="JSON"),
        pytest.param(b"\n " + json.dumps(EVENT).encode(), id="JSON behind blanks"),
        pytest.param(packed(EVENT), id="base64 of a deflated one"),
        pytest.param(packed(EVENT) + b"\n", id="base64 with a line break behind"),
    ],
)
@pytest.mark.parametrize("path", ["/api/42/store/", "/api/store/"])
def test_a_stored_event_is_taken(path, body):
    submission = deliver(path, body)
    assert submission.event_id == "1" * 32
    assert submission.events[0].event.message == "m"
    assert submission.project == ("42" if "42" in path else "default")
    assert answers.answer(submission).body == b'{"id":"' + b"1" * 32 + b'"}'


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"!!!", base64.b64encode(b"not deflated"), packed(EVENT)[:-24], packed([1]), b"{", b"\xff\xff"],
    ids=["empty", "a list", "no base64", "not deflated", "torn", "packed list", "torn JSON", "bytes"],
)
def test_a_stored_event_that_is_none_is_malformed(body):
    with pytest.raises(MalformedError) as caught:
        deliver("/api/42/store/", body)
    assert caught.value.reason == "bad_json"


@pytest.mark.parametrize("pack", [lambda sent: json.dumps(sent).encode(), packed], ids=["plain", "packed"])
def test_a_stored_event_has_a_limit(pack):
    small = {"message": "x" * (1024 - 15)}
    assert len(json.dumps(small)) <= 1024
    assert deliver("/api/42/store/", pack(small), limits=Limits(item_bytes=1024)).events
    with pytest.raises(TooLargeError):
        deliver("/api/42/store/", pack({"message": "x" * 1024}), limits=Limits(item_bytes=1024))


def test_an_answer_without_an_event_is_an_empty_object():
    assert answers.answer(deliver("/api/42/envelope/", envelope())).body == b"{}"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RejectedError("r", "m"), 400),
        (TooLargeError("r", "m"), 413),
        (OverloadedError("r", "m", retry_after_seconds=7), 429),
        (OverloadedError("r", "m", status=503), 503),
    ],
)
def test_refusals_have_relays_form(error, status):
    response = answers.refuse(error)
    headers = dict(response.headers)
    assert (response.status, headers["X-Sentry-Error"]) == (status, "m")
    assert json.loads(response.body) == {"detail": "m", "causes": ["r"]}
