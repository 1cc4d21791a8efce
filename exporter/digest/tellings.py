"""Failures that several layers tell of: one counts, and what the others call it is no issue of its own.

A wrapper and its cause, or an error with its stack and its message alone, are different fingerprints; which of them is
heard first depends on how clients batch. So the fingerprint of one that was told of already becomes an alias of the
issue that counts it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.exporter.digest.seen import hashed

if TYPE_CHECKING:
    from errtally.exporter.digest.changes import Changes
    from errtally.exporter.digest.merges import Merges
    from errtally.exporter.digest.state import State
    from errtally.exporter.journal.records import EventSeen, IssueSeen

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


class Failures:
    """Tells failures that were told of already.

    Args:
        state: what is known of the store; kept current.
        changes: where the changes go.
        merges: makes fingerprints aliases.
    """

    def __init__(self, state: State, changes: Changes, merges: Merges) -> None:
        self._state = state
        self._changes = changes
        self._merges = merges

    def is_told(self, project: str, event: EventSeen, seen: IssueSeen, at: float) -> bool:
        """Whether another event told of the same failure; leaves the event's own marks.

        Args:
            project: of the event.
            event: the event.
            seen: what its fingerprint stands for.
            at: when it was received.
        """
        known, tellings = self._state.seen, self._state.tellings
        own = [hashed("failure", project, str(mark)) for mark in event.tells]
        told = [(mark, value) for mark in event.told_by if (value := hashed("failure", project, str(mark))) in known]
        for value in own:
            if known.add(value):
                self._changes.seen.append(value)
        if not told:
            for value in own:
                tellings.note(value, seen.fingerprint)
            return False
        # By calls rather than by a message, which several errors may have.
        for mark, value in sorted(told, key=lambda one: is_of_message(one[0])):
            if (first := tellings.fingerprint(value)) is not None:
                has_stack = not all(is_of_message(one) for one in event.told_by)
                self._merges.tell(project, seen, first, at, is_guess=is_of_message(mark) and has_stack)
                break
        return True
