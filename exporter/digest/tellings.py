"""Failures that several layers tell of: one counts, and what the others call it is no issue of its own.

A wrapper and its cause, or an error with its stack and its message alone, are different fingerprints; which of them is
heard first depends on how clients batch. So the fingerprint of one that was told of already becomes an alias of the
issue that counts it.
"""

from __future__ import annotations

CAPACITY = 20_000
"""Marks remembered at least, twice as many at most: layers tell of a failure within seconds of each other."""


class Tellings:
    """Marks of failures to the fingerprints of the events that counted, in two generations; a restart forgets them."""

    def __init__(self, *, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._newer: dict[int, str] = {}
        self._older: dict[int, str] = {}

    def note(self, mark: int, fingerprint: str) -> None:
        """Remember of which fingerprint an event is that left a mark."""
        if len(self._newer) >= self._capacity:
            self._older, self._newer = self._newer, {}
        self._newer[mark] = fingerprint

    def fingerprint(self, mark: int) -> str | None:
        """Return the fingerprint of the event that left a mark; None when it is not remembered."""
        return self._newer.get(mark) or self._older.get(mark)


def is_of_message(mark: int) -> bool:
    """Whether a mark tells a failure by its message alone, and not by the call that raised it."""
    return mark & 1 == 1
