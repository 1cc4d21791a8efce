"""Ends a worker when its supervisor is gone, however that died: without its writer nothing would be counted."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
from multiprocessing.connection import wait

_PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """Have this process killed at the moment in which its parent dies; at once when that is dead already.

    To be called from a process that `multiprocessing` started by ``spawn``, before it does anything else. The pipe that
    it was started through tells of the parent's death even when that came before this call, or when the parent's
    number belongs to another process by now.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        raise RuntimeError("this process was not started by multiprocessing")
    if sys.platform == "linux":
        # Holds for a frozen process and for one whose interpreter is busy, too; ctypes knows the call everywhere.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    sentinel = parent.sentinel
    if wait([sentinel], 0):
        _end()
    threading.Thread(target=_wait, args=(sentinel,), name="parent", daemon=True).start()


def _wait(sentinel: int) -> None:
    wait([sentinel])
    _end()


def _end() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
