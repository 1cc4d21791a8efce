"""Series over time for the generated tests: levels that hold for some steps and then change, in promtool's notation."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Levels = dict[str, float]
"""Series to what it does in each step: the increase of a counter, the value of a gauge."""

Phase = tuple["Mapping[str, float]", int]
"""Levels, and for how many steps they hold. A series that a phase does not name is absent in it."""

_GRAIN = 2**20
"""A counter's levels are whole multiples of its inverse, so that sums are exact: a counter that seems to fall by a
rounding error counts as one that was reset."""

_COUNTER = re.compile(r"_(total|bucket|count|sum)(\{|$)")


def timeline(*phases: Phase) -> dict[str, str]:
    """Return each series' values over the phases, one after the other.

    Counters count on from phase to phase, from 0; the first sample comes at time zero, before the first step.
    """
    names: dict[str, None] = {}
    for levels, _ in phases:
        names |= dict.fromkeys(levels)
    return {name: _values(name, phases) for name in names}


def _values(name: str, phases: Sequence[Phase]) -> str:
    is_counter = _COUNTER.search(name) is not None
    parts, total = [], 0.0
    for index, (levels, steps) in enumerate(phases):
        first = 1 if index == 0 else 0  # the sample at time zero
        if name not in levels:
            # `_xN` is N gaps, whereas `1xN` is N + 1 samples.
            parts.append(f"_x{steps + first}")
            continue
        level = round(levels[name] * _GRAIN) / _GRAIN if is_counter else levels[name]
        if is_counter:
            start = total if first else total + level
            parts.append(f"{_exact(start)}+{_exact(level)}x{steps - 1 + first}")
            total += level * steps
        else:
            parts.append(f"{_exact(level)}x{steps - 1 + first}")
    return " ".join(parts)


def _exact(value: float) -> str:
    """All digits of a number, without an exponent, which promtool does not read."""
    return f"{Decimal(repr(value)):f}".removesuffix(".0")
