"""Keeps senders working over a fork: the queue is sent before it, the child gets a thread of its own."""

from __future__ import annotations

import os
import sys
import weakref
from typing import Any, Protocol


class Forks(Protocol):
    """What wants to know of forks."""

    def before_fork(self) -> None:
        """In the parent; may wait for a short time."""

    def after_fork_in_child(self) -> None:
        """In the child; locks may be held by threads that are not there."""

    def close(self) -> bool:
        """Send what waits, say what can't be, and end."""


_watched: weakref.WeakSet[Any] = weakref.WeakSet()
_known_to_multiprocessing: list[bool] = []


def watch(sender: Forks) -> None:
    """Tell a sender of forks from now on."""
    _watched.add(sender)
    _tell_multiprocessing()
    process = sys.modules.get("multiprocessing.process")
    if process is not None and process.parent_process() is not None:
        _finalize_in_child(_close_all)


def forget(sender: Forks) -> None:
    """Tell it no longer."""
    _watched.discard(sender)


def _before() -> None:
    for sender in list(_watched):
        sender.before_fork()
    _tell_multiprocessing()


def _tell_multiprocessing() -> None:
    """A child of multiprocessing ends by os._exit, without atexit; its own finalizers do run, if made in the child."""
    util = sys.modules.get("multiprocessing.util")
    if util is not None and not _known_to_multiprocessing:
        _known_to_multiprocessing.append(True)
        util.register_after_fork(_close_all, _finalize_in_child)


def _finalize_in_child(close: object) -> None:
    util = sys.modules["multiprocessing.util"]
    util.Finalize(None, close, exitpriority=0)


def _close_all() -> None:
    for sender in list(_watched):
        sender.close()


def _after_in_child() -> None:
    for sender in list(_watched):
        sender.after_fork_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_child=_after_in_child)
