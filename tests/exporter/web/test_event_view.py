"""One sample event on its page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from errtally.exporter.web import event_view
from errtally.exporter.web.shown_text import CUT, Allowance, visible

ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)
FIELDS = (
    "exceptions",
    "frames",
    "stack",
    "message",
    "tags",
    "breadcrumbs",
    "request",
    "user",
    "contexts",
    "extra",
    "sdk",
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, ANY)))
def test_an_event_of_any_shape_is_shown(event) -> None:
    event_view.view({"event_id": "a", "timestamp": 1.0, **event})


@given(st.text(max_size=300), st.integers(0, 400), st.integers(1, 400))
def test_what_is_taken_never_costs_more_than_is_left(text, left, limit) -> None:
    allowance, text = Allowance(left), visible(text)
    shown = allowance.take(text, limit)
    assert len(str(escape(shown.removesuffix(CUT))).encode()) <= left
    assert text.startswith(shown.removesuffix(CUT))
    if len(str(escape(text)).encode()) <= left and len(text) <= limit:
        assert shown == text or (left == 0 and not text)


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        pytest.param(1_795_500_000, "06:00:00", id="seconds"),
        pytest.param(1_795_500_000_000, "06:00:00", id="milliseconds"),
        pytest.param("2026-11-24T07:00:00+01:00", "06:00:00", id="a text with a zone"),
        pytest.param("2026-11-24T06:00:00", "06:00:00", id="a text without a zone is UTC"),
        pytest.param("yesterday", "", id="no time"),
        pytest.param(True, "", id="no number"),
        pytest.param(float("inf"), "", id="endless"),
        pytest.param(None, "", id="nothing"),
    ],
)
def test_breadcrumbs_tell_the_time_of_day(sent, shown) -> None:
    event = {"breadcrumbs": [{"timestamp": sent, "message": "m"}]}
    assert event_view.view(event).breadcrumbs.shown[0].time == shown


def test_the_newest_breadcrumb_comes_first() -> None:
    event = {"breadcrumbs": [{"message": "old"}, {"message": "new", "data": {"a": 1}}, "no crumb"]}
    crumbs = event_view.view(event).breadcrumbs.shown
    assert [(crumb.message, crumb.values) for crumb in crumbs] == [("new", '{"a": 1}'), ("old", "")]


def test_a_request_is_one_line_and_all_of_it() -> None:
    event = {"request": {"url": "https://e/x", "method": "PUT", "headers": {"A": "1"}, "zeta": [["k", "v"]]}}
    shown = event_view.view(event)
    assert shown.request == "PUT https://e/x"
    assert shown.sections["request"].pairs == (
        ("method", "PUT"),
        ("url", "https://e/x"),
        ("headers.A", "1"),
        ("zeta.k", "v"),
    )


def test_a_message_that_the_exception_says_is_not_said_again() -> None:
    exceptions = [{"type": "T", "value": "no milk"}]
    for message, shown in (("no milk", ""), ("T: no milk", ""), ("no bread", "no bread")):
        assert event_view.view({"message": message, "exceptions": exceptions}).message == shown


def test_nothing_is_cut_without_saying_so() -> None:
    event = {
        "message": "m" * 9_000,
        "extra": {f"e{number}": "<" * 900 for number in range(60)},
        "breadcrumbs": [{"message": "b"}] * 30,
        "exceptions": [{"type": f"T{number}", "value": "v" * 5_000} for number in range(40)],
    }
    for characters in (200, 5_000, 60_000):
        shown = event_view.view(event, Allowance(characters))
        assert shown.is_message_cut
        assert shown.breadcrumbs.next is not None
        assert shown.sections["extra"].left_out >= 60 - len(shown.sections["extra"].pairs) > 0
        assert len(shown.exceptions) + shown.left_out_exceptions == 40
        assert all(one.has_more for one in shown.exceptions)
    assert event_view.view({"truncated": "its details were not kept"}).notice == "its details were not kept"


def test_what_an_event_says_is_its_heading() -> None:
    chain = [{"type": "Cause", "value": "c"}, {"type": "KeyError", "value": "'A-17'\nand more"}]
    for event, said in (
        ({"exceptions": chain, "message": "m"}, "KeyError: 'A-17'"),
        ({"message": "\n stock of A-17 is low "}, "stock of A-17 is low"),
        ({"exceptions": [{}], "message": "m"}, "m"),
        ({"type": "PayError", "message": "\n no sku\nmore"}, "PayError: no sku"),
        ({"type": "PayError", "message": "PayError: no sku"}, "PayError: no sku"),
        ({"type": "PayError"}, "PayError"),
        ({"type": "PayError", "message": "m", "frames": [{"function": "f"}]}, "PayError: m"),
        ({"type": "PayError", "exceptions": chain}, "KeyError: 'A-17'"),
        ({}, ""),
        ({"message": "safe\u202etxt.exe\x1b[2J"}, "safe\u2039U+202E\u203atxt.exe\u241b[2J"),
    ):
        assert event_view.heading(event) == said
