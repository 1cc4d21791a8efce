"""A time on a page says how long ago it was, and holds the moment for programs and for who points at it."""

from __future__ import annotations

import pytest

from errtally.exporter.web import times

NOW = 1_795_500_000.0  # 2026-11-24 06:00:00 UTC


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        pytest.param(NOW - 5.7, ("2026-11-24T05:59:54Z", "2026-11-24 05:59:54 UTC", "5 s ago"), id="seconds"),
        pytest.param(NOW - 90_000, ("2026-11-23T05:00:00Z", "2026-11-23 05:00:00 UTC", "1 d ago"), id="days"),
        pytest.param(NOW + 9, ("2026-11-24T06:00:09Z", "2026-11-24 06:00:09 UTC", "0 s ago"), id="a clock ahead"),
        pytest.param(0, ("1970-01-01T00:00:00Z", "1970-01-01 00:00:00 UTC", "20781 d ago"), id="the epoch"),
    ],
)
def test_an_element_says_it_three_times(seconds: float, shown: tuple[str, str, str]) -> None:
    program, pointed, read = shown
    assert times.element(seconds, NOW) == f'<time class="when" datetime="{program}" title="{pointed}">{read}</time>'
    assert (times.instant(seconds), times.moment(seconds), times.ago(seconds, NOW)) == shown
