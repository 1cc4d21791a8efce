"""Groups the events of one process, and tells former fingerprints only where they are new to the writer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from errtally.exporter.grouping.fingerprint import fingerprint
from errtally.exporter.grouping.ownership import ownership
from errtally.exporter.grouping.rules import compiled
from errtally.exporter.grouping.versions import with_former

if TYPE_CHECKING:
    from collections.abc import Callable

    from errtally.config.grouping import GroupingSettings
    from errtally.event.model import Event
    from errtally.exporter.grouping.model import Grouping

MAX_TOLD: Final = 65_536


class Grouper:
    """Grouping as the settings have it. Safe for threads.

    The writer asks for the former fingerprints of an event only when its fingerprint is new in its project. So they
    are worked out once for each fingerprint that this process sees, and again when it forgot.
    """

    def __init__(self, settings: GroupingSettings) -> None:
        self.rules = compiled(settings.rules)
        self._own = ownership(settings)
        self._told: set[tuple[str, ...]] = set()

    def group(self, project: str, event: Event, sent: Callable[[], Event] | None = None) -> Grouping:
        """Return the issue that a scrubbed event belongs to.

        Args:
            project: whose event it is.
            event: scrubbed.
            sent: gives the event as it was before uploaded files gave its calls their names, scrubbed; None when none
                did.
        """
        grouping = fingerprint(event, self.rules, self._own)
        if self._is_new(project, grouping.fingerprint):
            grouping = with_former(grouping, event, self.rules)
        # Each build may have been another issue, unread.
        if sent is not None and self._is_new(project, grouping.fingerprint, event.release or ""):
            grouping.unresolved = fingerprint(sent(), self.rules, self._own).fingerprint
        return grouping

    def _is_new(self, *key: str) -> bool:
        """Whether this was not told yet; it is from now on."""
        if key in self._told:
            return False
        if len(self._told) >= MAX_TOLD:
            self._told.clear()
        self._told.add(key)
        return True

    def forget(self) -> None:
        """Tell all former fingerprints again, because what told them may not have arrived."""
        self._told.clear()
