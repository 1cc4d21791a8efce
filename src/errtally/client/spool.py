"""A folder for batches that could not be sent: they outlive the process, and are sent when the exporter is back."""

from __future__ import annotations

import fcntl
import itertools
import logging
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from errtally.client.post import Answer, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from errtally.client.channel import Channel
    from errtally.client.discards import Discards

log = logging.getLogger("errtally.client")

_SUFFIX = ".events"
_count = itertools.count()


class Spool:
    """Files of encoded events, one JSON document a line, named by time; any number of processes share a folder.

    Args:
        folder: made when it is not there, readable by the owner only.
        limit_bytes: size of all files at most; the oldest file goes first.
        discards: where losses are counted.
    """

    def __init__(self, folder: str, limit_bytes: int, discards: Discards) -> None:
        self._folder = Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._limit = limit_bytes
        self._discards = discards

    def store(self, channels: Sequence[Channel]) -> None:
        """Write everything that waits in the first channel, which is the one of events, and forget it there."""
        for batch in channels[0].take_all():
            name = f"{time.time_ns():020d}-{os.getpid()}-{next(_count):06d}"
            hidden = self._folder / f".{name}"
            try:
                with open(hidden, "xb", opener=_private) as file:
                    file.write(b"\n".join(batch))
                hidden.rename(self._folder / (name + _SUFFIX))
            except OSError as exc:
                # A full disk: what can't be kept is counted, like what does not fit into memory.
                hidden.unlink(missing_ok=True)
                self._discards.add("spool_error", "error", len(batch))
                log.warning("the spool can't be written: %s", exc)
        self._shrink()

    def restore(self, post: Callable[[list[bytes]], Answer]) -> Answer | None:
        """Send the oldest file; None when there is none that another process is not sending."""
        for path in self._files():
            try:
                with path.open("rb") as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    if os.fstat(file.fileno()).st_nlink == 0:
                        continue  # another process has sent it since it was listed
                    batch = file.read().split(b"\n")
                    answer = post(batch)
                    if answer.verdict in {Verdict.TOO_LARGE, Verdict.REFUSED}:
                        self._discards.add(answer.verdict.value, "error", len(batch))
                    if answer.verdict is not Verdict.AGAIN:
                        path.unlink()
                    return answer
            except (FileNotFoundError, BlockingIOError):
                continue
        return None

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("*" + _SUFFIX))

    def _shrink(self) -> None:
        sizes: list[tuple[Path, int]] = []
        for path in self._files():
            try:
                sizes.append((path, path.stat().st_size))
            except FileNotFoundError:
                continue
        total = sum(size for _, size in sizes)
        for path, size in sizes:
            if total <= self._limit:
                return
            try:
                lost = path.read_bytes().count(b"\n") + 1
                path.unlink()
            except FileNotFoundError:
                continue
            self._discards.add("spool_overflow", "error", lost)
            total -= size


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
