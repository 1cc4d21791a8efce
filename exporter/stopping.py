"""Notices in a worker that it is told to stop.

The server takes the signal, stops accepting, and then waits for every answer to end. An answer without an end must hear
of it, and the server has no hook for that: the interpreter writes each signal's number into a pipe, whoever handles it.
"""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_STOPPING = frozenset({signal.SIGINT, signal.SIGTERM})


def on_stop(call: Callable[[], None]) -> None:
    """Have a function called, in a thread of its own, when this process gets SIGINT or SIGTERM.

    Only the main thread may ask for it, once in a process.
    """
    reading, writing = os.pipe2(os.O_CLOEXEC)
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    threading.Thread(target=_wait, args=(reading, call), name="stopping", daemon=True).start()


def _wait(reading: int, call: Callable[[], None]) -> None:
    while os.read(reading, 1)[0] not in _STOPPING:
        pass
    call()
