"""Rollbar's items."""

from __future__ import annotations

import json

import pytest
from tests.exporter.protocols.sending import answered, captured, deliver, page

from errtally.errors import MalformedError, OverloadedError, TooLargeError
from errtally.event.model import User
from errtally.exporter.config import Limits
from errtally.exporter.grouping import fingerprint
from errtally.exporter.protocols import rollbar

PATH = "/api/1/item/"
MESSAGE = {"message": {"body": "m"}}


def _event(**data):
    return deliver(PATH, {"data": {"body": MESSAGE, **data}}).events[0].event


def test_a_captured_chain_has_causes_first_and_keeps_the_order_of_its_frames():
    submission = deliver(*captured("rollbar-python"))
    item, event = submission.events[0], submission.events[0].event
    assert [(error.type, error.value) for error in event.exceptions] == [
        ("KeyError", "'missing-1'"),
        ("ValueError", "could not price order 12345"),
    ]
    assert [(f.function, f.lineno) for f in event.exceptions[-1].frames] == [("<module>", 16), ("outer", 6)]
    assert event.exceptions[-1].frames[-1].abs_path == "/srv/payments/tools/py_others.py"
    assert (event.event_id, item.has_own_id) == ("caa147dae5e14d4a9e4f0e628a1bc775", True)
    assert (event.environment, event.release, event.platform, event.server_name) == (
        "production", "1.2.3", "python", "vm",
    )  # fmt: skip


GO = [
    {"filename": "github.com/rollbar/rollbar-go@v1.4.5/rollbar.go", "method": "rollbar-go.Error", "lineno": 386},
    {"filename": "/srv/shop/orders/orders.go", "method": "orders.Price", "lineno": 12},
    {"filename": "/srv/shop/main.go", "method": "main.main", "lineno": 5},
    {"filename": "/usr/local/go/src/runtime/proc.go", "method": "runtime.main", "lineno": 290},
    {"filename": "/usr/local/go/src/runtime/asm_amd64.s", "method": "runtime.goexit", "lineno": 1771},
]
"""As rollbar-go sends a stack: the newest frame first, against the order of its protocol."""


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(GO, id="newest first"),
        pytest.param(GO[::-1], id="oldest first, as the protocol has it"),
        pytest.param(GO[1:], id="newest first, without a frame of the client"),
        pytest.param(GO[:3], id="newest first, without frames of the runtime"),
    ],
)
def test_event_page_and_issue_agree_on_the_order_of_frames(sent):
    trace = {"exception": {"class": "stock.ShortageError", "message": "m"}, "frames": sent}
    submission = deliver(PATH, {"data": {"body": {"trace_chain": [trace]}, "language": "go"}})
    event = submission.events[0].event
    called = [frame.function for frame in event.exceptions[0].frames]
    assert called.index("main.main") < called.index("orders.Price")
    assert [frame["function"] for frame in page(submission)["exceptions"][0]["frames"]] == called
    assert fingerprint(event).culprit == "orders/orders in Price"


@pytest.mark.parametrize(
    ("client", "first"),
    [
        pytest.param("Rollbar.NET (Rollbar)", "Price", id="Rollbar.NET"),
        pytest.param("rollbar-dart", "Price", id="Dart and Flutter"),
        pytest.param("rollbar-java", "Main", id="Java"),
        pytest.param("rollbar-php", "Main", id="PHP"),
        pytest.param("rollbar-gem", "Main", id="Ruby"),
    ],
)
def test_clients_that_send_the_newest_frame_first(client, first):
    newest, oldest = {"method": "Price", "filename": "/srv/a"}, {"method": "Main", "filename": "/srv/b"}
    sent = [newest, oldest] if first == "Price" else [oldest, newest]
    trace = {"exception": {"class": "StockError", "message": "m"}, "frames": sent}
    submission = deliver(PATH, {"data": {"body": {"trace": trace}, "notifier": {"name": client}}})
    called = [frame.function for frame in submission.events[0].event.exceptions[0].frames]
    assert called == ["Main", "Price"]
    assert [frame["function"] for frame in page(submission)["exceptions"][0]["frames"]] == called


def test_a_frame_of_php_is_in_the_method_that_holds_its_line():
    sent = [
        {"filename": "/srv/shop/index.php", "lineno": 13, "method": "Shop::pay"},
        {"filename": "/srv/shop/Shop.php", "lineno": 5, "method": "Shop::bank"},
        {"filename": "/srv/shop/Shop.php", "lineno": 9},
    ]
    trace = {"frames": sent, "exception": {"class": "LogicException", "message": "bank refused order 2"}}
    submission = deliver(PATH, {"data": {"body": {"trace": trace}, "notifier": {"name": "rollbar-php"}}})
    event = submission.events[0].event
    held = [(frame.function, frame.lineno) for frame in event.exceptions[0].frames]
    assert held == [(None, 13), ("Shop::pay", 5), ("Shop::bank", 9)]
    shown = page(submission)["exceptions"][0]["frames"]
    assert [(frame.get("function"), frame["lineno"]) for frame in shown] == held
    assert fingerprint(event).culprit == "shop/Shop in bank"


def test_its_page_has_the_line_that_raised_and_the_variables():
    frame = page(deliver(*captured("rollbar-python")))["exceptions"][-1]["frames"][-1]
    assert frame["context_line"].startswith("except KeyError as e: raise ValueError(")
    assert frame["vars"] == {"x": 1}


def test_a_captured_message_is_a_message_event():
    event = deliver(*captured("rollbar-python", 2)).events[0].event
    assert (event.message, event.level, event.exceptions) == ("rollbar msg", "warning", [])


def test_a_crash_report_is_a_stack_trace_as_text():
    raw = 'Exception in thread "main" java.lang.IllegalStateException: no\n\tat com.acme.Shop.pay(Shop.java:7)\n'
    submission = deliver(PATH, {"data": {"body": {"crash_report": {"raw": raw}}, "language": "java"}})
    assert fingerprint(submission.events[0].event).title == "IllegalStateException: no"
    assert page(submission)["stack"] == raw


def test_a_single_trace_is_a_chain_of_one():
    trace = {"exception": {"class": "E", "message": "m"}, "frames": [{"filename": "a.rb", "method": "(unknown)"}]}
    event = _event(body={"trace": trace}, server={"root": "/srv"})
    assert [(error.type, len(error.frames)) for error in event.exceptions] == [("E", 1)]
    assert (event.exceptions[0].frames[0].abs_path, event.exceptions[0].frames[0].function) == ("/srv/a.rb", None)


@pytest.mark.parametrize(
    ("data", "attribute", "expected"),
    [
        pytest.param({"level": "critical"}, "level", "fatal", id="the gravest level"),
        pytest.param({"person": {"id": 5, "email": "a@b"}}, "user", User("5", "a@b"), id="a person"),
        pytest.param(
            {"request": {"user_ip": "$remote_ip"}}, "user", User(ip_address="192.0.2.7"), id="the peer's address"
        ),
        pytest.param(
            {"request": {"user_ip": "198.51.100.1"}}, "user", User(ip_address="198.51.100.1"), id="an address"
        ),
        pytest.param({}, "user", None, id="nobody"),
        pytest.param({"context": "orders#show"}, "transaction", "orders#show", id="a context"),
        pytest.param({"fingerprint": "f"}, "fingerprint", ["f"], id="a fingerprint"),
        pytest.param({}, "fingerprint", None, id="no fingerprint"),
        pytest.param({"server": {"code_version": "2"}}, "release", "2", id="the server's version"),
        pytest.param(
            {"client": {"javascript": {"code_version": "3"}}, "server": "odd"},
            "release",
            "3",
            id="the browser's version, beside an attribute of the wrong shape",
        ),
        pytest.param({"code_version": "1", "server": {"code_version": "2"}}, "release", "1", id="the item's version"),
        pytest.param({"platform": "browser"}, "platform", "browser", id="a platform"),
        pytest.param({"timestamp": 1_795_499_000}, "timestamp", 1_795_499_000.0, id="a time"),
    ],
)
def test_the_data_say_where_and_whom_it_hit(data, attribute, expected):
    assert getattr(_event(**data), attribute) == expected


@pytest.mark.parametrize("uuid", [None, "x", 5])
def test_without_a_uuid_an_item_has_no_id_of_its_own(uuid):
    submission = deliver(PATH, {"data": {"body": MESSAGE, "uuid": uuid}})
    assert (submission.events[0].has_own_id, len(submission.event_id)) == (False, 32)


def test_of_an_array_the_items_that_can_be_read_are_taken():
    good = {"data": {"body": MESSAGE}}
    submission = deliver(PATH, [good, {"data": {}}, 5, good])
    assert (len(submission.events), dict(submission.items)) == (2, {"event": 2})
    assert dict(submission.rejected) == {"bad_item": 1, "bad_json": 1}
    assert [place for place, _ in submission.failures] == [1, 2]
    assert page(submission, 1)["exceptions"] == []


def test_an_array_may_have_as_many_items_as_a_batch_and_no_more():
    sent = [{"data": {"body": MESSAGE}}] * 3
    assert len(deliver(PATH, sent, limits=Limits(batch_events=3)).events) == 3
    with pytest.raises(TooLargeError):
        deliver(PATH, sent, limits=Limits(batch_events=2))


@pytest.mark.parametrize("body", [{}, {"data": {"body": {}}}, {"data": {"body": {"trace_chain": []}}}, [], b"[", b"x"])
def test_an_item_that_says_nothing_is_refused(body):
    with pytest.raises(MalformedError):
        deliver(PATH, body)


def test_answers_have_rollbars_form():
    good = answered(*captured("rollbar-python"))
    assert json.loads(good.body) == {
        "err": 0, "result": {"id": None, "uuid": "caa147da-e5e1-4d4a-9e4f-0e628a1bc775"}
    }  # fmt: skip
    bad = answered(PATH, {})
    assert (bad.status, json.loads(bad.body)["err"]) == (400, 1)
    limited = rollbar.refuse(OverloadedError("rate_limited", "wait", retry_after_seconds=17))
    assert dict(limited.headers) == {"X-Rate-Limit-Remaining-Seconds": "17"}
