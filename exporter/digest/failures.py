"""Tells failures that several layers tell of: one counts, and what the others call it is no issue of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.exporter.digest.seen import hashed
from errtally.exporter.digest.tellings import is_of_message

if TYPE_CHECKING:
    from errtally.exporter.digest.changes import Changes
    from errtally.exporter.digest.merges import Merges
    from errtally.exporter.digest.state import State
    from errtally.exporter.journal.records import EventSeen, IssueSeen


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
