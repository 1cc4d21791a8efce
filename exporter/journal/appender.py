"""The append side: one process, its own segment files, write() before the answer."""

from __future__ import annotations

import errno
import fcntl
import os
import threading
import time
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from errtally.errors import JournalError, JournalFullError
from errtally.exporter.journal import frame
from errtally.exporter.journal.syncing import sync_directory

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SUFFIX = ".segment"
SEGMENT_BYTES = 64 * 1024 * 1024
SYNC_INTERVAL_SECONDS = 0.02
LOOK_SECONDS = 0.25
"""How often, at most, the journal's size and the disk's free space are looked at."""

REOPEN_RATIO = 0.9
"""A journal that was full takes records again below this share of its size: not at the first byte that is free."""

_NO_DESCRIPTOR = frozenset({errno.EMFILE, errno.ENFILE})
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

_log = structlog.get_logger(__name__)


class Appender:
    """Appends frames to the current segment, which it holds locked until it starts the next or ends.

    The lock (flock) tells the reader that more may come: a segment that can be locked has lost its writer.

    Args:
        directory: where the segments lie; made when it is not there.
        fsync: whether an append returns only when the bytes are on the disk (group commit), instead of in
            the kernel, from where a timer brings them to the disk every 20 ms.
        segment_bytes: size at which the next segment is begun.
        journal_bytes: size of all segments together beyond which nothing more is taken; what other workers append
            is noticed at the next look, so they may go beyond it by what comes in meanwhile.
        min_free_bytes: free space on the disk below which nothing more is taken.
    """

    def __init__(
        self,
        directory: Path,
        *,
        fsync: bool = False,
        segment_bytes: int = SEGMENT_BYTES,
        journal_bytes: int = 1 << 62,
        min_free_bytes: int = 0,
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        sync_directory(directory.parent)
        self._directory = directory
        self._fsync = fsync
        self._segment_bytes = min(segment_bytes, max(journal_bytes // 4, 1))
        self._journal_bytes = journal_bytes
        self._min_free_bytes = min_free_bytes
        self._full: JournalFullError | None = None
        self._next_look = 0.0
        self._name = f"{time.time_ns():020d}-{uuid.uuid4().hex[:8]}"
        self._sequence = 0
        self._lock = threading.Lock()
        self._written = 0
        self._synced = 0
        self._failed_syncs = 0
        self._sync_lock = threading.Lock()
        self._closing = threading.Event()
        self._descriptor = self._open()
        self._size = 0
        self._others_bytes = self._measure_others()  # what an earlier run left counts from the first append
        self._sync_error: Exception | None = None
        self._append_error: JournalError | None = None
        self._syncer = threading.Thread(target=self._keep_syncing, name="journal-sync", daemon=True)
        self._syncer.start()

    def append(self, payload: bytes, events: int, received: float, *, until_known: bool = False) -> None:
        """Append one record; when this returns, it survives the death of every process.

        Args:
            payload: the encoded record.
            events: how many events are in it.
            received: when they were received, seconds since the epoch.
            until_known: as `Appending.append`; the disk is not asked twice.

        Raises:
            JournalFullError: there is no room; nothing was appended.
            JournalError: the disk fails; nothing was appended. With ``fsync``, also when the disk can't confirm: then
                the record may still be folded.
        """
        self.append_all([(payload, events)], received, until_known=until_known)

    def append_all(
        self,
        payloads: Sequence[tuple[bytes, int]],
        received: float,
        *,
        until_known: bool = False,  # noqa: ARG002 (others ask it)
    ) -> None:
        """Append several records, all or none of them: each an encoded record and how many events are in it.

        Raises:
            JournalError: as `append`.
        """
        data = b"".join([frame.encode(payload, events, received) for payload, events in payloads])
        failed_syncs = self._failed_syncs
        try:
            ticket = self._append(data, len(payloads))
        except JournalFullError:
            raise
        except JournalError as exc:
            self._append_error = exc
            raise
        self._append_error = None
        if self._fsync:
            try:
                self._sync(ticket, failed_syncs)
            except OSError as exc:
                raise JournalError(f"the journal can't be brought to the disk: {exc}") from exc

    def _append(self, data: bytes, frames: int) -> int:
        """Write frames; return how many have been written with them."""
        with self._lock:
            self._look()
            if self._full is not None:
                raise self._full
            if self._others_bytes + self._size + len(data) > self._journal_bytes:
                self._full = self._backlog()
                raise self._full
            if self._size >= self._segment_bytes:
                self._rotate()
            self._write(data)
            self._size += len(data)
            self._written += frames
            return self._written

    def problem(self) -> str | None:
        """Say why records can't be kept, None while they can; a journal that is full does what it should."""
        if self._sync_error is not None:
            return f"the journal can't be brought to the disk: {self._sync_error}"
        if self._append_error is not None:
            return str(self._append_error)
        return None

    def look(self) -> None:
        """See whether the journal is still where it was; to be called now and then, for when nothing is appended.

        Raises:
            JournalError: it is not, and can't be continued.
        """
        try:
            with self._lock:
                self._look()
        except JournalError as exc:
            self._append_error = exc
            raise
        self._append_error = None

    def refusal(self) -> JournalFullError | None:
        """Why nothing is taken at the moment, None when records are; cheap, for asking before a request is read."""
        if self._full is not None and time.monotonic() >= self._next_look:
            with self._lock, suppress(JournalError):  # the append says it
                self._look()
        return self._full

    def close(self) -> None:
        """Bring everything to the disk and give the segment up to the reader."""
        self._closing.set()
        self._syncer.join()
        with self._lock:
            self._sync(self._written)
            os.close(self._descriptor)
            self._descriptor = -1  # a late append fails, instead of writing to whatever has that number then

    def _write(self, data: bytes) -> None:
        done = 0
        try:
            while done < len(data):
                done += os.write(self._descriptor, data[done:] if done else data)
        except OSError as exc:
            # Part of a frame may stand there; the next one must not be appended behind it.
            try:
                os.ftruncate(self._descriptor, self._size)
            except OSError:
                # Then it stays behind: the next append begins another segment, and the reader drops the torn frame.
                self._size = self._segment_bytes
            raise self._failed("written", exc) from exc

    def _failed(self, verb: str, exc: OSError) -> JournalError:
        """Make the error for a failed call; without room, nothing more is tried before the next look."""
        if exc.errno not in _NO_ROOM:
            return JournalError(f"the journal can't be {verb}: {exc}")
        self._full = JournalFullError("disk_full", f"the journal can't be {verb}: the disk is full")
        self._next_look = time.monotonic() + LOOK_SECONDS
        return self._full

    def _look(self) -> None:
        """See whether the segment is still there and whether there is room, unless that was done a moment ago.

        Raises:
            JournalError: the segment was removed, and no other can be begun: what is appended would be lost.
        """
        now = time.monotonic()
        if now < self._next_look:
            return
        if not self._is_in_place():
            self._rotate()
            _log.error("the journal's segment was removed, and another is begun", directory=str(self._directory))
        self._next_look = now + LOOK_SECONDS
        try:
            self._others_bytes = self._measure_others()
        except OSError as exc:  # no descriptor is free: what was measured last holds until one is
            if exc.errno not in _NO_DESCRIPTOR:
                raise JournalError(f"the journal can't be measured: {exc}") from exc
        share = REOPEN_RATIO if self._full is not None else 1.0
        if self._others_bytes + self._size >= self._journal_bytes * share:
            self._full = self._backlog()
        elif self._min_free_bytes and self._free_bytes() * share < self._min_free_bytes:
            message = f"less than {self._min_free_bytes} bytes are free on the journal's disk"
            self._full = JournalFullError("disk_floor", message)
        else:
            self._full = None
        if self._full is not None and self._size:
            # Only a segment that was given up is removed when it is folded, and that is what makes room.
            try:
                self._rotate()
            except JournalError:  # no room for a file either; the next look tries again
                return

    def _is_in_place(self) -> bool:
        """Whether the name of the current segment still stands for the file that is appended to."""
        try:
            return os.path.samestat(self._path().stat(), os.fstat(self._descriptor))
        except FileNotFoundError:
            return False
        except OSError as exc:
            raise JournalError(f"the journal can't be looked at: {exc}") from exc

    def _path(self) -> Path:
        return self._directory / f"{self._name}-{self._sequence:06d}{SUFFIX}"

    def _backlog(self) -> JournalFullError:
        return JournalFullError("backlog", f"the journal has its full size of {self._journal_bytes} bytes")

    def _free_bytes(self) -> int:
        disk = os.statvfs(self._directory)
        return disk.f_bavail * disk.f_frsize

    def _open(self) -> int:
        path = self._path()
        # The reader must never find the segment without its lock, so it gets its name only when it is locked.
        draft = path.with_suffix(".new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            draft.rename(path)
            # A file whose name is not on the disk is gone after a loss of power, however often it was synced itself.
            sync_directory(self._directory)
        except OSError:
            os.close(descriptor)
            draft.unlink(missing_ok=True)
            path.unlink(missing_ok=True)
            raise
        return descriptor

    def _rotate(self) -> None:
        self._sequence += 1
        with self._sync_lock:
            try:
                self._bring_to_disk()
                fresh = self._open()
            except OSError as exc:  # the old segment stays, and the next append tries again
                self._sequence -= 1
                raise self._failed("continued", exc) from exc
            self._synced = self._written
            os.close(self._descriptor)
            self._descriptor = fresh
        self._others_bytes = self._measure_others()
        self._size = 0

    def _measure_others(self) -> int:
        own = self._path().name
        total = 0
        for entry in os.scandir(self._directory):
            if entry.name != own and entry.name.endswith(SUFFIX):
                try:
                    total += entry.stat().st_size
                except FileNotFoundError:  # the reader removed it meanwhile
                    continue
        return total

    def _sync(self, ticket: int, failed_syncs: int | None = None) -> None:
        """Bring the first ``ticket`` frames to the disk; callers that wait meanwhile share the next call.

        Args:
            ticket: how many frames.
            failed_syncs: how many calls had failed when the last of them was begun to be written; None when nobody is
                answered for them.

        Raises:
            OSError: they are not there for certain.
        """
        with self._sync_lock:
            if failed_syncs is not None and failed_syncs != self._failed_syncs:
                # The kernel tells a failed write once, to whoever asks first, and takes the pages for clean then: the
                # next call succeeds and says nothing of them.
                raise OSError(errno.EIO, "an earlier call failed, and what it lost is not known")
            if self._synced < ticket:
                goal = self._written
                self._bring_to_disk()
                self._synced = goal

    def _bring_to_disk(self) -> None:
        try:
            os.fdatasync(self._descriptor)
        except OSError:
            self._failed_syncs += 1
            raise

    def _keep_syncing(self) -> None:
        while not self._closing.wait(SYNC_INTERVAL_SECONDS):
            try:
                self._sync(self._written)
                self._sync_error = None
            except Exception as exc:  # noqa: BLE001 (shown by readiness; the next round tries again)
                self._sync_error = exc
