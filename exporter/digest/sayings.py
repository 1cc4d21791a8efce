"""What people say of an issue beside its status: who sees to it, how urgent it is, its ticket, and notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.exporter.digest.changes import Decision
from errtally.exporter.journal.records import FIELDS, FieldChange, NoteChange

if TYPE_CHECKING:
    from errtally.exporter.digest.changes import Changes
    from errtally.exporter.digest.state import State

NOTE = "note"
"""What the history says of a note; its details have the ``text``."""

_SAID = {"assignee": "assigned to {}", "priority": "priority {}", "ticket": "linked to {}"}
_TAKEN_BACK = {"assignee": "assigned to nobody", "priority": "priority as its level", "ticket": "linked to no ticket"}


class Sayings:
    """Adds what people say of issues to their history.

    Args:
        state: what is known of the store.
        changes: where the changes go.
    """

    def __init__(self, state: State, changes: Changes) -> None:
        self._state = state
        self._changes = changes

    def add(self, said: FieldChange | NoteChange) -> None:
        """Fold one; what is said of an issue that is not there changes nothing."""
        fingerprint = self._state.aliases.resolve(said.project, said.fingerprint)
        known = self._state.issues.get((said.project, fingerprint))
        if known is None or (isinstance(said, FieldChange) and said.field not in FIELDS):
            return
        known.is_decided = True
        change = self._changes.of(said.project, known)
        if isinstance(said, NoteChange):
            change.decisions.append(Decision(said.at, said.by, NOTE, {"text": said.text}))
            return
        change.fields[said.field] = said.value
        what = _SAID[said.field].format(said.value) if said.value else _TAKEN_BACK[said.field]
        change.decisions.append(Decision(said.at, said.by, what, {said.field: said.value}))
