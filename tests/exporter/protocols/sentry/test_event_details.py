"""What an event's page shows of Sentry's events, and events of any shape."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.exporter.protocols.sentry.events import WHOLE, decode, stack

from errtally.exporter.protocols.sentry import wire


def test_details_that_can_not_be_read_say_so():
    decoded = decode(b'{"message": "m", "extra": {"n": ' + b"9" * 5000 + b"}}")
    assert decoded.event.message == "m"
    assert "can't be read" in decoded.details()["truncated"]


def test_details_are_what_a_page_shows():
    details = decode(
        {
            **WHOLE,
            "breadcrumbs": {"values": [{"message": str(number)} for number in range(120)]},
            "request": {"url": "/x"},
            "extra": {"a": 1},
            "sdk": "not an object",
        }
    ).details()
    assert [item["type"] for item in details["exceptions"]] == ["KeyError", "SoldOut"]
    assert details["exceptions"][1]["frames"][0]["function"] == "add"
    assert [crumb["message"] for crumb in details["breadcrumbs"]] == [str(number) for number in range(20, 120)]
    assert (details["request"], details["extra"]) == ({"url": "/x"}, {"a": 1})
    assert "sdk" not in details


@pytest.mark.parametrize(
    ("sent", "frames"),
    [
        ({"stacktrace": stack("a")}, ["a"]),
        ({"threads": {"values": [{"stacktrace": stack("b")}]}}, ["b"]),
        ({"threads": [{"stacktrace": stack("c")}], "breadcrumbs": [1]}, ["c"]),
        ({"exception": "x", "threads": "y", "stacktrace": 5}, []),
        ({}, []),
    ],
)
def test_details_of_an_event_without_exception(sent, frames):
    details = decode(sent).details()
    assert [frame["function"] for frame in details["frames"]] == frames
    assert details["breadcrumbs"] == []


@pytest.mark.parametrize(
    ("full", "short", "sent"),
    [
        ("sentry.interfaces.Exception", "exceptions", {"type": "A"}),
        ("sentry.interfaces.Stacktrace", "frames", stack("a")),
        ("sentry.interfaces.Http", "request", {"url": "/x"}),
        ("sentry.interfaces.User", "user", {"id": "7"}),
        ("sentry.interfaces.Breadcrumbs", "breadcrumbs", {"values": [{"message": "m"}]}),
        ("sentry.interfaces.Contexts", "contexts", {"os": {"name": "Linux"}}),
    ],
)
def test_an_old_client_s_full_names_are_shown_as_today_s(full, short, sent):
    today = {"exceptions": "exception", "frames": "stacktrace"}.get(short, short)
    shown = decode({"message": "m", full: sent}).details()
    assert shown[short]
    assert shown == decode({"message": "m", today: sent}).details()


def test_details_of_odd_exceptions():
    details = decode({"exception": {"type": "A", "mechanism": "x", "stacktrace": "y"}}).details()
    assert details["exceptions"] == [{"type": "A", "value": None, "module": None, "mechanism": None, "frames": []}]


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


frames_ = st.fixed_dictionaries(
    {},
    optional={
        "function": texts,
        "module": texts,
        "filename": texts,
        "abs_path": texts,
        "lineno": st.integers(0, 10**6),
        "colno": st.integers(0, 10**6),
        "in_app": st.booleans() | st.none(),
        "context_line": texts,
        "package": texts,
    },
)


stacks = st.fixed_dictionaries({"frames": st.lists(frames_, max_size=3)}) | st.none()


exceptions = st.fixed_dictionaries(
    {},
    optional={
        "type": texts | st.none(),
        "value": texts | st.none(),
        "mechanism": st.none() | st.fixed_dictionaries({}, optional={"handled": st.booleans()}),
        "stacktrace": stacks,
    },
)


events = st.fixed_dictionaries(
    {},
    optional={
        "message": texts,
        "level": texts,
        "tags": st.dictionaries(texts, texts, max_size=2),
        "exception": st.fixed_dictionaries({"values": st.lists(exceptions, max_size=3)})
        | st.lists(exceptions, max_size=2)
        | exceptions,
        "threads": st.fixed_dictionaries(
            {"values": st.lists(st.fixed_dictionaries({"stacktrace": stacks}), max_size=2)}
        ),
        "stacktrace": stacks,
        "user": st.fixed_dictionaries({"id": texts}),
    },
)


@settings(max_examples=150, deadline=None)
@given(events)
def test_the_slow_way_gives_what_the_quick_way_gives(sent):
    payload = json.dumps(sent).encode()
    assert wire.salvage(wire._repair(wire.document(payload)), wire.Event) == wire._event.decode(payload)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "values",
                    "frames",
                    "stacktrace",
                    "type",
                    "value",
                    "mechanism",
                    "function",
                    "lineno",
                    "message",
                    "params",
                    "trace",
                    "data",
                ]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(wire.Event.__struct_fields__)), anything, max_size=5))
def test_whatever_the_attributes_hold_an_event_comes_out(sent):
    decoded = decode(sent)
    assert len(decoded.event.event_id) == 32
    assert isinstance(decoded.event.message, str)
    assert isinstance(decoded.details(), dict)
