"""The read side: follows all segments from the positions that the store remembers."""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from errtally.exporter.journal import frame
from errtally.exporter.journal.appender import SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

_CHUNK_BYTES = 4 * 1024 * 1024


@dataclass(slots=True)
class _Segment:
    path: Path
    descriptor: int
    offset: int
    is_finished: bool = False


@dataclass(frozen=True, slots=True)
class Damage:
    """A segment's rest that can't be read: its bytes and what is wrong with it."""

    segment: str
    lost_bytes: int
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
        """Yield frames that are not read yet, until about ``max_events`` events came, and note the new positions."""
        self._discover()
        events = 0
        for segment in list(self._segments.values()):
            for item in self._frames(segment):
                yield item
                events += max(item.events, 1)
                if events >= max_events:
                    return

    def positions(self) -> dict[str, int]:
        """Return the offset up to which each present segment was read: what to store with the fold."""
        return {name: segment.offset for name, segment in self._segments.items()}

    def finished(self) -> list[str]:
        """Name the segments that were read to their ends and whose writers are gone."""
        return [name for name, segment in self._segments.items() if segment.is_finished]

    def forget(self, names: Iterable[str]) -> None:
        """Remove segments; to be called when everything in them is stored."""
        for name in names:
            segment = self._segments.pop(name)
            os.close(segment.descriptor)
            segment.path.unlink(missing_ok=True)
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
        while True:
            try:
                item = frame.decode(buffer, segment.offset - base)
            except frame.DamagedFrameError as exc:
                self._give_up(segment, str(exc))
                return
            if item is not None:
                segment.offset = base + item.end
                yield item
                continue
            chunk = os.pread(segment.descriptor, _CHUNK_BYTES, base + len(buffer))
            if not chunk:
                break
            buffer, base = buffer[segment.offset - base :] + chunk, segment.offset
        if is_abandoned:
            if len(buffer) > segment.offset - base:
                self._give_up(segment, "the last frame is not whole: its writer died before it answered")
            segment.is_finished = True

    def _give_up(self, segment: _Segment, message: str) -> None:
        size = os.fstat(segment.descriptor).st_size
        self.damages.append(Damage(segment.path.name, size - segment.offset, message))
        segment.offset = size
        segment.is_finished = _is_unlocked(segment.descriptor)


def lag(directory: Path, positions: Mapping[str, int]) -> tuple[int, float | None, int]:
    """Measure what waits in a journal.

    Args:
        directory: where the segments lie.
        positions: what the store says is folded.

    Returns:
        Events that wait, when the oldest of them was received (None without any), bytes of all segments.
    """
    events, oldest, size = 0, None, 0
    for entry in os.scandir(directory):
        if not entry.name.endswith(SUFFIX):
            continue
        try:
            with open(entry.path, "rb") as file:  # noqa: PTH123 (a path string from scandir, once a scrape)
                size += os.fstat(file.fileno()).st_size
                file.seek(positions.get(entry.name, 0))
                here, first = frame.pending(file.read(), 0)
        except FileNotFoundError:  # the writer removed it meanwhile
            continue
        events += here
        if first is not None:
            oldest = first if oldest is None else min(oldest, first)
    return events, oldest, size


def _is_unlocked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return True
