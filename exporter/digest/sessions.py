"""Sessions of users by release: how they ended, over time, and of how many users."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally import names
from errtally.exporter.digest.changes import SessionUser

if TYPE_CHECKING:
    from collections.abc import Callable

    from errtally.exporter.digest.budget import Admit, Place
    from errtally.exporter.digest.changes import Changes
    from errtally.exporter.digest.decisions import Decisions
    from errtally.exporter.digest.state import State
    from errtally.exporter.journal.records import Batch, SessionSeen

_RECKONED_STATUSES = ("started", *names.CRASHED_SESSION_STATUSES)
"""What every release has from its first session on: the shares of crashes are made of these."""


class Sessions:
    """Folds sessions.

    Args:
        state: what is known of the store.
        changes: where the fold notes what changes.
        decisions: is told of releases.
        place: bounds project and environment.
        admit: bounds the label sets of a metric.
        is_new: whether something of this identity was not counted yet; it is from then on.
    """

    def __init__(
        self,
        state: State,
        changes: Changes,
        decisions: Decisions,
        *,
        place: Place,
        admit: Admit,
        is_new: Callable[..., bool],
    ) -> None:
        self._touched = state.budget.touched
        self._changes = changes
        self._decisions = decisions
        self._place, self._admit, self._is_new = place, admit, is_new

    def add(self, batch: Batch, session: SessionSeen) -> None:
        """Fold sessions of one release with one status."""
        changes = self._changes
        project, environment = self._place(batch.project, session.environment)
        if session.release:
            self._decisions.release(project, session.release, batch.received)
        sent = (project, environment, session.release, session.status)
        is_known = (names.SESSIONS.name, sent) in self._touched
        labels = self._admit(names.SESSIONS, sent)
        if not is_known and labels[2] == session.release:
            for status in _RECKONED_STATUSES:
                begun = self._admit(names.SESSIONS, (*labels[:3], status))
                changes.add[names.SESSIONS.name, begun, ""] += 0
        if session.user is not None and labels[2] != names.OTHER:
            users = changes.session_users.setdefault((project, environment, labels[2]), {})
            user = users.setdefault(session.user, SessionUser(batch.received))
            user.last_seen = max(user.last_seen, batch.received)
            if session.status in names.CRASHED_SESSION_STATUSES:
                user.last_crashed = max(user.last_crashed, batch.received)
        if session.session_id and not self._is_new("session", project, session.session_id, session.status):
            return
        changes.add[names.SESSIONS.name, labels, ""] += session.quantity
        changes.session_hours[int(batch.received // 3600), labels] += session.quantity
