"""Ends a worker when its supervisor is gone, however that died: without its writer nothing would be counted."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading

_PR_SET_PDEATHSIG = 1
_READ_BYTES = 4096


def end_with_parent(descriptor: int) -> None:
    """Have this process killed at the moment in which its parent dies; at once when that is dead already.

    Args:
        descriptor: a pipe that the parent holds open for writing and writes no more to. It tells of the parent's death
            even when that came before this call, or when the parent's number belongs to another process by now.
    """
    if sys.platform == "linux":
        # Holds for a frozen process and for one whose interpreter is busy, too; ctypes knows the call everywhere.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    threading.Thread(target=_wait, args=(descriptor,), name="parent", daemon=True).start()


def _wait(descriptor: int) -> None:
    while os.read(descriptor, _READ_BYTES):
        pass
    os.kill(os.getpid(), signal.SIGKILL)
