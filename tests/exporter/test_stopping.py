"""A worker hears that it is told to stop, whoever handles the signal."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

PROGRAM = """
import os, signal, threading
from errtally.exporter.stopping import on_stop
stopped = threading.Event()
on_stop(stopped.set)
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, lambda *_: None)  # as the server does, later
os.kill(os.getpid(), signal.SIGHUP)
assert not stopped.wait(0.3)
os.kill(os.getpid(), {number})
print(stopped.wait(60))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_signals_that_stop_are_told_and_no_others(number):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(number=int(number))], capture_output=True, text=True, check=True
    )
    assert done.stdout == "True\n"
