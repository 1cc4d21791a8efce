"""Rate limits: a token bucket for each key and category, in the memory of one worker process."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from errtally.exporter.config import ExporterConfig
    from errtally.exporter.projects import Project, RateLimit

MAX_WAIT_SECONDS = 300


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled: float


class Rates:
    """The rate limits of all keys. Safe for threads.

    What comes in one request is let in as a whole while there is a token, and may put the bucket into debt: the rate
    holds over time, and a batch larger than the burst still gets through.

    Args:
        config: the limits; each worker gives out its share of a rate, because workers do not talk to each other.

    Attributes:
        exporters: how many share the limits, this one included; may be set from another thread.
    """

    def __init__(self, config: ExporterConfig) -> None:
        self._common = config.rate_limits
        self._workers = config.workers
        self.exporters = 1
        self._is_open = config.is_open
        self._buckets: dict[tuple[str, str, str], _Bucket] = {}
        self._lock = threading.Lock()

    @staticmethod
    def are_in(config: ExporterConfig) -> bool:
        """Whether any rate limit is configured."""
        return bool(config.rate_limits) or any(project.rate_limits for project in config.projects)

    def take(
        self, owner: Project, key: str, category: str, quantity: int, now: float, *, is_promised: bool = False
    ) -> int:
        """Ask for items of one category.

        Args:
            owner: the key's project.
            key: the key; with no projects configured, all keys are one, since anybody can make up more.
            category: one of ``names.CATEGORIES``.
            quantity: how many items; 0 only asks whether one would be let in.
            now: seconds of a clock that is never set.
            is_promised: whether they were let in before, so that a bucket in debt takes them as well.

        Returns:
            0 when they are let in, otherwise in how many seconds to come back.
        """
        limit = _limit(owner.rate_limits, self._common, category)
        if limit is None:
            return 0
        share = self._workers * self.exporters
        per_second, burst = limit.per_second / share, max(limit.burst / share, 1.0)
        place = (owner.name, "" if self._is_open else key, category)
        with self._lock:
            bucket = self._buckets.get(place)
            if bucket is None:
                # Keys are configured, so there are never more buckets than keys times categories.
                bucket = self._buckets[place] = _Bucket(burst, now)
            bucket.tokens = min(bucket.tokens + max(now - bucket.filled, 0.0) * per_second, burst)
            bucket.filled = now
            if bucket.tokens >= 1 or is_promised:
                bucket.tokens -= quantity
                return 0
            return max(min(math.ceil((1 - bucket.tokens) / per_second), MAX_WAIT_SECONDS), 1)


def _limit(own: Mapping[str, RateLimit], common: Mapping[str, RateLimit], category: str) -> RateLimit | None:
    return own.get(category) or common.get(category)
