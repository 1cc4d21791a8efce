"""Sampling: the first of a burst, then one a second."""

from __future__ import annotations

from errtally.exporter.ingest.sampling import SamplePolicy


def kept(policy, seconds, fingerprint="f", project="p"):
    return [policy.keeps(project, fingerprint, now) for now in seconds]


def test_a_burst_is_kept_up_to_its_size():
    assert kept(SamplePolicy(burst=3), [0.0] * 5) == [True, True, True, False, False]


def test_after_a_burst_one_a_second_is_kept():
    policy = SamplePolicy(burst=1)
    assert kept(policy, [0.0, 0.5, 0.999, 1.5, 1.6, 2.5]) == [True, False, False, True, False, True]


def test_a_long_silence_fills_no_more_than_a_burst():
    policy = SamplePolicy(burst=2)
    kept(policy, [0.0, 0.0])
    assert kept(policy, [1000.0] * 3) == [True, True, False]


def test_issues_and_projects_do_not_share():
    policy = SamplePolicy(burst=1)
    assert kept(policy, [0.0]) + kept(policy, [0.0], "g") + kept(policy, [0.0], project="q") == [True] * 3


def test_a_clock_that_goes_back_gives_nothing():
    policy = SamplePolicy(burst=1)
    assert kept(policy, [100.0, 50.0, 50.5]) == [True, False, False]


def test_memory_is_bounded_and_a_forgotten_issue_starts_anew():
    policy = SamplePolicy(burst=1, max_issues=2)
    assert kept(policy, [0.0], "a") == [True]
    assert kept(policy, [0.0], "b") == [True]
    assert kept(policy, [0.0], "c") == [True]
    assert kept(policy, [0.0], "a") == [True]
    assert len(policy._buckets) == 2


def test_a_storm_over_many_issues_keeps_the_first_of_each_and_a_bounded_number_beside():
    policy = SamplePolicy(burst=20, total_burst=30, total_per_second=10)
    first = [kept(policy, [0.0], f"f{number}") for number in range(1000)]
    assert first == [[True]] * 1000
    again = [kept(policy, [0.0] * 5, f"f{number}") for number in range(1000)]
    assert sum(map(sum, again)) == 30
    later = [kept(policy, [2.0], f"f{number}") for number in range(1000)]
    assert sum(map(sum, later)) == 20


def test_an_issue_that_lost_its_bucket_is_not_new_once_more():
    policy = SamplePolicy(burst=2, max_issues=1, total_burst=0, total_per_second=0.0)
    assert kept(policy, [0.0], "a") == [True]
    assert kept(policy, [0.0], "b") == [True]
    assert kept(policy, [0.0], "a") == [False]
