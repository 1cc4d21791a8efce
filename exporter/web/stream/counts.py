"""How many streams are open in all workers: each keeps its number in a file of its own, any can add them up."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from pathlib import Path

DIRECTORY = "streams"

_log = structlog.get_logger(__name__)


class StreamCounts:
    """Open streams of the workers of one exporter; a worker that was killed does not count.

    Args:
        data_dir: the exporter's.
    """

    def __init__(self, data_dir: Path) -> None:
        self._directory = data_dir / DIRECTORY
        self._own = self._directory / _name(os.getppid(), os.getpid())

    def put(self, number: int) -> None:
        """Say how many this worker has."""
        try:
            self._directory.mkdir(exist_ok=True)
            self._own.write_text(str(number), encoding="ascii")
        except OSError as exc:  # a full disk; the streams go on
            _log.warning("open streams are not counted", error=str(exc))

    def total(self) -> int:
        """Add up the workers' numbers."""
        found = 0
        try:
            for path in self._directory.iterdir():
                if _is_alive(path.name):
                    # Written by another process at this moment, it is empty.
                    found += int(path.read_text(encoding="ascii") or 0)
                else:
                    path.unlink(missing_ok=True)
        except FileNotFoundError:  # no stream was opened yet, or a file went meanwhile
            return found
        return found


def _name(parent: int, process: int) -> str:
    return f"{parent}-{process}"


def _is_alive(name: str) -> bool:
    """Whether a file is of a worker that runs, of the exporter that this one is a part of."""
    parent, _, process = name.partition("-")
    if parent != str(os.getppid()) or not process.isdecimal():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is there, and somebody else's: the number was given anew
        return False
    return True
