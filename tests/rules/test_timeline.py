from __future__ import annotations

import pytest

from errtally.rules.timeline import timeline

_COUNTER, _GAUGE = 'errtally_requests_total{a="b"}', "errtally_up"


@pytest.mark.parametrize(
    ("phases", "values"),
    [
        pytest.param([({_COUNTER: 3.0}, 10)], {_COUNTER: "0+3x10"}, id="a counter begins at zero"),
        pytest.param(
            [({_COUNTER: 3.0}, 10), ({_COUNTER: 0.5}, 4)], {_COUNTER: "0+3x10 30.5+0.5x3"}, id="a counter counts on"
        ),
        pytest.param([({_GAUGE: 7.0}, 10), ({_GAUGE: 1.0}, 4)], {_GAUGE: "7x10 1x3"}, id="a gauge changes"),
        pytest.param([({}, 10), ({_GAUGE: 1.0}, 4)], {_GAUGE: "_x11 1x3"}, id="a series that comes later"),
        pytest.param([({_GAUGE: 1.0}, 10), ({}, 4)], {_GAUGE: "1x10 _x4"}, id="a series that goes"),
        pytest.param([({_GAUGE: 1e-7}, 2)], {_GAUGE: "0.0000001x2"}, id="no exponent, which promtool does not read"),
    ],
)
def test_levels_become_promtools_notation(phases: list, values: dict[str, str]) -> None:
    assert timeline(*phases) == values


def test_a_counter_never_falls_by_a_rounding_error() -> None:
    text = timeline(({_COUNTER: 0.1}, 7), ({_COUNTER: 0.0}, 3))[_COUNTER]
    first, second = text.split()
    per_step = float(first.split("+")[1].split("x")[0])
    assert float(second.split("+")[0]) == per_step * 7
