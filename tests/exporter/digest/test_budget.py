"""The budget: who has a place, who gives one up, and that nothing that is not idle ever does."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from errtally import names
from errtally.exporter.digest.budget import MAX_WAITING, RARE_FACTOR, Budget, scope

IDLE = 1000.0
SESSIONS, EVENTS = names.SESSIONS, names.EVENTS


def labels(release, project="p"):
    return (project, "prod", release, "exited")


def budget(limit=2):
    return Budget({SESSIONS.name: limit}, IDLE)


def admit(made, release, at, project="p"):
    """Let a value in; return the release it counts under and those that gave their places up."""
    shown, evicted = made.admit(SESSIONS, labels(release, project), at)
    return shown[2], [one[1][2] for one in evicted]


def test_a_new_label_set_takes_the_place_of_the_one_idle_for_longest():
    made = budget()
    assert [admit(made, release, at) for release, at in (("a", 10), ("b", 5), ("a", 20))] == [
        ("a", []),
        ("b", []),
        ("a", []),
    ]
    assert admit(made, "c", 5000) == ("c", ["b"])
    assert admit(made, "d", 5000) == ("d", ["a"])
    assert made.sizes[SESSIONS.name, "p"] == 2


@pytest.mark.parametrize(
    ("at", "shown", "evicted"),
    [
        pytest.param(1099.9, names.OTHER, [], id="just not idle for long enough"),
        pytest.param(1100.0, "c", ["a"], id="idle for exactly long enough"),
        pytest.param(50.0, names.OTHER, [], id="a clock that went back"),
    ],
)
def test_how_long_is_idle(at, shown, evicted):
    made = budget()
    admit(made, "a", 100.0)
    admit(made, "b", 500.0)
    assert admit(made, "c", at) == (shown, evicted)


def test_a_label_set_that_is_touched_again_keeps_its_place():
    made = budget()
    admit(made, "a", 0.0)
    admit(made, "b", 1.0)
    admit(made, "a", 1500.0)
    assert admit(made, "c", 1600.0) == ("c", ["b"])
    assert admit(made, "b", 1601.0) == (names.OTHER, [])


def test_one_that_comes_back_needs_a_place_as_any_other():
    made = budget()
    for release, at in (("a", 0.0), ("b", 0.0), ("c", 2000.0), ("d", 2000.0)):
        admit(made, release, at)
    assert admit(made, "a", 2500.0) == (names.OTHER, [])
    assert admit(made, "a", 3000.0) == ("a", ["c"])


def test_other_never_gives_its_place_up_and_takes_none():
    made = budget(1)
    admit(made, "a", 0.0)
    admit(made, "b", 0.0)
    admit(made, "a", 5000.0)
    assert admit(made, "b", 5001.0) == (names.OTHER, [])
    assert made.sizes[SESSIONS.name, "p"] == 1
    assert (SESSIONS.name, labels(names.OTHER)) in made.touched


def test_a_budget_is_one_projects():
    made = budget(1)
    admit(made, "a", 0.0, "p")
    assert admit(made, "b", 5000.0, "q") == ("b", [])
    assert admit(made, "c", 5000.0, "q") == (names.OTHER, [])
    assert admit(made, "c", 5000.0, "p") == ("c", ["a"])


def test_a_limit_that_was_lowered_is_reached_by_and_by():
    made = budget(4)
    for number in range(4):
        admit(made, f"r{number}", float(number))
    made.limits = {SESSIONS.name: 2}
    assert admit(made, "new", 1002.0) == ("new", ["r0", "r1", "r2"])
    assert made.sizes[SESSIONS.name, "p"] == 2


def test_what_a_store_has_is_remembered_with_its_latest_time():
    made = budget()
    for at in (5.0, 900.0, 7.0):
        made.remember(SESSIONS, labels("a"), at)
    made.remember(SESSIONS, labels("b"), 6.0)
    made.remember(SESSIONS, labels(names.OTHER), 0.0)
    assert admit(made, "c", 1500.0) == ("c", ["b"])
    assert len(made) == 3


def test_whose_budget_it_is():
    assert scope(SESSIONS, labels("a", "q")) == "q"
    assert scope(names.ALERT_DURATION, ("Name", "critical")) == ""


steps = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 700)), max_size=80)


@settings(max_examples=200, deadline=None)
@given(steps)
def test_it_does_what_a_list_of_all_times_would_do(history):
    made, now = budget(3), 0.0
    touched: dict[str, float] = {}
    uses: Counter[str] = Counter()
    waiting: Counter[str] = Counter()
    for release, passed in history:
        now += passed
        name = f"r{release}"
        expected, gone = name, []
        if name not in touched and len(touched) >= 3:
            oldest = min(touched, key=lambda one: (touched[one], one))
            if now - touched[oldest] >= IDLE:
                gone = [oldest]
            else:
                waiting[name] += 1
                rarest = min(touched, key=lambda one: (uses[one], labels(one)))
                if waiting[name] > RARE_FACTOR * uses[rarest]:
                    gone = [rarest]
                    uses[name] = waiting.pop(name) - 1
                else:
                    expected = names.OTHER
            for one in gone:
                del touched[one], uses[one]
        if expected == name:
            touched[name] = now
            uses[name] += 1
        shown, evicted = admit(made, name, now)
        assert shown == expected
        assert [touched.get(one) for one in evicted] == [None] * len(gone)
        assert len(evicted) == len(gone)
        assert evicted == gone


def test_a_name_that_was_seen_once_does_not_keep_out_one_that_is_seen_all_the_time():
    made = budget(3)
    for number in range(3):
        admit(made, f"scanned-{number}", 0.0)
    shown = [admit(made, "checkout", 1.0)[0] for _ in range(5)]
    assert shown == [names.OTHER, names.OTHER, "checkout", "checkout", "checkout"]


def test_names_that_are_seen_once_never_take_the_place_of_one_that_is_seen_more_often():
    made = budget(2)
    for release in ("a", "b") * 2:
        admit(made, release, 0.0)
    assert {admit(made, f"scanned-{number}", 1.0)[0] for number in range(1000)} == {names.OTHER}


def test_two_that_are_used_as_often_do_not_take_turns():
    made = budget(1)
    changes = sum(bool(admit(made, name, 1.0)[1]) for _ in range(500) for name in ("a", "b"))
    assert changes <= 1


def test_what_waits_is_bounded():
    made = budget(1)
    admit(made, "a", 0.0)
    for number in range(MAX_WAITING + 10):
        admit(made, f"scanned-{number}", 0.0)
    assert len(made._waiting) <= MAX_WAITING


def test_what_the_store_counted_is_a_use():
    made = budget(1)
    made.remember(SESSIONS, labels("a"), 0.0, 100.0)
    assert {admit(made, "b", 1.0)[0] for _ in range(200)} == {names.OTHER}
    assert admit(made, "b", 1.0) == ("b", ["a"])
