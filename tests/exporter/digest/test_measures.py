"""What the fold makes of what clients push."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errtally import names
from errtally.exporter.digest.apdex import Thresholds
from errtally.exporter.digest.budget import Budget
from errtally.exporter.digest.fold import Fold
from errtally.exporter.digest.state import State
from errtally.exporter.journal.records import Batch, DiscardSeen, MeasureSeen, decoder, encoder

NOW = 1_795_500_000.0
CHANGES, REFUSED, STATE, CPU = names.BREAKER_CHANGES, names.BREAKER_REFUSED, names.BREAKER_STATE, names.CLIENT_CPU


class World:
    def __init__(self, **limits):
        self.state = State(Budget({metric.name: limits["limit"] for metric in names.PUSHED.values()} if limits else {}))
        self.values, self.gauges = {}, {}

    def fold(self, *batches):
        made = Fold(self.state, Thresholds(()))
        for batch in batches:
            made.add(decoder.decode(encoder.encode(batch)))
        for key, amount in made.changes.add.items():
            self.values[key] = self.values.get(key, 0) + amount
        self.gauges.update({key: value for key, (value, _) in made.changes.gauges.items()})
        return made.changes

    def value(self, metric, *labels):
        return self.values.get((metric.name, ("shop", "production", *labels), ""))


def batch(*measures, report_id="", received=NOW, **fields):
    return Batch("shop", received, identity=report_id, measures=list(measures), **fields)


def refused(value, service="pay"):
    return MeasureSeen("production", REFUSED.name, (service,), value)


def state(value, service="pay", process="web-1:17"):
    return MeasureSeen("production", STATE.name, (service,), value, process)


def test_counters_of_all_processes_add_up():
    world = World()
    world.fold(batch(refused(3), report_id="a"), batch(refused(4), refused(1), report_id="b"))
    assert world.value(REFUSED, "pay") == 8


def test_a_counter_that_is_new_is_there_at_0():
    world = World()
    world.fold(batch(refused(0)))
    assert world.value(REFUSED, "pay") == 0


def test_a_report_that_comes_again_counts_once_and_its_gauges_are_taken():
    world = World()
    first = batch(refused(3), state(0), report_id="a", discards=[DiscardSeen("ignored", "error", 5)])
    again = batch(refused(3), state(2), report_id="a", discards=[DiscardSeen("ignored", "error", 5)])
    world.fold(first)
    world.fold(again)
    assert world.value(REFUSED, "pay") == 3
    assert world.values[names.CLIENT_DISCARDED_EVENTS.name, ("shop", "ignored", "error"), ""] == 5
    assert world.gauges == {(STATE.name, ("shop", "production", "pay", "web-1:17")): 2}


def test_the_same_name_in_another_project_is_another_report():
    world = World()
    world.fold(batch(refused(3), report_id="a"), Batch("blog", NOW, identity="a", measures=[refused(4)]))
    assert world.value(REFUSED, "pay") == 3
    assert world.values[REFUSED.name, ("blog", "production", "pay"), ""] == 4


def test_reports_without_a_name_each_count():
    world = World()
    world.fold(batch(refused(3)), batch(refused(3)))
    assert world.value(REFUSED, "pay") == 6


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 100)), max_size=20),
    st.integers(0, 2**32),
)
def test_however_often_reports_come_each_counts_once(reports, seed):
    """Any sequence with repetitions adds up to the sum over the distinct reports."""
    contents = dict(reversed(reports))
    batches = [batch(refused(contents[number]), report_id=f"{number:032x}") for number, _ in reports]
    world = World()
    cut = seed % (len(batches) + 1)
    world.fold(*batches[:cut])
    world.fold(*batches[cut:])
    assert (world.value(REFUSED, "pay") or 0) == sum(contents.values())


def test_beyond_its_limit_a_counter_counts_as_other_and_the_sum_stays():
    world = World(limit=2)
    world.fold(batch(*(refused(1, service=f"s{number}") for number in range(10))))
    world.fold(batch(refused(1, service="s0")))
    assert [world.value(REFUSED, service) for service in ("s0", "s1", "s2", names.OTHER)] == [2, 1, None, 8]
    assert world.values[names.SERIES_OVERFLOW.name, ("shop", REFUSED.name), ""] == 8


def test_beyond_its_limit_everything_that_applications_choose_is_given_up():
    world = World(limit=1)
    attempts = [
        MeasureSeen("production", names.RECOVERY_ATTEMPTS.name, ("pay", f"own {number}", "failure"), 1)
        for number in range(5)
    ]
    world.fold(batch(*attempts))
    found = {labels for name, labels, _ in world.values if name == names.RECOVERY_ATTEMPTS.name}
    assert found == {
        ("shop", "production", "pay", "own 0", "failure"),
        ("shop", "production", names.OTHER, names.OTHER, "failure"),
    }
    assert len(world.state.budget) == 2


def test_beyond_their_limit_gauges_share_one_series_until_an_old_one_expires():
    world = World(limit=2)
    world.fold(batch(state(0, process="a"), state(1, process="b"), state(2, process="c")))
    base = ("shop", "production")
    assert world.gauges == {
        (STATE.name, (*base, "pay", "a")): 0,
        (STATE.name, (*base, "pay", "b")): 1,
        (STATE.name, (*base, names.OTHER, names.OTHER)): 2,
    }
    later = NOW + names.PROCESS_EXPIRES_SECONDS + 1
    changes = world.fold(batch(state(2, process="c"), received=later))
    assert changes.gauges == {(STATE.name, (*base, "pay", "c")): (2, later)}


@pytest.mark.parametrize(
    ("seconds_before", "expected"),
    [
        pytest.param(0.0, 7, id="the same moment"),
        pytest.param(0.5, 2, id="a post that was overtaken"),
        pytest.param(3600.0, 7, id="a clock that was set back"),
    ],
)
def test_a_gauge_keeps_the_later_of_two_posts_after(seconds_before, expected):
    world = World()
    world.fold(batch(state(2)))
    world.fold(batch(state(7), received=NOW - seconds_before))
    assert world.gauges[STATE.name, ("shop", "production", "pay", "web-1:17")] == expected


def test_what_another_version_wrote_is_left_out():
    world = World()
    world.fold(
        batch(
            MeasureSeen("production", "unknown_total", (), 1),
            MeasureSeen("production", CPU.name, ("a label more",), 1, "p"),
            MeasureSeen("production", CHANGES.name, ("pay",), 1),
        )
    )
    assert not world.values
    assert not world.gauges


def test_gauges_of_one_project_leave_room_for_another():
    world = World(limit=1)
    world.fold(batch(state(1)), Batch("blog", NOW, measures=[state(1)]))
    assert {labels[0] for _, labels in world.gauges} == {"shop", "blog"}
    assert not any(names.OTHER in labels for _, labels in world.gauges)
