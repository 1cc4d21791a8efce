"""How the exceptions of an event belong together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errtally.exporter.web.exception_tree import ordered


def one(type_: str, number: int | None = None, parent: int | None = None, **more) -> dict:
    mechanism = {"exception_id": number, "parent_id": parent, **more} if number is not None else None
    return {"type": type_, "mechanism": mechanism}


def shown(*sent: dict) -> list[tuple[str, int, str]]:
    return [(sent[place.number]["type"], place.depth, place.relation) for place in ordered(sent)]


def test_without_numbers_each_is_the_cause_of_the_next() -> None:
    assert shown(one("Root"), one("Middle"), one("Raised")) == [
        ("Raised", 0, ""),
        ("Middle", 1, "caused by"),
        ("Root", 2, "caused by"),
    ]


def test_a_group_stands_above_its_members_and_what_they_came_from() -> None:
    """As the SDK for Python sends a group with a group in it, one member of which has a cause."""
    sent = [
        one("Cause", 4, 3, source="__cause__"),
        one("Deep", 3, 2, source="exceptions[0]"),
        one("Inner", 2, 0, source="exceptions[1]", is_exception_group=True),
        one("First", 1, 0, source="exceptions[0]"),
        one("Group", 0, None, is_exception_group=True),
    ]
    assert shown(*sent) == [
        ("Group", 0, ""),
        ("First", 1, "in the group"),
        ("Inner", 1, "in the group"),
        ("Deep", 2, "in the group"),
        ("Cause", 3, "caused by"),
    ]


@pytest.mark.parametrize(
    ("mechanism", "relation"),
    [
        ({"source": "__context__"}, "raised while handling"),
        ({"source": "__cause__"}, "caused by"),
        ({"type": "suppressed"}, "suppressed"),
        ({"source": "errors[3]"}, "in the group"),
        ({"source": 7}, "caused by"),
    ],
)
def test_what_one_is_to_the_other(mechanism, relation) -> None:
    assert shown(one("B", 1, 0, **mechanism), one("A", 0))[1] == ("B", 1, relation)


_NUMBERS = st.none() | st.integers(0, 4) | st.booleans() | st.text(max_size=1)


@given(st.lists(st.fixed_dictionaries({"mechanism": st.none() | st.fixed_dictionaries(
    {"exception_id": _NUMBERS, "parent_id": _NUMBERS})}), max_size=6))  # fmt: skip
def test_each_exception_stands_once_whatever_the_numbers_say(sent) -> None:
    assert sorted(place.number for place in ordered(sent)) == list(range(len(sent)))
