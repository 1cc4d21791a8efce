"""Has what a worker wants made, by one process at a time on this machine, whichever worker wants it."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from errtally.errors import SymbolError
from errtally.exporter.symbols import files
from errtally.exporter.symbols.build import CPU_SECONDS, refuse

if TYPE_CHECKING:
    from pathlib import Path

    from errtally.exporter.symbols.files import Files, Wanted

BETWEEN_SECONDS: Final = 0.25
"""Between two looks at what is wanted."""

WAIT_SECONDS: Final = 4.0 * CPU_SECONDS


class Builder:
    """A worker's part in making files. Its one caller is the worker's chore.

    Args:
        files: says what is wanted.
        data_dir: of the exporter.
    """

    def __init__(self, files: Files, data_dir: Path) -> None:
        self._files = files
        self._data_dir = data_dir
        self._waiting: list[Wanted] = []
        self._swept = -1

    def run(self) -> None:
        """Make what is wanted, and remove what is not any more; return at once where another process is at it.

        Raises:
            StoreError: the uploads can't be listed.
            OSError: a file can't be written, or the process not started.
        """
        self._waiting += self._files.take_wanted()
        version = self._files.archive.version()
        if not self._waiting and version == self._swept:
            return
        self._files.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(self._files.directory / files.LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            while self._waiting:
                wanted = self._waiting[0]
                if not self._files.is_made(wanted):
                    self._make(wanted, lock)
                self._waiting.pop(0)
            files.sweep(self._files.archive)
            self._swept = version
        except BlockingIOError:
            return
        finally:
            os.close(lock)

    def _make(self, wanted: Wanted, lock: int) -> None:
        """Make one file in a process of its own, which holds the lock even where this one dies."""
        command = (sys.executable, "-m", "errtally.exporter.symbols.build", str(self._data_dir), wanted.name)
        process = subprocess.Popen(  # noqa: S603 (our own module)
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, pass_fds=(lock,)
        )
        try:
            _, said = process.communicate(timeout=WAIT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            _, said = process.communicate()
        if process.returncode and not self._files.is_made(wanted):
            last = said.decode("utf-8", "replace").strip().rpartition("\n")[2][-200:]
            reason = f"reading it failed: {last}" if last else f"reading it ended with signal {-process.returncode}"
            refuse(self._files.directory, wanted, SymbolError("bad_file", reason))
