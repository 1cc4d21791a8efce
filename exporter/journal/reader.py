"""The read side: follows all segments from the positions that the store remembers."""

from __future__ import annotations

import fcntl
import mmap
import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import structlog

from errtally.errors import JournalError
from errtally.exporter.journal import frame
from errtally.exporter.journal.appender import SUFFIX
from errtally.exporter.journal.backlog import Backlog

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

_CHUNK_BYTES = 4 * 1024 * 1024

DAMAGED_SUFFIX = ".damaged"
"""What a damaged segment's name ends with, once all that can be read of it was read."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Segment:
    path: Path
    descriptor: int
    offset: int
    is_finished: bool = False
    is_damaged: bool = False


@dataclass(frozen=True, slots=True)
class Damage:
    """A part of a segment that can't be read: its bytes, the events in it as far as is known, and what is wrong."""

    segment: str
    lost_bytes: int
    lost_events: int
    message: str


class Reader:
    """Reads frames of all segments in a directory, oldest segment first.

    Args:
        directory: where the segments lie.
        positions: segment name to the offset up to which its frames are folded already.
    """

    def __init__(self, directory: Path, positions: Mapping[str, int]) -> None:
        self._directory = directory
        self._positions = dict(positions)
        self._segments: dict[str, _Segment] = {}
        self.damages: list[Damage] = []

    def read(self, max_events: int) -> Iterator[frame.Frame]:
        """Yield frames that are not read yet, until about ``max_events`` events came, and note the new positions.

        Raises:
            JournalError: the directory or a segment can't be read; what was yielded until then was read in order.
        """
        events = 0
        try:
            self._discover()
            for segment in list(self._segments.values()):
                for item in self._frames(segment):
                    yield item
                    events += max(item.events, 1)
                    if events >= max_events:
                        return
        except OSError as exc:
            raise JournalError(f"the journal can't be read: {exc}") from exc

    def positions(self) -> dict[str, int]:
        """Return the offset up to which each present segment was read: what to store with the fold."""
        return {name: segment.offset for name, segment in self._segments.items()}

    def finished(self) -> list[str]:
        """Name the segments that were read to their ends and whose writers are gone."""
        return [name for name, segment in self._segments.items() if segment.is_finished]

    def forget(self, names: Iterable[str]) -> None:
        """Remove segments; to be called when everything in them is stored. Damaged ones are kept aside.

        Raises:
            JournalError: one can't be removed.
        """
        for name in names:
            segment = self._segments[name]
            try:
                if segment.is_damaged:
                    aside = segment.path.with_suffix(DAMAGED_SUFFIX)
                    segment.path.rename(aside)
                    _log.warning("a damaged segment is kept aside: look at it, then remove it", path=str(aside))
                else:
                    segment.path.unlink(missing_ok=True)
            except FileNotFoundError:  # somebody else removed it
                pass
            except OSError as exc:
                raise JournalError(f"{segment.path} can't be removed: {exc.strerror}") from exc
            del self._segments[name]
            os.close(segment.descriptor)
            self._positions.pop(name, None)

    def close(self) -> None:
        """Close all segments."""
        for segment in self._segments.values():
            os.close(segment.descriptor)
        self._segments.clear()

    def _discover(self) -> None:
        names = sorted(entry.name for entry in os.scandir(self._directory) if entry.name.endswith(SUFFIX))
        for name in names:
            if name not in self._segments:
                path = self._directory / name
                descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
                self._segments[name] = _Segment(path, descriptor, self._positions.get(name, 0))

    def _frames(self, segment: _Segment) -> Iterator[frame.Frame]:
        if segment.is_finished:
            return
        # Locked by its writer while more may come. Look before reading: what comes after is read the next time.
        is_abandoned = _is_unlocked(segment.descriptor)
        buffer, base = b"", segment.offset
        message = ""
        while True:
            at = segment.offset - base
            if not message:
                try:
                    item = frame.decode(buffer, at)
                except frame.DamagedFrameError as exc:
                    message, item = str(exc), None
                if item is not None:
                    segment.offset = base + item.end
                    yield item
                    continue
            if message and (found := frame.find(buffer, at + 1)) is not None:
                self._skip(segment, buffer[at:found], message)
                message = ""
                continue
            chunk = os.pread(segment.descriptor, _CHUNK_BYTES, base + len(buffer))
            if chunk:
                buffer, base = buffer[at:] + chunk, segment.offset
            elif message or frame.find(buffer, at + 1) is None:
                break
            else:  # frames are written one after the other: this one can't be waiting for its end
                message = "a length that does not fit"
        if is_abandoned:
            if rest := buffer[at:]:
                torn = "the last frame is not whole: its writer died before it answered"
                self._skip(segment, rest, message or torn, is_damage=bool(message))
            segment.is_finished = True

    def _skip(self, segment: _Segment, rest: bytes, message: str, *, is_damage: bool = True) -> None:
        """Go on behind bytes that are no frame."""
        self.damages.append(Damage(segment.path.name, len(rest), frame.lost(rest, 0, len(rest)), message))
        segment.offset += len(rest)
        segment.is_damaged |= is_damage


@dataclass(frozen=True, slots=True)
class _Counted:
    """What was found in a segment at an earlier look: the events of the frames between two offsets."""

    start: int
    end: int
    events: int


class Lag:
    """What waits in a journal, measured together with the positions of a snapshot of the store.

    Segments are opened before the snapshot is taken: one that is folded and removed meanwhile can still be read, so its
    events are either in the snapshot or here, and never in neither. What was counted at an earlier look is not counted
    again, so that a long journal is read once, however often somebody looks. Safe for threads.

    Args:
        directory: where the segments lie.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._opened: dict[str, int] = {}
        self._counted: dict[str, _Counted] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        """Open what is there; to be called before the snapshot is taken."""
        self._lock.acquire()
        try:
            self._open_further()
        except BaseException:
            self.__exit__()
            raise
        # What is removed by now is in the store.
        for name in [name for name, descriptor in self._opened.items() if not os.fstat(descriptor).st_nlink]:
            os.close(self._opened.pop(name))
        return self

    def __exit__(self, *_: object) -> None:
        for descriptor in self._opened.values():
            os.close(descriptor)
        self._counted = {name: counted for name, counted in self._counted.items() if name in self._opened}
        self._opened.clear()
        self._lock.release()

    def is_sure(self, positions: Mapping[str, int]) -> bool:
        """Whether a snapshot tells of each segment how far it is folded.

        It does not of one that was removed since it was opened and has no position: it may have been forgotten before
        the snapshot was taken, or begun after.
        """
        return all(name in positions or os.fstat(one).st_nlink for name, one in self._opened.items())

    def measure(self, positions: Mapping[str, int]) -> Backlog:
        """Measure what the snapshot does not have.

        Args:
            positions: what the snapshot says is folded.

        Returns:
            The events that wait, and the bytes of all segments.
        """
        self._open_further()
        events, oldest, size = 0, None, 0
        for name, descriptor in self._opened.items():
            segment_bytes, start = os.fstat(descriptor).st_size, positions.get(name, 0)
            size += segment_bytes
            if segment_bytes <= start:
                continue
            # Mapped, so that of a long journal only the frames' heads are read.
            with mmap.mmap(descriptor, segment_bytes, access=mmap.ACCESS_READ) as content:
                counted = self._counted[name] = _count(content, start, self._counted.get(name))
                first = frame.first_received(content, start, counted.end)
            events += counted.events
            if first is not None:
                oldest = first if oldest is None else min(oldest, first)
        return Backlog(events, oldest, size)

    def _open_further(self) -> None:
        if not self._directory.exists():  # nothing was ever taken here
            return
        for entry in os.scandir(self._directory):
            if entry.name.endswith(SUFFIX) and entry.name not in self._opened:
                with suppress(FileNotFoundError):  # the writer removed it meanwhile
                    self._opened[entry.name] = os.open(entry.path, os.O_RDONLY | os.O_CLOEXEC)


def _count(content: mmap.mmap, start: int, known: _Counted | None) -> _Counted:
    """Count the events behind an offset, going on from an earlier look where that covers it."""
    if known is None or not known.start <= start <= known.end <= len(content):
        known = _Counted(start, start, 0)
    folded, here = frame.pending(content, known.start, start)
    if here != start:  # behind damage, which the reader has skipped
        known, folded = _Counted(start, start, 0), 0
    more, end = frame.pending(content, known.end, len(content))
    return _Counted(start, end, known.events - folded + more)


def _is_unlocked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return True
