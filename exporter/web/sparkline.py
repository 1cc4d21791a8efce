"""A small picture of an issue's events by hour: bars as one SVG path, and the same in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

BAR = 4
"""Width of an hour, of which the last unit is a gap."""

HEIGHT = 20


@dataclass(frozen=True, slots=True)
class Sparkline:
    """What a page shows.

    Attributes:
        width: of the picture.
        path: the bars.
        text: what they say.
    """

    width: int
    path: str
    text: str


def sparkline(hours: Mapping[int, int], newest_hour: int, count: int) -> Sparkline:
    """Draw events by hour.

    Args:
        hours: hours since the epoch to events.
        newest_hour: the last hour to draw.
        count: how many hours.
    """
    values = [hours.get(hour, 0) for hour in range(newest_hour - count + 1, newest_hour + 1)]
    most = max(values, default=0)
    bars = [
        f"M{index * BAR} {HEIGHT}v-{max(round(HEIGHT * value / most), 1)}h{BAR - 1}V{HEIGHT}z"
        for index, value in enumerate(values)
        if value
    ]
    total = sum(values)
    text = f"{total} event{'' if total == 1 else 's'} in the last {count} hours"
    if total > most:
        at = datetime.fromtimestamp((newest_hour - count + 1 + values.index(most)) * 3600, UTC)
        text += f", at most {most} in an hour, from {at:%H:%M} UTC"
    return Sparkline(count * BAR, "".join(bars), text)
