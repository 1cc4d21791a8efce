"""Version 1 of the fingerprint, as it was released: it tells under which fingerprint an issue is known already.

Nothing here changes any more. It goes when no store is upgraded from it, with what `as_read` undoes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from errtally.exporter.grouping.version_1.fingerprint import VERSION
from errtally.exporter.grouping.version_1.fingerprint import fingerprint as _fingerprint

if TYPE_CHECKING:
    from errtally.event.model import Event
    from errtally.exporter.grouping.model import Grouping, Rule

__all__ = ["VERSION", "fingerprint"]


def fingerprint(event: Event, rule: Rule | None = None) -> Grouping:
    """Return what version 1 made of an event."""
    return _fingerprint(as_read(event), rule)


def as_read(event: Event) -> Event:
    """Return an event as protocols were read in the days of version 1.

    A stack beside an exception was not the exception's, stacks were taken in the order in which they were sent, and
    attributes with the full names of old clients were not read.
    """
    if event.has_full_names:
        return replace(event, exceptions=[], frames=[], template=None)
    if not event.exceptions:
        return event
    if not event.frames and not any(exception.newest_first for exception in event.exceptions):
        return event
    exceptions = [
        replace(exception, frames=exception.frames[::-1]) if exception.newest_first else exception
        for exception in event.exceptions
    ]
    return replace(event, exceptions=exceptions, frames=[])
