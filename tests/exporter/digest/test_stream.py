"""What the live stream tells of a fold."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from errtally import names
from errtally.exporter.digest import stream
from errtally.exporter.digest.apdex import Thresholds
from errtally.exporter.digest.budget import Budget
from errtally.exporter.digest.fold import Fold
from errtally.exporter.digest.state import State
from errtally.exporter.digest.stream import PROJECT_BURST, TOTAL_BURST, LeftOut, StreamSampler
from errtally.exporter.journal.records import Batch, EventSeen, IssueSeen, StatusChange


def seen(fingerprint="f1", title="no stock", type_="ValueError"):
    return IssueSeen(fingerprint, type_, title, "shop.orders in price", why=())


def event(at=100.0, *, issue=0, environment="prod", level="error", id_="", sample=b"{}", message="", release="1.2"):
    return EventSeen(
        issue, environment, level, at, id_ or "e" * 32, bool(id_), None, release, "", "", sample, {}, message
    )


def batch(*events, project="p", received=100.0, issues=None):
    return Batch(project, received, list(issues or [seen()]), list(events))


class World:
    def __init__(self, limits=None):
        self.state = State(Budget(limits or {}))

    def fold(self, *records):
        made = Fold(self.state, Thresholds(()))
        for record in records:
            made.add(record)
        return made.changes, made.changes.stream.batch(made.changes.add)


def test_an_event_with_a_sample_is_told_with_what_people_look_for():
    _, told = World().fold(batch(event(101.0, id_="a" * 32, message="no stock of 17")))
    [item] = told.items
    assert (item.place, item.project, item.environment, item.level, item.issue) == (1, "p", "prod", "error", "f1")
    assert (item.event_id, item.timestamp, item.type, item.title) == ("a" * 32, 101.0, "ValueError", "no stock")
    assert (item.culprit, item.message, item.release) == ("shop.orders in price", "no stock of 17", "1.2")
    assert (item.notice, item.is_kept, told.left_out) == ("new", True, [])


@pytest.mark.parametrize(
    ("title", "message", "expected"),
    [
        pytest.param("no stock", "no stock", "", id="the title itself"),
        pytest.param("ValueError: no stock", "no stock", "", id="the title behind its type"),
        pytest.param("no stock of <num>", "no stock of 17", "no stock of 17", id="what the title has no numbers of"),
    ],
)
def test_a_message_that_says_no_more_than_the_title_is_not_told_twice(title, message, expected):
    _, told = World().fold(batch(event(message=message), issues=[seen(title=title)]))
    assert told.items[0].message == expected


def test_long_texts_are_cut():
    long = "x" * 1000
    _, told = World().fold(batch(event(release=long), issues=[seen(title=long, type_=long)]))
    [item] = told.items
    assert {len(item.title), len(item.type), len(item.release)} == {stream.MAX_TEXT}


def test_events_without_a_sample_are_counted_by_issue_level_and_environment():
    _, told = World().fold(
        batch(
            event(), event(sample=None), event(sample=None), event(sample=None, level="fatal"),
            event(sample=None, environment="test"), event(sample=None, environment="test"),
        )
    )  # fmt: skip
    # The first of an environment makes the issue new there, so it is told without a sample.
    assert [(item.place, item.environment, item.is_kept) for item in told.items] == [
        (1, "prod", True), (5, "test", False),
    ]  # fmt: skip
    assert told.left_out == [
        LeftOut("p", "prod", "error", "f1", 2),
        LeftOut("p", "prod", "fatal", "f1", 1),
        LeftOut("p", "test", "error", "f1", 1),
    ]


def test_an_issue_is_new_once_and_regresses_once():
    world = World()
    notices = []
    for record in [
        batch(event(100.0), event(101.0)),
        StatusChange("p", "f1", "resolved", 102.0),
        batch(event(101.5), event(103.0), event(104.0)),
        batch(event(105.0)),
    ]:
        _, told = world.fold(record)
        notices += [item.notice for item in told.items]
    assert notices == ["new", "", "", "regressed", "", ""]


def test_a_regression_is_told_although_its_event_has_no_sample():
    world = World()
    world.fold(batch(event(100.0)), StatusChange("p", "f1", "resolved", 102.0))
    _, told = world.fold(batch(event(103.0, sample=None), event(104.0, sample=None)))
    assert [(item.notice, item.is_kept) for item in told.items] == [("regressed", False)]
    assert [left.events for left in told.left_out] == [1]


def test_an_event_that_was_counted_before_is_not_told():
    _, told = World().fold(batch(event(id_="a" * 32), event(id_="a" * 32)))
    assert (len(told.items), told.left_out) == (1, [])


def test_a_storm_is_told_within_its_budget_and_the_rest_is_counted():
    world = World()
    _, told = world.fold(batch(*[event() for _ in range(500)]))
    assert len(told.items) == PROJECT_BURST + 1  # the new issue has a budget of its own
    assert sum(left.events for left in told.left_out) == 500 - len(told.items)


def test_a_storm_of_new_issues_does_not_take_the_budget_of_known_ones():
    world = World()
    world.fold(batch(event()))
    issues = [seen(f"n{number}") for number in range(300)]
    changes, told = world.fold(
        batch(*[event(issue=number) for number in range(300)], issues=issues), batch(event(103.0))
    )
    assert changes.events == 301
    # One of the new ones was told already.
    assert Counter(item.notice for item in told.items) == {"new": PROJECT_BURST - 1, "": 1}


def test_the_issues_whose_left_out_events_are_told_apart_are_bounded(monkeypatch):
    monkeypatch.setattr(stream, "MAX_LEFT_OUT", 3)
    issues = [seen(f"f{number}") for number in range(6)]
    world = World()
    world.fold(batch(*[event(issue=number) for number in range(6)], issues=issues))
    events = [event(issue=number, sample=None) for number in range(6) for _ in range(number + 1)]
    _, told = world.fold(batch(*events, issues=issues))
    assert [(left.issue, left.events) for left in told.left_out] == [("f5", 6), ("f4", 5), ("f3", 4), ("", 6)]


def test_each_project_has_a_budget_and_all_share_one():
    sampler = StreamSampler()
    told = Counter(
        project
        for number in range(10)
        for project in [f"p{number}"]
        for _ in range(200)
        if sampler.admits(project, 1.0, is_notable=False)
    )
    assert set(told.values()) == {PROJECT_BURST}
    assert told.total() == TOTAL_BURST


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        pytest.param(0.0, 0, id="nothing at once"),
        pytest.param(-5.0, 0, id="nothing when the clock is set back"),
        pytest.param(0.125, 6, id="as many as the time is worth"),
        pytest.param(3600.0, int(PROJECT_BURST), id="no more than the burst"),
    ],
)
def test_a_used_up_budget_fills_with_time(seconds, expected):
    sampler = StreamSampler()
    while sampler.admits("p", 100.0, is_notable=False):
        pass
    assert sum(sampler.admits("p", 100.0 + seconds, is_notable=False) for _ in range(200)) == expected


_EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["p", "q"]),
        st.sampled_from(["prod", "test"]),
        st.sampled_from(["error", "fatal", "info"]),
        st.integers(0, 6),
        st.booleans(),
    ),
    max_size=60,
)


@settings(max_examples=60, deadline=None)
@given(folds=st.lists(_EVENTS, max_size=3), limit=st.integers(1, 8))
def test_what_is_told_and_what_is_left_out_add_up_to_what_is_counted(folds, limit):
    """Also when the budget of series is used up, and the counters no longer know the issue."""
    world = World({names.ISSUE_INFO.name: limit, names.ISSUE_EVENTS.name: limit})
    issues = [seen(f"f{number}") for number in range(7)]
    for events in folds:
        records = [
            batch(event(environment=place, level=level, issue=issue, sample=b"{}" if kept else None),
                  project=project, issues=issues)
            for project, place, level, issue, kept in events
        ]  # fmt: skip
        _, told = world.fold(*records)
        expected = Counter((project, place, level, f"f{issue}") for project, place, level, issue, _ in events)
        found = Counter((item.project, item.environment, item.level, item.issue) for item in told.items)
        for left in told.left_out:
            assert left.events > 0
            found[left.project, left.environment, left.level, left.issue] += left.events
        assert found == expected
        assert [item.place for item in told.items] == sorted({item.place for item in told.items})
