"""What layers tell of one failure in words of their own is one issue, whichever layer is heard first."""

from __future__ import annotations

import pytest
from tests.exporter.digest.world import World, batch, event

from errtally import names
from errtally.exporter.journal.records import MergeChange

LOG, SPAN, OTHER = "log", "span", "other"


def _telling(fingerprint, id_, *, tells=(), told_by=()):
    sent = event(id_=id_ * 32)
    sent.tells, sent.told_by = tells, told_by
    return batch(sent, issues=(fingerprint,))


def _with_stack(fingerprint, id_, trace=0):
    """One that tells a call and a message; marks of a message alone are odd."""
    call = {LOG: 10, SPAN: 20, OTHER: 30}[fingerprint] + 100 * trace
    said, bare = 41 + 100 * trace, 51 + 100 * trace
    return _telling(fingerprint, id_, tells=(call, said), told_by=(call, bare))


def _without_stack(id_, trace=0):
    said, bare = 41 + 100 * trace, 51 + 100 * trace
    return _telling(LOG, id_, tells=(said, bare), told_by=(said,))


def _wrapper(id_, trace=0):
    return _telling(SPAN, id_, tells=(20 + 100 * trace, 22 + 100 * trace), told_by=(20 + 100 * trace, 10 + 100 * trace))


def _cause(id_, trace=0):
    return _telling(LOG, id_, tells=(10 + 100 * trace,), told_by=(10 + 100 * trace, 22 + 100 * trace))


PAIRS = [
    pytest.param(_wrapper, _cause, id="a wrapper and its cause"),
    pytest.param(lambda *of: _with_stack(SPAN, *of), _without_stack, id="with and without a stack"),
]


@pytest.mark.parametrize(("one", "other"), PAIRS)
@pytest.mark.parametrize("is_turned", [False, True])
def test_the_order_in_which_layers_are_heard_makes_no_issue(one, other, is_turned):
    world = World()
    if is_turned:
        one, other = other, one
    world.fold(one("1"), other("2"))
    world.fold(other("3", 1), one("4", 1))
    assert world.total(names.EVENTS) == 2
    assert world.total(names.DUPLICATES) == 2
    assert world.total(names.NEW_ISSUES) == 1
    assert len(world.state.issues) == 1


def test_of_two_errors_that_a_record_without_a_stack_may_be_the_first_has_it():
    world = World()
    world.fold(_without_stack("1"), _with_stack(SPAN, "2"))
    world.fold(_without_stack("3", 1), _with_stack(OTHER, "4", 1))
    world.fold(_with_stack(OTHER, "5", 2))
    assert set(world.state.issues) == {("p", LOG), ("p", OTHER)}


def test_an_error_that_is_said_a_second_time_in_its_trace_is_not_taken_for_another():
    world = World()
    world.fold(_with_stack(SPAN, "1"), _without_stack("2"), _with_stack(OTHER, "3"))
    world.fold(_with_stack(OTHER, "4", 1))
    assert set(world.state.issues) == {("p", SPAN), ("p", OTHER)}


def test_two_issues_stay_two():
    world = World()
    world.fold(_cause("1"), _wrapper("2", 1))
    world.fold(_cause("3", 2), _wrapper("4", 2))
    assert set(world.state.issues) == {("p", LOG), ("p", SPAN)}
    assert world.state.aliases.into == {}


def test_what_a_person_took_apart_stays_apart():
    world = World()
    world.fold(_cause("1"), _wrapper("2"))
    assert world.state.aliases.into == {("p", SPAN): LOG}
    world.fold(MergeChange("p", SPAN, "", 2000.0, "ann"))
    world.fold(_cause("3", 1), _wrapper("4", 1))
    assert world.state.aliases.into == {}


def test_the_reason_is_told():
    world = World()
    changes = world.fold(_cause("1"), _wrapper("2"))
    [alias] = changes.aliases
    assert (alias.fingerprint, alias.into, alias.by) == (SPAN, LOG, "")
    assert "same failure" in alias.reason
