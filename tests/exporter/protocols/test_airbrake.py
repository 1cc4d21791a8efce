"""Airbrake's notices."""

from __future__ import annotations

import json

import pytest
from tests.exporter.protocols.sending import RECEIVED, answered, captured, deliver, page

from errtally.errors import MalformedError, OverloadedError, TooLargeError
from errtally.event.model import ExceptionInfo, Frame, User
from errtally.exporter.config import Limits
from errtally.exporter.protocols import airbrake

PATH = "/api/v3/projects/7/notices"


def _notice(**attributes):
    return {"errors": [{"type": "E", "message": "m"}], **attributes}


def _event(**context):
    return deliver(PATH, _notice(context=context)).events[0].event


def test_a_captured_notice_has_causes_first_and_the_oldest_frame_first():
    submission = deliver(*captured("pybrake"))
    event = submission.events[0].event
    assert [(error.type, error.value) for error in event.exceptions] == [
        ("KeyError", "'missing-1'"),
        ("ValueError", "could not price order 12345"),
    ]
    assert [(f.function, f.abs_path, f.lineno) for f in event.exceptions[-1].frames] == [
        ("<module>", "/srv/payments/tools/py_others.py", 10),
        ("outer", "/srv/payments/tools/py_others.py", 6),
    ]
    assert (event.environment, event.server_name, event.platform) == ("production", "vm", "python")
    assert (event.level, event.timestamp) == ("error", RECEIVED)
    assert (submission.project, dict(submission.items), submission.events[0].has_own_id) == (
        "105138",
        {"event": 1},
        False,
    )


def test_its_page_has_source_around_the_line():
    frame = page(deliver(*captured("pybrake")))["exceptions"][-1]["frames"][-1]
    assert frame["context_line"].strip().startswith("except KeyError as e: raise ValueError(")
    assert frame["pre_context"] == ["def outer(x):", "    try: inner(x)"]
    assert len(frame["post_context"]) == 2


@pytest.mark.parametrize(
    ("context", "attribute", "expected"),
    [
        pytest.param({"severity": "critical"}, "level", "fatal", id="the gravest severity"),
        pytest.param({"severity": "notice"}, "level", "info", id="a severity of syslog"),
        pytest.param({"severity": "odd"}, "level", "error", id="an unknown severity"),
        pytest.param({"component": "orders", "action": "show"}, "transaction", "orders#show", id="an action"),
        pytest.param({"component": "orders"}, "transaction", "orders", id="a component alone"),
        pytest.param({"route": "/orders/:id", "component": "x"}, "transaction", "/orders/:id", id="a route is better"),
        pytest.param({}, "transaction", None, id="no transaction"),
        pytest.param({"version": "1.2"}, "release", "1.2", id="a release"),
        pytest.param({"user": {"id": 5, "name": "ann"}}, "user", User("5", None, "ann"), id="a user"),
        pytest.param({"userId": "5", "userEmail": "a@b"}, "user", User("5", "a@b"), id="a user of older clients"),
        pytest.param({"user": "ann"}, "user", None, id="a user that is no object"),
        pytest.param({"language": "Ruby/3.4"}, "platform", "ruby", id="a language"),
        pytest.param({"environment": None}, "environment", "", id="no environment"),
    ],
)
def test_the_context_says_where_and_whom_it_hit(context, attribute, expected):
    assert getattr(_event(**context), attribute) == expected


def test_the_history_of_browsers_is_shown_as_breadcrumbs():
    sent = _notice(context={"history": [{"type": "click", "target": "button"}, 5]}, params={"a": 1})
    shown = page(deliver(PATH, sent))
    assert [crumb["category"] for crumb in shown["breadcrumbs"]] == ["click"]
    assert shown["request"]["params"] == {"a": 1}


def test_odd_frames_cost_only_themselves():
    backtrace = [{"file": "/a.py", "line": "12", "function": 5}, "x", None, {"line": [1]}]
    event = deliver(PATH, {"errors": [{"type": "E", "message": {"a": 1}, "backtrace": backtrace}, 7]}).events[0].event
    frames = [Frame(), Frame(function="5", abs_path="/a.py", lineno=12)]
    assert event.exceptions == [ExceptionInfo(type="E", value='{"a": 1}', frames=frames)]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({}, id="without errors"),
        pytest.param({"errors": []}, id="with an empty list"),
        pytest.param({"errors": "x"}, id="with something else"),
        pytest.param(b"", id="empty"),
        pytest.param(b"[]", id="no object"),
    ],
)
def test_a_notice_without_an_error_is_refused(body):
    with pytest.raises(MalformedError):
        deliver(PATH, body)
    response = answered(PATH, body)
    assert response.status == 400
    assert json.loads(response.body)["message"]


def test_a_notice_may_be_as_large_as_an_item_and_no_larger():
    sent = json.dumps(_notice()).encode()
    assert deliver(PATH, sent, limits=Limits(item_bytes=len(sent))).events
    with pytest.raises(TooLargeError):
        deliver(PATH, sent, limits=Limits(item_bytes=len(sent) - 1))


def test_the_answer_names_the_notice():
    response = answered(PATH, _notice())
    assert response.status == 201
    assert len(json.loads(response.body)["id"]) == 32


def test_a_client_that_sends_too_much_is_told_how_long_to_wait():
    response = airbrake.refuse(OverloadedError("rate_limited", "wait", retry_after_seconds=17))
    assert response.status == 429
    assert dict(response.headers) == {"X-RateLimit-Delay": "17"}
