"""Events and new users over time as bars: the geometry of a small picture, and the numbers as a table. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Mapping

HOURS_SHOWN = 24
DAYS_SHOWN = 30
FORTNIGHT_DAYS = 14

STEP = 10.0
"""Width of one bar with the gap beside it, in the units of the picture."""

GAP = 2.0
EVENTS_HEIGHT = 60.0
USERS_HEIGHT = 24.0
HEIGHT = EVENTS_HEIGHT + 8 + USERS_HEIGHT
"""Of the picture: new users stand below events."""

LEAST_HEIGHT = 2.0
"""Of a bar that stands for anything at all: one event beside a thousand must be seen."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One hour or day.

    Attributes:
        label: when it began, UTC.
        x: its left edge.
        events_height: 0 without events; bars stand on `EVENTS_HEIGHT`.
        users_height: 0 without new users; bars stand on `HEIGHT`.
    """

    label: str
    events: int
    users: int
    x: float
    events_height: float
    users_height: float


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars, oldest first, and what they add up to.

    Attributes:
        title: the span, as in ``Last 24 hours``.
        step: what one bar stands for.
        summary: the picture in words, for those who do not see it.
        width: of the picture, in its own units.
    """

    title: str
    step: str
    bars: tuple[Bar, ...]
    events: int
    users: int
    peak_events: int
    peak_users: int
    summary: str
    width: float

    @property
    def filled(self) -> tuple[Bar, ...]:
        """The bars that stand for anything, newest first."""
        return tuple(bar for bar in reversed(self.bars) if bar.events or bar.users)

    @property
    def drawing(self) -> Markup:
        """The picture as SVG. Made here since a template takes a tenth of a page's time for it."""
        bars = "\n".join(map(_drawn, self.bars))
        ground = f'<path class="ground" d="M0 {EVENTS_HEIGHT:g}h{self.width:g}M0 {HEIGHT:g}h{self.width:g}"/>'
        box = f'viewBox="0 0 {self.width:g} {HEIGHT:g}" preserveAspectRatio="none"'
        drawn = f'<svg {box} role="img" aria-label="{self.summary}">\n{bars}\n{ground}</svg>'
        return Markup(drawn)  # noqa: S704 (numbers and times, nothing of a client)


def by_hour(counts: Mapping[int, tuple[int, int]], now: float) -> Chart:
    """Return the last 24 hours.

    Args:
        counts: hour since the epoch to events and new users.
        now: seconds since the epoch; its hour is the last bar.
    """
    return _chart(counts, int(now // 3600), HOURS_SHOWN, "hour", 3600, "%d %b %H:00")


def by_day(counts: Mapping[int, tuple[int, int]], now: float) -> Chart:
    """Return the last 30 days; as `by_hour`, by days since the epoch."""
    return _chart(counts, int(now // 86400), DAYS_SHOWN, "day", 86400, "%d %b")


def newest(counts: Mapping[int, tuple[int, int]], last: int, count: int) -> tuple[int, int]:
    """Return events and new users of the last so many hours or days, the one numbered ``last`` included."""
    kept = [pair for number, pair in counts.items() if last - count < number <= last]
    return sum(events for events, _ in kept), sum(users for _, users in kept)


def _chart(counts: Mapping[int, tuple[int, int]], last: int, count: int, step: str, seconds: int, form: str) -> Chart:
    numbers = range(last - count + 1, last + 1)
    pairs = [counts.get(number, (0, 0)) for number in numbers]
    peak_events, peak_users = max(events for events, _ in pairs), max(users for _, users in pairs)
    labels = [datetime.fromtimestamp(number * seconds, UTC).strftime(form) for number in numbers]
    bars = tuple(
        Bar(
            label,
            events,
            users,
            index * STEP,
            _height(events, peak_events, EVENTS_HEIGHT),
            _height(users, peak_users, USERS_HEIGHT),
        )
        for index, (label, (events, users)) in enumerate(zip(labels, pairs, strict=True))
    )
    events, users = newest(counts, last, count)
    summary = f"{_count(events, 'event')} and {_count(users, 'new user')} in the last {count} {step}s"
    if events:
        top = max(bars, key=lambda bar: bar.events)
        summary += f", most of them ({top.events}) in the {step} of {top.label} UTC"
    return Chart(f"Last {count} {step}s", step, bars, events, users, peak_events, peak_users, summary, count * STEP)


def _drawn(bar: Bar) -> str:
    says = f"{bar.label} UTC: {_count(bar.events, 'event')}, {_count(bar.users, 'new user')}"
    parts = [f'<rect class="slot" x="{bar.x:g}" width="{STEP:g}" height="{HEIGHT:g}"/>']
    for name, height, ground in (("events", bar.events_height, EVENTS_HEIGHT), ("users", bar.users_height, HEIGHT)):
        if height:
            place = f'x="{bar.x + GAP / 2:g}" y="{ground - height:g}" width="{STEP - GAP:g}" height="{height:g}"'
            parts.append(f'<rect class="{name}" {place}/>')
    return f"<g><title>{says}</title>{''.join(parts)}</g>"


def _height(value: int, peak: int, full: float) -> float:
    return max(round(value / peak * full, 1), LEAST_HEIGHT) if value else 0.0


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
