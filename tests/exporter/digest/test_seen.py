"""What was counted already."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from errtally.exporter.digest.seen import Seen, hashed


def test_a_hash_is_new_once():
    seen = Seen()
    assert [seen.add(1), seen.add(1), seen.add(2), seen.add(1)] == [True, False, True, False]


def test_as_many_as_its_capacity_are_remembered_and_twice_as_many_at_most():
    seen = Seen(capacity=3)
    for value in range(6):
        assert seen.add(value)
    assert not any(seen.add(value) for value in (0, 1, 2, 3, 4, 5))
    assert seen.add(6)
    assert seen.add(0)
    assert not seen.add(5)


@given(st.lists(st.integers(0, 30), max_size=100), st.integers(1, 5))
def test_memory_is_bounded_and_what_came_lately_is_known(values, capacity):
    seen = Seen(capacity=capacity)
    for value in values:
        seen.add(value)
        assert not seen.add(value)
        assert len(seen._newer) <= capacity
        assert len(seen._older) <= capacity
    for value in list(dict.fromkeys(reversed(values)))[:capacity]:
        assert value in seen._newer or value in seen._older or len(set(values)) > 2 * capacity


def test_what_is_given_at_the_start_is_known():
    assert not Seen([7, 8]).add(7)


def test_parts_of_an_identity_do_not_run_together():
    assert hashed("a", "bc") != hashed("ab", "c")
    assert hashed("event", "p", "\ud800") == hashed("event", "p", "?")
    assert 0 <= hashed("x") < 1 << 64
