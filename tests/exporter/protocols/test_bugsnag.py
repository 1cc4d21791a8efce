"""Bugsnag's error and session reports."""

from __future__ import annotations

import json

import pytest
from tests.exporter.protocols.sending import RECEIVED, answered, captured, deliver, page

from errtally.errors import MalformedError, OverloadedError, TooLargeError
from errtally.event.model import User
from errtally.event.signals import SessionCount
from errtally.exporter.config import Limits
from errtally.exporter.protocols import bugsnag

ERROR = {"errorClass": "E", "message": "m"}


def _event(**attributes):
    return deliver("/", {"events": [{"exceptions": [ERROR], **attributes}]}).events[0].event


def test_a_captured_report_has_causes_first_and_the_oldest_frame_first():
    submission = deliver(*captured("bugsnag-python"))
    event = submission.events[0].event
    assert [(error.type, error.value, error.handled) for error in event.exceptions] == [
        ("KeyError", "'missing-1'", None),
        ("ValueError", "could not price order 12345", True),
    ]
    assert [(f.function, f.abs_path, f.lineno, f.in_app) for f in event.exceptions[-1].frames] == [
        ("<module>", "/srv/payments/tools/py_others.py", 27, True),
        ("outer", "/srv/payments/tools/py_others.py", 6, True),
    ]
    assert (event.level, event.environment, event.release, event.server_name, event.platform) == (
        "warning", "production", "1.0", "vm", "python",
    )  # fmt: skip
    assert (event.user, submission.events[0].has_own_id) == (User("7"), False)


def test_its_page_has_source_and_breadcrumbs():
    path, body, headers = captured("bugsnag-python")
    sent = json.loads(body)
    sent["events"][0]["breadcrumbs"] = [{"name": "opened", "type": "navigation", "metaData": {"to": "/cart"}}]
    shown = page(deliver(path, sent, headers))
    assert shown["exceptions"][-1]["frames"][-1]["context_line"].strip().startswith("except KeyError as e: raise")
    assert shown["breadcrumbs"] == [{"category": "navigation", "message": "opened", "data": {"to": "/cart"}}]
    assert shown["user"] == {"id": "7"}


@pytest.mark.parametrize(
    ("attributes", "attribute", "expected"),
    [
        pytest.param({"severity": "info"}, "level", "info", id="a severity"),
        pytest.param({}, "level", "error", id="no severity"),
        pytest.param({"groupingHash": "g"}, "fingerprint", ["g"], id="a grouping hash"),
        pytest.param({"groupingHash": None}, "fingerprint", None, id="no grouping hash"),
        pytest.param({"app": {"releaseStage": "beta"}}, "environment", "beta", id="the app's stage"),
        pytest.param({"releaseStage": "beta"}, "environment", "beta", id="the stage of older clients"),
        pytest.param(
            {"request": {"clientIp": "198.51.100.1"}}, "user", User(ip_address="198.51.100.1"), id="an address"
        ),
        pytest.param({"context": "orders#show"}, "transaction", "orders#show", id="a context"),
        pytest.param({"correlation": {"traceId": "a" * 32}}, "trace_id", "a" * 32, id="a trace"),
        pytest.param({"device": {"time": "2026-11-24T05:00:00Z"}}, "timestamp", 1_795_496_400.0, id="a time"),
        pytest.param({"device": {"time": "odd"}}, "timestamp", RECEIVED, id="a time that is none"),
    ],
)
def test_the_report_says_where_and_whom_it_hit(attributes, attribute, expected):
    assert getattr(_event(**attributes), attribute) == expected


def test_files_of_libraries_keep_their_own_path():
    stack = [{"file": "lib.py", "inProject": False}, {"file": "a.py", "inProject": True, "lineNumber": "7"}]
    event = _event(projectRoot="/srv", exceptions=[ERROR | {"stacktrace": stack}])
    assert [(f.abs_path, f.lineno) for f in event.exceptions[0].frames] == [("/srv/a.py", 7), ("lib.py", None)]


def test_a_report_that_can_not_be_read_takes_no_other_with_it():
    good = {"exceptions": [ERROR]}
    submission = deliver("/", {"events": [good, {"exceptions": []}, "x", good]})
    assert (len(submission.events), dict(submission.items)) == (2, {"event": 2})
    assert dict(submission.rejected) == {"bad_report": 1, "bad_json": 1}
    assert [place for place, _ in submission.failures] == [1, 2]


@pytest.mark.parametrize("body", [{}, {"events": {}}, {"events": [{}]}, b"", b"[]", b'{"events": "\xff"}'])
def test_a_payload_without_a_report_is_refused(body):
    with pytest.raises(MalformedError):
        deliver("/", body)
    assert json.loads(answered("/", body).body)["errors"]


def test_an_empty_payload_is_taken():
    assert not deliver("/", {"events": []}).holds_anything()


def test_a_payload_may_have_as_many_reports_as_a_batch_and_no_more():
    sent = {"events": [{"exceptions": [ERROR]}] * 3}
    assert len(deliver("/", sent, limits=Limits(batch_events=3)).events) == 3
    with pytest.raises(TooLargeError):
        deliver("/", sent, limits=Limits(batch_events=2))


@pytest.mark.parametrize(
    ("body", "started"),
    [
        pytest.param({"sessionCounts": [{"sessionsStarted": 3}, {"sessionsStarted": 4}]}, 7, id="by minute"),
        pytest.param({"sessionCounts": {"sessionsStarted": 3}}, 3, id="one total"),
        pytest.param({"sessionCounts": [{"sessionsStarted": -3}]}, 0, id="a number below zero"),
        pytest.param({"sessionCounts": [{"sessionsStarted": 10**12}]}, 1_000_000, id="a number that can't be"),
        pytest.param({}, 0, id="none"),
    ],
)
def test_sessions_that_started_are_counted(body, started):
    app = {"app": {"version": "1.0", "releaseStage": "beta"}}
    submission = deliver("/sessions", body | app)
    assert submission.sessions == ([SessionCount("started", started, "beta", "1.0")] if started else [])


def test_single_sessions_are_counted_by_their_id_and_user():
    body = {"sessions": [{"id": "a", "user": {"id": "17"}}, {"id": "b"}], "app": {"version": "1.0"}}
    assert deliver("/sessions", body).sessions == [
        SessionCount("started", 1, "", "1.0", "a", "17"),
        SessionCount("started", 1, "", "1.0", "b", None),
    ]


@pytest.mark.parametrize(
    ("events", "ended"),
    [
        pytest.param({"handled": 1, "unhandled": 0}, [], id="a handled error ends no session"),
        pytest.param({"handled": 0, "unhandled": 1}, ["crashed"], id="an error that nothing handled does"),
        pytest.param(None, [], id="without counts nothing is known"),
    ],
)
def test_an_event_tells_how_its_session_ended(events, ended):
    report = {
        "exceptions": [{"errorClass": "E", "message": "m", "stacktrace": []}],
        "session": {"id": "a", "startedAt": "2026-11-24T05:43:52Z", "events": events},
        "user": {"id": "17"},
    }
    submission = deliver("/notify", {"events": [report]})
    assert [(session.status, session.session_id, session.user) for session in submission.sessions] == [
        (status, "a", "17") for status in ended
    ]


def test_answers_have_bugsnags_form():
    assert answered(*captured("bugsnag-python")).status == 202
    limited = bugsnag.refuse(OverloadedError("rate_limited", "wait", retry_after_seconds=17))
    assert (limited.status, json.loads(limited.body)) == (429, {"errors": ["wait"]})
