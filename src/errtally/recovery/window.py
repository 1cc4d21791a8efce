"""A rolling window of successes and failures in buckets of time."""

from __future__ import annotations


class RollingWindow:
    """Counts of the last seconds; what is older than the window is forgotten one bucket at a time.

    Args:
        seconds: length of the window.
        buckets: parts of it; the oldest part is forgotten at once.
    """

    def __init__(self, seconds: float, buckets: int) -> None:
        self._width = seconds / buckets
        self._count = buckets
        self._numbers = [-1] * buckets
        self._successes = [0] * buckets
        self._failures = [0] * buckets

    def add(self, now: float, *, failed: bool) -> None:
        """Count one call at a time on a clock that does not go back."""
        number = int(now / self._width)
        place = number % self._count
        if self._numbers[place] != number:
            self._numbers[place] = number
            self._successes[place] = self._failures[place] = 0
        (self._failures if failed else self._successes)[place] += 1

    def counts(self, now: float) -> tuple[int, int]:
        """Return calls and failures within the window."""
        oldest = int(now / self._width) - self._count + 1
        calls = failures = 0
        for number, good, bad in zip(self._numbers, self._successes, self._failures, strict=True):
            if number >= oldest:
                calls += good + bad
                failures += bad
        return calls, failures

    def clear(self) -> None:
        """Forget everything."""
        self._numbers = [-1] * self._count
