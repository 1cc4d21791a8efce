"""Which sample events of an issue stay: the first, the newest, and a spread of those between."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errtally.exporter.store.samples import shares, stride


def kept(count, limit):
    """Replay: every sample is added alone, and what may not stay goes at once."""
    have: list[int] = []
    first, _, newest = shares(limit)
    for number in range(count):
        have.append(number)
        if number + 1 > limit:
            step = stride(number + 1, limit)
            end = number + 1 - newest
            have = [one for one in have if not first <= one < end or (step and one % step == 0)]
    return have


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        pytest.param(2, (1, 0, 1), id="the least there may be"),
        pytest.param(3, (1, 1, 1), id="one of each"),
        pytest.param(10, (2, 4, 4), id="ten"),
        pytest.param(50, (10, 20, 20), id="the default"),
    ],
)
def test_how_samples_are_shared_out(limit, expected):
    assert shares(limit) == expected


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (10, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (11, [0, 1, 2, 4, 6, 7, 8, 9, 10]),
        (20, [0, 1, 4, 8, 12, 16, 17, 18, 19]),
        (1000, [0, 1, 256, 512, 768, 996, 997, 998, 999]),
    ],
)
def test_which_of_ten_stay(count, expected):
    assert kept(count, 10) == expected


@given(st.integers(2, 60), st.integers(1, 400))
def test_first_and_newest_stay_and_there_are_never_too_many(limit, count):
    have = kept(count, limit)
    first, spread, newest = shares(limit)
    assert len(have) <= limit
    assert have[:first] == list(range(min(first, count)))
    assert have[-newest:] == list(range(max(count - newest, 0), count))
    if count > 2 * limit and spread > 1:
        gaps = [after - before for before, after in pairwise(have)]
        assert max(gaps) <= 2 * (count // spread + 1)
