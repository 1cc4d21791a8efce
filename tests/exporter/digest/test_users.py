"""Distinct users: exact at first, within two percent at a million, the same in whatever order they come."""

from __future__ import annotations

import os
import random
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from errtally.exporter.digest.users import EXACT_USERS, SKETCH_BYTES, UserSet, slot

SEEDS = range(int(os.environ.get("ERRTALLY_TEST_SKETCH_SEEDS", "3")))


def users(seed, count):
    draw = random.Random(seed)
    return {draw.getrandbits(64) - 2**63 for _ in range(count)}


def stored(made):
    """What the set is after a restart."""
    return UserSet(made.sketch.serialize_compact() if made.sketch is not None else None, made.users)


@pytest.mark.parametrize("count", [0, 1, EXACT_USERS - 1, EXACT_USERS])
def test_few_users_are_counted_exactly(count):
    made, some = UserSet(), users(1, count)
    assert made.add(some) == sorted(some)
    assert made.add(some) == []
    assert made.condense() is None
    assert (made.count(), stored(made).count()) == (count, count)


def test_one_user_more_begins_a_sketch_and_stays_right():
    made = UserSet()
    made.add(users(1, EXACT_USERS + 1))
    sketch = made.condense()
    assert sketch is not None
    assert (made.users, made.count()) == (set(), EXACT_USERS + 1)
    assert UserSet(sketch).count() == EXACT_USERS + 1
    assert UserSet(sketch, {5}).count() == EXACT_USERS + 2


def test_users_that_are_known_to_a_sketch_are_not_stored_again():
    made, some = UserSet(), users(1, EXACT_USERS + 1)
    made.add(some)
    made.condense()
    assert made.add(some) == []
    assert made.add({7, 8}) == [7, 8]
    assert made.users == {7, 8}
    assert stored(made).add({7, 8}) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_a_million_users_are_within_two_percent(seed):
    slots = [UserSet() for _ in range(4)]
    for number, of_slot in enumerate(slots):
        of_slot.absorb(users(f"{seed} {number}", 250_000))
    together = UserSet.union(slots)
    assert together.count() == pytest.approx(1_000_000, rel=0.02)
    assert together.memory_bytes < 2 * SKETCH_BYTES
    again = UserSet.union([together, slots[0], stored(slots[1])])
    assert again.count() == pytest.approx(together.count(), rel=0.001)


@pytest.mark.parametrize("count", [2_000, 20_000, 200_000])
def test_a_set_that_is_stored_and_loaded_again_and_again_is_within_two_percent(count):
    some = sorted(users(3, count))
    made, rows = UserSet(), 0
    for start in range(0, count, 700):
        rows += len(made.add(set(some[start : start + 700])))
        made.condense()
        if start % 3500 == 0:
            made = stored(made)
    assert made.count() == pytest.approx(count, rel=0.02)
    assert len(made.users) <= EXACT_USERS
    assert rows <= count


@pytest.mark.parametrize("sizes", [(3, 4), (700, 700), (700, 30_000), (30_000, 40_000)])
def test_a_union_counts_everybody_once(sizes):
    sets = []
    for seed, size in enumerate(sizes):
        made = UserSet()
        made.absorb(users(seed, size) | users("both", 100))
        sets.append(made)
    expected = sum(sizes) + 100
    assert UserSet.union(sets).count() == pytest.approx(expected, rel=0.02 if max(sizes) > 10_000 else 0)
    assert UserSet.union(reversed(sets)).count() == UserSet.union(sets).count()
    assert UserSet.union([]).count() == 0


def test_a_union_is_a_set_of_its_own():
    one = UserSet(users={1})
    UserSet.union([one]).absorb({2})
    assert one.count() == 1


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sets(st.integers(-(2**63), 2**63 - 1), max_size=20), max_size=8))
def test_few_users_are_those_of_a_set(parts):
    made, expected = UserSet(), set()
    for part in parts:
        assert made.add(part) == sorted(part - expected)
        expected |= part
    assert made.count() == len(expected)
    assert UserSet.union([UserSet(users=part) for part in parts]).count() == len(expected)


def test_the_library_is_loaded_with_the_first_sketch_only():
    program = f"""
import sys
from errtally.exporter.digest.users import UserSet
made = UserSet()
made.absorb(set(range({EXACT_USERS})))
assert "numpy" not in sys.modules and "datasketches" not in sys.modules
made.absorb({{-1}})
assert "datasketches" in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_slots_are_of_five_minutes():
    assert [slot(at) for at in (0.0, 299.9, 300.0, -0.1)] == [0, 0, 1, -1]
