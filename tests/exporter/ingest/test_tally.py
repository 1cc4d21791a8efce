"""Tallies: nothing is lost between threads or when handing on fails."""

from __future__ import annotations

import threading

import pytest

from errtally import names
from errtally.exporter.ingest.tally import Tally


def test_nothing_counted_is_nothing_to_hand_on():
    tally = Tally()
    assert tally.take() is None
    tally.add(names.INGEST_ITEMS, ("native", "event"))
    assert tally.take() is not None
    assert tally.take() is None


@pytest.mark.parametrize(
    ("value", "bucket"),
    [
        pytest.param(0.0, 0, id="nothing lies in the first bucket"),
        pytest.param(0.0001, 0, id="a bound belongs to its own bucket"),
        pytest.param(0.00011, 1, id="just above a bound lies in the next"),
        pytest.param(1.0, 11, id="the last bound has a bucket"),
        pytest.param(1.1, 12, id="above all bounds lies in +Inf"),
    ],
)
def test_an_observation_lies_in_one_bucket(value, bucket):
    tally = Tally()
    tally.observe(names.INGEST_DURATION, ("native",), value)
    taken = tally.take()
    [(name, labels, buckets, total)] = taken.observations
    assert (name, labels, total) == (names.INGEST_DURATION.name, ("native",), value)
    assert [index for index, count in enumerate(buckets) if count] == [bucket]
    assert len(buckets) == len(names.INGEST_DURATION.buckets) + 1


def test_what_could_not_be_handed_on_is_added_to_what_came_meanwhile():
    tally = Tally()
    tally.add(names.INGEST_ITEMS, ("native", "event"), 2)
    tally.observe(names.INGEST_DURATION, ("native",), 0.5)
    taken = tally.take()
    tally.add(names.INGEST_ITEMS, ("native", "event"), 3)
    tally.add(names.STORE_ERRORS)
    tally.observe(names.INGEST_DURATION, ("native",), 0.25)
    tally.put_back(taken)
    again = tally.take()
    assert sorted(again.counters) == [
        (names.INGEST_ITEMS.name, ("native", "event"), 5),
        (names.STORE_ERRORS.name, (), 1),
    ]
    [(_, _, buckets, total)] = again.observations
    assert (sum(buckets), total) == (2, 0.75)


def test_put_back_to_an_empty_tally_is_what_is_taken_next():
    tally = Tally()
    tally.observe(names.INGEST_DURATION, ("native",), 0.5)
    first = tally.take()
    tally.put_back(first)
    assert tally.take() == first


def test_threads_lose_no_count():
    tally, taken = Tally(), []

    def count():
        for _ in range(2000):
            tally.add(names.INGEST_ITEMS, ("native", "event"))
            tally.observe(names.INGEST_DURATION, ("native",), 0.5)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        taken.append(tally.take())
    taken.append(tally.take())
    found = [item for item in taken if item is not None]
    assert sum(amount for item in found for _, _, amount in item.counters) == 8000
    assert sum(sum(buckets) for item in found for _, _, buckets, _ in item.observations) == 8000
