"""The append side: one process, its own segment files, write() before the answer."""

from __future__ import annotations

import errno
import fcntl
import os
import threading
import time
import uuid
from typing import TYPE_CHECKING

from errtally.errors import JournalError
from errtally.exporter.journal import frame

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SUFFIX = ".segment"
SEGMENT_BYTES = 64 * 1024 * 1024
SYNC_INTERVAL_SECONDS = 0.02


class Appender:
    """Appends frames to the current segment, which it holds locked until it starts the next or ends.

    The lock (flock) tells the reader that more may come: a segment that can be locked has lost its writer.

    Args:
        directory: where the segments lie; made when it is not there.
        fsync: whether an append returns only when the bytes are on the disk (group commit), instead of in
            the kernel, from where a timer brings them to the disk every 20 ms.
        segment_bytes: size at which the next segment is begun.
        journal_bytes: size of all segments together beyond which nothing more is taken.
    """

    def __init__(
        self,
        directory: Path,
        *,
        fsync: bool = False,
        segment_bytes: int = SEGMENT_BYTES,
        journal_bytes: int = 1 << 62,
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._fsync = fsync
        self._segment_bytes = segment_bytes
        self._journal_bytes = journal_bytes
        self._name = f"{time.time_ns():020d}-{uuid.uuid4().hex[:8]}"
        self._sequence = 0
        self._lock = threading.Lock()
        self._others_bytes = 0
        self._written = 0
        self._synced = 0
        self._sync_lock = threading.Lock()
        self._closing = threading.Event()
        self._descriptor = self._open()
        self._size = 0
        self.sync_error: OSError | None = None
        self._syncer = threading.Thread(target=self._keep_syncing, name="journal-sync", daemon=True)
        self._syncer.start()

    def append(self, payload: bytes, events: int, received: float) -> None:
        """Append one record; when this returns, it survives the death of every process.

        Args:
            payload: the encoded record.
            events: how many events are in it.
            received: when they were received, seconds since the epoch.

        Raises:
            JournalError: the disk is full or fails, or the journal has its full size; nothing was appended.
        """
        self.append_all([(payload, events)], received)

    def append_all(self, payloads: Sequence[tuple[bytes, int]], received: float) -> None:
        """Append several records, all or none of them: each an encoded record and how many events are in it.

        Raises:
            JournalError: as `append`.
        """
        data = b"".join([frame.encode(payload, events, received) for payload, events in payloads])
        with self._lock:
            if self._size >= self._segment_bytes:
                self._rotate()
            if self._others_bytes + self._size + len(data) > self._journal_bytes:
                self._others_bytes = self._measure_others()
                if self._others_bytes + self._size + len(data) > self._journal_bytes:
                    raise JournalError(f"the journal has its full size of {self._journal_bytes} bytes")
            self._write(data)
            self._size += len(data)
            self._written += len(payloads)
            ticket = self._written
        if self._fsync:
            try:
                self._sync(ticket)
            except OSError as exc:
                raise JournalError(f"the journal can't be brought to the disk: {exc}") from exc

    def close(self) -> None:
        """Bring everything to the disk and give the segment up to the reader."""
        self._closing.set()
        self._syncer.join()
        with self._lock:
            self._sync(self._written)
            os.close(self._descriptor)

    def _write(self, data: bytes) -> None:
        done = 0
        try:
            while done < len(data):
                done += os.write(self._descriptor, data[done:] if done else data)
        except OSError as exc:
            # Part of a frame may stand there; the next one must not be appended behind it.
            os.ftruncate(self._descriptor, self._size)
            what = "the disk is full" if exc.errno in {errno.ENOSPC, errno.EDQUOT} else str(exc)
            raise JournalError(f"the journal can't be written: {what}") from exc

    def _open(self) -> int:
        path = self._directory / f"{self._name}-{self._sequence:06d}{SUFFIX}"
        # The reader must never find the segment without its lock, so it gets its name only when it is locked.
        draft = path.with_suffix(".new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        draft.rename(path)
        return descriptor

    def _rotate(self) -> None:
        self._sequence += 1
        fresh = self._open()
        with self._sync_lock:
            os.fdatasync(self._descriptor)
            self._synced = self._written
            os.close(self._descriptor)
            self._descriptor = fresh
        self._others_bytes = self._measure_others()
        self._size = 0

    def _measure_others(self) -> int:
        own = f"{self._name}-{self._sequence:06d}{SUFFIX}"
        total = 0
        for entry in os.scandir(self._directory):
            if entry.name != own:
                try:
                    total += entry.stat().st_size
                except FileNotFoundError:  # the reader removed it meanwhile
                    continue
        return total

    def _sync(self, ticket: int) -> None:
        """Bring the first ``ticket`` frames to the disk; callers that wait meanwhile share the next call."""
        with self._sync_lock:
            if self._synced < ticket:
                goal = self._written
                os.fdatasync(self._descriptor)
                self._synced = goal

    def _keep_syncing(self) -> None:
        while not self._closing.wait(SYNC_INTERVAL_SECONDS):
            try:
                self._sync(self._written)
                self.sync_error = None
            except OSError as exc:  # shown by readiness; the next round tries again
                self.sync_error = exc
