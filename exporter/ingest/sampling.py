"""Which events are kept whole: the first of each issue, then of a burst, then one a second, as long as all are few.

Every event is counted; keeping the page of each event of a storm would cost more than all else together, and so would
keeping many pages of each of ten thousand issues.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from errtally.exporter.digest.seen import Seen

BURST_SAMPLES = 20
SAMPLES_PER_SECOND = 1.0
MAX_ISSUES = 10_000
TOTAL_PER_SECOND = 50.0
TOTAL_BURST = 200.0
"""Over all issues of one worker, the first events of new ones excepted."""

MAX_MET = 100_000
"""Issues remembered as no longer new, at least; twice as many at most."""


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled: float

    def fill(self, now: float, per_second: float, burst: float) -> bool:
        """Whether a token is there now."""
        self.tokens = min(self.tokens + max(now - self.filled, 0.0) * per_second, burst)
        self.filled = now
        return self.tokens >= 1


class SamplePolicy:
    """A token bucket for each issue and one for all; an issue that was forgotten starts with a full one.

    Safe for threads.
    """

    def __init__(
        self,
        *,
        burst: int = BURST_SAMPLES,
        per_second: float = SAMPLES_PER_SECOND,
        max_issues: int = MAX_ISSUES,
        total_burst: float = TOTAL_BURST,
        total_per_second: float = TOTAL_PER_SECOND,
    ) -> None:
        self._burst = float(burst)
        self._per_second = per_second
        self._max_issues = max_issues
        self._total_burst = total_burst
        self._total_per_second = total_per_second
        self._total = _Bucket(total_burst, 0.0)
        self._buckets: dict[tuple[str, str], _Bucket] = {}
        self._met = Seen(capacity=MAX_MET)
        self._lock = threading.Lock()

    def keeps(self, project: str, fingerprint: str, now: float) -> bool:
        """Whether the next event of an issue is to be kept whole; ``now`` is in seconds, any epoch."""
        key = (project, fingerprint)
        with self._lock:
            bucket = self._buckets.get(key)
            if bucket is None:
                if len(self._buckets) >= self._max_issues:
                    self._buckets.clear()
                bucket = self._buckets[key] = _Bucket(self._burst, now)
                if self._met.add(hash(key)):  # of the process alone, so Python's own hash does
                    bucket.tokens -= 1
                    return True
            if not bucket.fill(now, self._per_second, self._burst):
                return False
            if not self._total.fill(now, self._total_per_second, self._total_burst):
                return False
            bucket.tokens -= 1
            self._total.tokens -= 1
            return True
