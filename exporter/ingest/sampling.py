"""Which events are kept whole: the first of a burst, then one a second for each issue and worker.

Every event is counted; keeping the page of each event of a storm would cost more than all else together.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

BURST_SAMPLES = 20
SAMPLES_PER_SECOND = 1.0
MAX_ISSUES = 10_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled: float


class SamplePolicy:
    """A token bucket for each issue; an issue that was forgotten starts with a full one. Safe for threads."""

    def __init__(
        self, *, burst: int = BURST_SAMPLES, per_second: float = SAMPLES_PER_SECOND, max_issues: int = MAX_ISSUES
    ) -> None:
        self._burst = float(burst)
        self._per_second = per_second
        self._max_issues = max_issues
        self._buckets: dict[tuple[str, str], _Bucket] = {}
        self._lock = threading.Lock()

    def keeps(self, project: str, fingerprint: str, now: float) -> bool:
        """Whether the next event of an issue is to be kept whole; ``now`` is in seconds, any epoch."""
        with self._lock:
            bucket = self._buckets.get((project, fingerprint))
            if bucket is None:
                if len(self._buckets) >= self._max_issues:
                    self._buckets.clear()
                bucket = self._buckets[project, fingerprint] = _Bucket(self._burst, now)
            elapsed = max(now - bucket.filled, 0.0)
            bucket.tokens = min(bucket.tokens + elapsed * self._per_second, self._burst)
            bucket.filled = now
            if bucket.tokens < 1:
                return False
            bucket.tokens -= 1
            return True
