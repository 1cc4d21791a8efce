"""Honeybadger's notices."""

from __future__ import annotations

import json

import pytest
from tests.exporter.protocols.sending import answered, captured, deliver, page

from errtally.errors import MalformedError, OverloadedError
from errtally.event.model import User
from errtally.exporter.protocols import honeybadger

PATH = "/v1/notices"


def _event(error=None, **attributes):
    return deliver(PATH, {"error": {"class": "E", "message": "m", **(error or {})}, **attributes}).events[0].event


def test_a_captured_notice_has_causes_first_and_the_oldest_frame_first():
    submission = deliver(*captured("honeybadger-python"))
    item, event = submission.events[0], submission.events[0].event
    assert [(error.type, error.value) for error in event.exceptions] == [
        ("KeyError", "'missing-1'"),
        ("ValueError", "could not price order 12345"),
    ]
    assert [(f.function, f.abs_path, f.lineno) for f in event.exceptions[-1].frames] == [
        ("<module>", "/srv/payments/tools/py_others.py", 22),
        ("outer", "/srv/payments/tools/py_others.py", 6),
    ]
    assert (event.event_id, item.has_own_id) == ("6cb786eb6748450bbfb15b803b1e23be", True)
    assert (event.environment, event.server_name, event.platform) == ("production", "vm", "python")
    assert event.user == User("7")


def test_its_page_has_source_and_context():
    shown = page(deliver(*captured("honeybadger-python")))
    frame = shown["exceptions"][-1]["frames"][-1]
    assert frame["context_line"].strip().startswith("except KeyError as e: raise ValueError(")
    assert frame["pre_context"][-1] == "    try: inner(x)"
    assert shown["extra"]["user_id"] == 7


def test_breadcrumbs_come_from_the_trail():
    trail = [{"category": "log", "message": "a", "metadata": {"b": 1}}]
    for sent in ({"enabled": True, "trail": trail}, trail):
        shown = page(deliver(PATH, {"error": {"class": "E"}, "breadcrumbs": sent}))
        assert shown["breadcrumbs"] == [{"category": "log", "message": "a", "data": {"b": 1}}]


def test_the_class_in_front_of_the_message_is_not_repeated():
    assert _event({"class": "RuntimeError", "message": "RuntimeError: no"}).exceptions[-1].value == "no"
    assert _event({"class": "RuntimeError", "message": "no"}).exceptions[-1].value == "no"


@pytest.mark.parametrize(
    ("error", "attributes", "attribute", "expected"),
    [
        pytest.param({"tags": ["a", " b "]}, {}, "tags", {"tags": "a, b"}, id="tags in a list"),
        pytest.param({"tags": "a,b"}, {}, "tags", {"tags": "a, b"}, id="tags in a text"),
        pytest.param({"tags": {"a": 1}}, {}, "tags", {}, id="tags of another type"),
        pytest.param({"fingerprint": "f"}, {}, "fingerprint", ["f"], id="a fingerprint"),
        pytest.param({"fingerprint": ""}, {}, "fingerprint", None, id="an empty fingerprint"),
        pytest.param({}, {"server": {"revision": "abc"}}, "release", "abc", id="a revision"),
        pytest.param(
            {}, {"request": {"component": "orders", "action": "show"}}, "transaction", "orders#show", id="an action"
        ),
        pytest.param(
            {}, {"notifier": {"name": "honeybadger-ruby", "language": "ruby"}}, "platform", "ruby", id="a language"
        ),
        pytest.param({}, {"notifier": {"name": "@honeybadger-io/js"}}, "platform", None, id="no language"),
        pytest.param({"token": "x"}, {}, "level", "error", id="no level is sent"),
    ],
)
def test_the_notice_says_where_and_whom_it_hit(error, attributes, attribute, expected):
    assert getattr(_event(error, **attributes), attribute) == expected


@pytest.mark.parametrize("body", [{}, {"error": 5}, {"error": None}, b"", b"[]"])
def test_a_notice_without_an_error_is_refused(body):
    with pytest.raises(MalformedError):
        deliver(PATH, body)


def test_answers_have_honeybadgers_form():
    good = answered(*captured("honeybadger-python"))
    assert (good.status, json.loads(good.body)) == (201, {"id": "6cb786eb-6748-450b-bfb1-5b803b1e23be"})
    assert json.loads(answered(PATH, {}).body)["error"]
    limited = honeybadger.refuse(OverloadedError("rate_limited", "wait", retry_after_seconds=17))
    assert (limited.status, json.loads(limited.body)) == (429, {"error": "wait"})


@pytest.mark.parametrize(("body", "lines"), [(b"", {}), (b"{}\n", {"insight": 1}), (b"{}\n\n{}\n", {"insight": 2})])
def test_insights_are_counted_and_not_used(body, lines):
    submission = deliver("/v1/events", body)
    assert (dict(submission.items), submission.holds_anything()) == (lines, False)
    assert answered("/v1/events", body).status == 201
