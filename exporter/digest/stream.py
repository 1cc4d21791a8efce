"""What the live stream tells of a fold: its events one by one as far as they are few, and how many were left out.

The fold notes candidates: events whose page is kept, and those that made an issue new or brought it back. Token buckets
by project and over all keep what is told within what people and sockets can take; the rest is only counted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from errtally import names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from errtally.exporter.digest.buckets import SeriesKey
    from errtally.exporter.journal.records import EventSeen, IssueSeen

PROJECT_PER_SECOND, PROJECT_BURST = 50.0, 100.0
TOTAL_PER_SECOND, TOTAL_BURST = 200.0, 400.0
"""Events that are told of one project, and of all. New and regressed issues have buckets of their own of this size."""

MAX_LEFT_OUT = 500
"""Issues of one fold whose left-out events are told apart; beyond, they count under no issue."""

MAX_TEXT = 200
NEW, REGRESSED = "new", "regressed"


class StreamItem(msgspec.Struct, array_like=True, frozen=True):
    """One event as the stream tells it.

    Attributes:
        place: of the event among those of its fold, from 1.
        timestamp: when it happened, seconds since the epoch.
        message: scrubbed; "" when it says no more than the title.
        notice: ``new`` when it made the issue appear in its environment, ``regressed`` when it brought it back, or "".
        is_kept: whether the event's page can be looked at, as far as samples last.
    """

    place: int
    project: str
    environment: str
    level: str
    issue: str
    event_id: str
    timestamp: float
    type: str
    title: str
    culprit: str
    message: str
    release: str
    notice: str = ""
    is_kept: bool = True


class LeftOut(msgspec.Struct, array_like=True, frozen=True):
    """Events of an issue that were counted and not told; ``issue`` is "" for those of many issues."""

    project: str
    environment: str
    level: str
    issue: str
    events: int


class StreamBatch(msgspec.Struct, array_like=True, frozen=True):
    """What is told of one fold."""

    items: list[StreamItem] = []
    left_out: list[LeftOut] = []


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled: float

    def fill(self, now: float, per_second: float, burst: float) -> bool:
        """Whether a token is there now."""
        elapsed = max(now - self.filled, 0.0)
        self.tokens, self.filled = min(self.tokens + elapsed * per_second, burst), now
        return self.tokens >= 1


class StreamSampler:
    """Decides which candidates are told; its clock are the times at which batches were received."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, bool], _Bucket] = {}

    def admits(self, project: str, now: float, *, is_notable: bool) -> bool:
        """Whether a candidate is told.

        Args:
            project: bounded by the fold, and so is the number of buckets.
            now: seconds since the epoch.
            is_notable: for one that made an issue new or brought it back: a storm of known ones does not hide it.
        """
        own = self._bucket(project, now, PROJECT_BURST, is_notable=is_notable)
        total = self._bucket("", now, TOTAL_BURST, is_notable=is_notable)
        has_own = own.fill(now, PROJECT_PER_SECOND, PROJECT_BURST)
        has_total = total.fill(now, TOTAL_PER_SECOND, TOTAL_BURST)
        if not (has_own and has_total):
            return False
        own.tokens -= 1
        total.tokens -= 1
        return True

    def _bucket(self, project: str, now: float, burst: float, *, is_notable: bool) -> _Bucket:
        bucket = self._buckets.get((project, is_notable))
        if bucket is None:
            bucket = self._buckets[project, is_notable] = _Bucket(burst, now)
        return bucket


@dataclass(slots=True)
class StreamChange:
    """What one fold found for the stream.

    Attributes:
        items: events that are told.
        unexposed: project, environment, issue, level to events of issues that have no series of their own.
    """

    items: list[StreamItem] = field(default_factory=list)
    unexposed: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)

    def tell(
        self, place: int, base: tuple[str, str], issue: str, seen: IssueSeen, event: EventSeen, notice: str
    ) -> None:
        """Add an event that the sampler admitted.

        Args:
            place: of the event in the fold.
            base: project and environment, as they are counted.
            issue: fingerprint of the issue that the event counts in.
            seen: the event's own issue, for its texts.
            event: the event.
            notice: as in `StreamItem`.
        """
        message = "" if seen.title.endswith(event.message) else event.message
        self.items.append(
            StreamItem(
                place,
                *base,
                event.level,
                issue,
                event.event_id,
                event.timestamp,
                seen.type[:MAX_TEXT],
                seen.title[:MAX_TEXT],
                seen.culprit[:MAX_TEXT],
                message,
                event.release[:MAX_TEXT],
                notice,
                event.sample is not None,
            )
        )

    def batch(self, added: Mapping[SeriesKey, float]) -> StreamBatch:
        """Return what is told of the fold.

        Args:
            added: what the fold adds to series: the counts of events by issue tell how many are left out, so that
                events that are not told cost nothing.
        """
        counts: Counter[tuple[str, str, str, str]] = Counter(self.unexposed)
        for (metric, labels, _), amount in added.items():
            if metric == names.ISSUE_EVENTS.name and labels[2] != names.OTHER:
                counts[labels] += int(amount)  # type: ignore[index] # the catalogue's four labels of this metric
        for item in self.items:
            counts[item.project, item.environment, item.issue, item.level] -= 1
        return StreamBatch(self.items, _left_out(counts))


def _left_out(counts: Counter[tuple[str, str, str, str]]) -> list[LeftOut]:
    left = sorted(((-events, key) for key, events in counts.items() if events > 0))
    found = [LeftOut(key[0], key[1], key[3], key[2], -negative) for negative, key in left[:MAX_LEFT_OUT]]
    rest: Counter[tuple[str, str, str]] = Counter()
    for negative, (project, environment, _, level) in left[MAX_LEFT_OUT:]:
        rest[project, environment, level] -= negative
    found += [LeftOut(*key, "", events) for key, events in rest.items()]
    return found
