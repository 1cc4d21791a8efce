"""Remembers under which id an exception was reported, so that who meets it next in the same request does not again.

A log record, a framework and a server may all meet one exception. The mark is on the exception, which so lives no
longer than it would; it holds for the request in which it was made, since some exceptions are raised in many.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from errtally.client import scope

if TYPE_CHECKING:
    from errtally.client.scope import Holder

_ATTRIBUTE = "_errtally_reported"


class _Mark:
    """The id of the event, and the request in which it was reported; None for one that was in another process."""

    __slots__ = ("event_id", "where")

    def __init__(self, event_id: str, where: weakref.ref[Holder] | None = None) -> None:
        self.event_id = event_id
        self.where = where

    def __reduce__(self) -> tuple[type[_Mark], tuple[str]]:
        return _Mark, (self.event_id,)


def event_id_of(error: BaseException) -> str | None:
    """Return the id under which an exception has been reported in the current request, None when it has not."""
    # Past the class's own ways to look attributes up: they are the application's code.
    mark = object.__getattribute__(error, "__dict__").get(_ATTRIBUTE)
    if not isinstance(mark, _Mark):
        return None
    if mark.where is None:
        return mark.event_id
    where = mark.where()
    here = scope.current_round()
    # What is reported outside of requests, in a thread of an executor, belongs to no other one.
    is_here = where is here or (where is not None and scope.PROCESS in (where, here))
    return mark.event_id if is_here else None


def mark(error: BaseException, event_id: str) -> None:
    """Note that an exception has been reported; also one whose class lets nobody set attributes."""
    here = scope.current_round()
    here.has_reported = True
    object.__getattribute__(error, "__dict__")[_ATTRIBUTE] = _Mark(event_id, weakref.ref(here))
