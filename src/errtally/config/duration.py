"""Durations as Prometheus writes them ("5m", "1h30m") and as the code reckons with them: whole seconds."""

from __future__ import annotations

import re

_UNIT_SECONDS = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}
_PART = re.compile(r"([0-9]+)([wdhms])")


def parse_duration(text: str) -> int:
    """Return the seconds of a duration such as "90s", "5m" or "1h30m".

    Raises:
        ValueError: the text is not made of numbers with a unit of w, d, h, m, s.
    """
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{text!r} is not a duration such as 5m or 1h30m")
    return sum(int(number) * _UNIT_SECONDS[unit] for number, unit in parts)


def format_duration(seconds: int) -> str:
    """Return the shortest spelling with one unit: 900 is "15m", 90 is "90s", 0 is "0s"."""
    for unit, size in _UNIT_SECONDS.items():
        if seconds and seconds % size == 0 and unit != "w":
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
