"""Folding within the budget of series, of projects and of environments."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.exporter.digest.world import World, batch, decide, event

from errtally import names
from errtally.exporter.digest import state as state_module
from errtally.exporter.journal.records import (
    DiscardSeen,
)

LIMITS = {names.EVENTS.name: 2, names.ISSUE_INFO.name: 2, names.REQUESTS.name: 3, names.SESSIONS.name: 2}


def test_beyond_the_budget_values_go_to_other_and_are_counted_as_overflow():
    world = World(limits=LIMITS)
    for number in range(4):
        world.fold(batch(event(), issues=(f"f{number}",), type_=f"T{number}"))
    assert world.value(names.EVENTS, "p", "prod", "error", names.OTHER) == 2
    assert world.value(names.ISSUE_EVENTS, "p", "prod", names.OTHER, "error") == 2
    assert world.value(names.SERIES_OVERFLOW, "p", names.EVENTS.name) == 2
    assert world.value(names.SERIES, "p", names.EVENTS.name) == 2
    assert world.value(names.NEW_ISSUES, "p", "prod") == 4
    assert world.value(names.EVENTS, "p", "prod", "error", "T0") == 1
    world.fold(batch(event(), issues=("f0",), type_="T0"))
    assert world.value(names.EVENTS, "p", "prod", "error", "T0") == 2


@pytest.mark.parametrize("environment", ["prod", names.OTHER])
def test_the_budget_holds_whatever_the_environment_is_called(environment):
    world = World(limits=LIMITS)
    for number in range(10):
        world.fold(batch(event(environment=environment), issues=(f"f{number}",), type_=f"T{number}"))
    types = {labels[3] for name, labels, _ in world.values if name == names.EVENTS.name}
    assert types == {"T0", "T1", names.OTHER}
    issues = {labels[2] for name, labels, _ in world.values if name == names.ISSUE_EVENTS.name}
    assert issues == {"f0", "f1", names.OTHER}


small = st.integers(0, 7)


event_specs = st.tuples(
    small, st.sampled_from(["prod", "stage", names.OTHER]), st.sampled_from(names.LEVELS), st.integers(0, 300)
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(event_specs, max_size=6), max_size=8))
def test_the_sum_over_all_series_is_the_number_of_events(batches):
    world = World(limits=LIMITS)
    expected = Counter()
    for specs in batches:
        world.fold(
            *(
                batch(
                    event(float(at), environment=environment, level=level), issues=(f"f{number}",), type_=f"T{number}"
                )
                for number, environment, level, at in specs
            )
        )
        expected.update(environment for _, environment, _, _ in specs)
    for environment, count in expected.items():
        for metric in (names.EVENTS, names.ISSUE_EVENTS):
            assert world.total(metric, environment=environment) == count
    assert world.state.budget.sizes[names.EVENTS.name, "p"] <= 2
    for metric in (names.EVENTS, names.ISSUE_INFO):
        assert world.state.budget.sizes[metric.name, "p"] <= 2


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.one_of(event_specs, st.sampled_from(["resolved", "ignored", "unresolved"])), max_size=15),
    st.integers(1, 5),
)
def test_folding_at_once_or_bit_by_bit_gives_the_same(steps, size):
    records = [
        decide(step, 150.0, fingerprint="f1")
        if isinstance(step, str)
        else batch(event(float(step[3]), environment=step[1], level=step[2]), issues=(f"f{step[0] % 2}",))
        for step in steps
    ]
    at_once, in_parts = World(limits=LIMITS), World(limits=LIMITS)
    at_once.fold(*records)
    for start in range(0, len(records), size):
        in_parts.fold(*records[start : start + size])
    clean = [{key: value for key, value in world.values.items() if value} for world in (at_once, in_parts)]
    assert clean[0] == clean[1]
    assert at_once.state.issues == in_parts.state.issues


def test_projects_and_environments_are_bounded(monkeypatch):
    monkeypatch.setattr(state_module, "MAX_PROJECTS", 2)
    monkeypatch.setattr(state_module, "MAX_ENVIRONMENTS", 2)
    world = World()
    for project in ("p", "q", "r", "s"):
        for environment in ("a", "b", "c", "d"):
            world.fold(batch(event(environment=environment), project=project))
    places = {labels for name, labels, _ in world.values if name == names.NEW_ISSUES.name}
    assert places == {
        (project, environment) for project in ("p", "q", names.OTHER) for environment in ("a", "b", names.OTHER)
    }
    assert world.total(names.EVENTS) == 16


def test_a_project_that_only_sent_a_report_is_bounded_as_well(monkeypatch):
    monkeypatch.setattr(state_module, "MAX_PROJECTS", 1)
    world = World()
    for project in ("p", "q"):
        world.fold(batch(discards=[DiscardSeen("r", "error", 1)], project=project))
    assert world.value(names.CLIENT_DISCARDED_EVENTS, names.OTHER, "r", "error") == 1
