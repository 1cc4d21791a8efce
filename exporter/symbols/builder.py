"""Has what is wanted made, by one process at a time on this machine, whichever worker wants it."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final

from errtally.errors import SymbolError
from errtally.exporter.symbols import files
from errtally.exporter.symbols.build import CPU_SECONDS, refuse

if TYPE_CHECKING:
    from pathlib import Path

    from errtally.exporter.symbols.files import FileId
    from errtally.exporter.symbols.resolver import Resolver

BETWEEN_SECONDS: Final = 0.25
"""Between two looks at what is wanted."""

NEW_SECONDS: Final = 3600.0
"""What was uploaded within this time before a worker's first look may not have been read yet."""

FILES_AT_ONCE: Final = 20
"""That one process makes: it takes longer to start than most of them to make."""

_STOPS: Final = frozenset((signal.SIGTERM, signal.SIGINT, signal.SIGHUP))

WAIT_SECONDS: Final = 4.0 * CPU_SECONDS


class Builder:
    """A worker's part in making files. Its one caller is the worker's chore.

    What is uploaded is read at once, so that it is there before the first event of its release; what is not read yet
    when an event asks for it, too.

    Args:
        resolver: says what is wanted.
        data_dir: of the exporter.
    """

    def __init__(self, resolver: Resolver, data_dir: Path) -> None:
        self._resolver = resolver
        self._files = resolver.files
        self._data_dir = data_dir
        self._waiting: dict[FileId, None] = {}
        self._version = 0
        self._since = time.time() - NEW_SECONDS

    def run(self) -> None:
        """Make what is wanted, and remove what is not any more; return at once where another process is at it.

        Raises:
            StoreError: the uploads can't be listed.
            OSError: a file can't be written, or the process not started.
        """
        self._waiting.update(dict.fromkeys(self._files.take_wanted()))
        version = self._resolver.archive.version()
        is_changed = version != self._version
        if is_changed:
            since, self._since = self._since, time.time()
            self._waiting.update(dict.fromkeys(self._resolver.wanted_since(since)))
            self._version = version
        if not self._waiting and not is_changed:
            return
        directory = self._files.directory
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(directory / files.LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if is_changed:
                files.sweep(self._resolver.archive)
            while self._waiting:
                some = list(self._waiting)[:FILES_AT_ONCE]
                if not self._make([one for one in some if not self._files.is_made(one)], lock):
                    return
                for one in some:
                    if self._files.is_made(one):
                        del self._waiting[one]
        except BlockingIOError:
            return  # another worker is at it, and this one looks again
        finally:
            os.close(lock)

    def _make(self, wanted: list[FileId], lock: int) -> bool:
        """Make files in a process of its own, which holds the lock even where this one dies.

        Returns:
            False where somebody stopped it, as everything of the exporter is: that says nothing of the files.
        """
        if not wanted:
            return True
        names = [one.name for one in wanted]
        command = (sys.executable, "-m", "errtally.exporter.symbols.build", str(self._data_dir), *names)
        process = subprocess.Popen(  # noqa: S603 (our own module)
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, pass_fds=(lock,)
        )
        try:
            _, said = process.communicate(timeout=WAIT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            _, said = process.communicate()
        if -process.returncode in _STOPS:
            return False
        failed = next((one for one in wanted if not self._files.is_made(one)), None)
        if failed is not None:  # the others are made by the next process
            last = said.decode("utf-8", "replace").strip().rpartition("\n")[2][-200:]
            reason = f"reading it failed: {last}" if last else f"reading it ended with signal {-process.returncode}"
            refuse(self._files.directory, failed, SymbolError("bad_file", reason))
        return True
