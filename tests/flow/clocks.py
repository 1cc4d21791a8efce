"""A clock that a test sets while the program runs: libfaketime, whose offset stands in a file."""

from __future__ import annotations

from pathlib import Path

from tests.peers import peer

_SLEEP = """
import threading, time
time.sleep = lambda seconds: threading.Event().wait(seconds)  # libfaketime fails in the call by which Python sleeps
"""


def faked(folder: Path, offset: Path) -> dict[str, str]:
    """The environment of programs whose clock is as far off as a file says (``+400s``)."""
    peer("faketime")
    [library] = Path("/usr/lib").glob("*/faketime/libfaketime.so.1")
    (folder / "sitecustomize.py").write_text(_SLEEP)
    return {
        "LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(offset), "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1", "PYTHONPATH": str(folder),
    }  # fmt: skip
