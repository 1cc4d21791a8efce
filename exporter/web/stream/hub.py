"""One worker's streams: while there are clients, a thread follows the store's ring, and every client reads from it.

A client has no queue. It has a position; what is behind it stands in a window that all clients share, or else still in
the store. So a slow client costs no memory: it falls behind, until the store no longer has what it needs.
"""

from __future__ import annotations

import itertools
import re
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

import structlog

from errtally.errors import StoreError
from errtally.exporter.web.stream import frames

if TYPE_CHECKING:
    from collections.abc import Callable

    from errtally.exporter.store.stream import RingEnds, StreamReader
    from errtally.exporter.web.stream.filters import Filters, Query

MAX_STREAMS = 128
"""Streams of one worker: each holds one of its 512 threads, and slow requests may hold 256."""

POLL_SECONDS = 0.25
POLL_SECONDS_PER_STREAM = 0.01
"""How often to look for something new: the more clients have to be woken for it, the more comes at once."""

HEARTBEAT_SECONDS = 15.0
WINDOW_FOLDS = 512
WINDOW_ITEMS = 1_000
MAX_CHUNKS = 64
READ_FOLDS = 100
BEHIND_FOLDS = 20
"""Folds read from the store at once: by the one who feeds all, and by a client that is behind the window."""

_ID = re.compile(r"([0-9a-f]{1,20})-([0-9]{1,18})")

_log = structlog.get_logger(__name__)


class Hub:
    """Opens streams, and feeds them.

    Args:
        reader: of the store's ring.
        on_count: called with the number of open streams when it changed.
        max_streams: as `MAX_STREAMS`.
        poll_seconds: how often to look for something new.
        heartbeat_seconds: how long a stream says nothing at most.
    """

    def __init__(
        self,
        reader: StreamReader,
        *,
        on_count: Callable[[int], None],
        max_streams: int = MAX_STREAMS,
        poll_seconds: float = POLL_SECONDS,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
    ) -> None:
        self._reader = reader
        self._on_count = on_count
        self._max_streams = max_streams
        self._poll_seconds = poll_seconds
        self.heartbeat_seconds = heartbeat_seconds
        self._changed = threading.Condition()
        self._streams: set[Stream] = set()
        self._tail: threading.Thread | None = None
        self._window: deque[frames.Fold] = deque()
        self._window_items = 0
        self._window_start = 0  # what is behind this event is in the window, up to the position
        self._position = 0
        self._chunks: dict[tuple[int, Filters], tuple[bytes, int]] = {}
        self._is_closed = False

    def open(self, query: Query) -> Stream | None:
        """Open a stream; None when there are as many as may be, or the worker stops.

        Raises:
            StoreError: the store can't be read.
        """
        ends = self._reader.ends()
        position, gap = self._start(query, ends)
        with self._changed:
            if self._is_closed or len(self._streams) >= self._max_streams:
                return None
            stream = Stream(self, query.filters, ends.epoch, position, gap)
            self._streams.add(stream)
            self._on_count(len(self._streams))
            if self._tail is None:
                self._window.clear()
                self._chunks.clear()
                self._window_items = 0
                self._window_start = self._position = ends.last
                self._tail = threading.Thread(target=self._follow, args=(ends.epoch,), name="stream-tail", daemon=True)
                self._tail.start()
            return stream

    def close(self) -> None:
        """End all streams in order; clients come back and go on where they were."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def leave(self, stream: Stream) -> None:
        """Forget a stream that has ended."""
        with self._changed:
            if stream in self._streams:
                self._streams.remove(stream)
                self._on_count(len(self._streams))

    def next(self, stream: Stream) -> bytes | None:
        """Wait for what a stream gets next, a heartbeat at the latest; None when it ends.

        Raises:
            StoreError: the store can't be read.
        """
        deadline = time.monotonic() + self.heartbeat_seconds
        while True:
            with self._changed:
                while not self._is_closed and self._position <= stream.position:
                    remaining = deadline - time.monotonic()
                    if remaining <= 0:
                        return frames.heartbeat(stream.epoch, stream.position)
                    self._changed.wait(remaining)
                if self._is_closed:
                    return None
                is_in_window = stream.position >= self._window_start
                if is_in_window:
                    found, stream.position = self._shared(stream)
            if not is_in_window:
                told = self._reader.after(stream.position, folds=BEHIND_FOLDS)
                folds = (frames.prepare(one, stream.epoch) for one in told)
                found, stream.position = frames.chunk(folds, stream.position, stream.epoch, stream.filters)
            if found:
                return found

    def _shared(self, stream: Stream) -> tuple[bytes, int]:
        """What a stream in the window gets: clients that want the same are at the same place, and share the work."""
        key = (stream.position, stream.filters)
        known = self._chunks.get(key)
        if known is None:
            if len(self._chunks) >= MAX_CHUNKS:
                self._chunks.clear()
            behind = itertools.dropwhile(lambda fold: fold.last <= stream.position, self._window)
            known = self._chunks[key] = frames.chunk(behind, stream.position, stream.epoch, stream.filters)
        return known

    def _start(self, query: Query, ends: RingEnds) -> tuple[int, bytes]:
        """Where a stream begins: the number of the event before, and what to say of what is missing."""
        if query.last_event_id:
            match = _ID.fullmatch(query.last_event_id)
            if match is None or match[1] != ends.epoch or int(match[2]) > ends.last:
                return ends.last, frames.gap(f"{ends.epoch}-{ends.last}", "unknown_id", None)
            return int(match[2]), b""
        position, wanted = ends.last, query.recent
        if not wanted:
            return position, b""
        for told in self._reader.backwards(folds=READ_FOLDS):
            for item in reversed(told.batch.items):
                if query.filters.match(item):
                    position = told.first - 1 + item.place - 1
                    wanted -= 1
                    if not wanted:
                        return position, b""
        return position, b""

    def _follow(self, epoch: str) -> None:
        """Keep the window current for as long as there are streams."""
        failing = False
        while True:
            with self._changed:
                if self._is_closed or not self._streams:
                    self._tail = None
                    return
            try:
                told = self._reader.after(self._position, folds=READ_FOLDS)
                folds = [frames.prepare(one, epoch) for one in told]
            except Exception as exc:  # noqa: BLE001 (clients wait, and the next round tries again)
                if not failing:
                    _log.warning(
                        "the live stream can't be fed", error=str(exc), exc_info=not isinstance(exc, StoreError)
                    )
                failing, told = True, []
            else:
                failing = False
            if told:
                with self._changed:
                    self._extend(folds)
                    self._changed.notify_all()
            if len(told) < READ_FOLDS:
                time.sleep(self._poll_seconds + POLL_SECONDS_PER_STREAM * len(self._streams))

    def _extend(self, folds: list[frames.Fold]) -> None:
        self._chunks.clear()
        for fold in folds:
            self._window.append(fold)
            self._window_items += len(fold.items)
            self._position = fold.last
        while len(self._window) > WINDOW_FOLDS or self._window_items > WINDOW_ITEMS:
            gone = self._window.popleft()
            self._window_items -= len(gone.items)
            self._window_start = gone.last


class Stream:
    """One client's stream, as a WSGI server iterates over it: each step waits, and the server closes it."""

    def __init__(self, hub: Hub, filters: Filters, epoch: str, position: int, gap: bytes) -> None:
        self._hub = hub
        self._beginning: bytes | None = frames.greeting() + gap
        self.filters = filters
        self.epoch = epoch
        self.position = position

    def __iter__(self) -> Stream:
        return self

    def __next__(self) -> bytes:
        if self._beginning is not None:
            beginning, self._beginning = self._beginning, None
            return beginning
        try:
            found = self._hub.next(self)
        except StoreError as exc:  # the client comes back, and is told then
            _log.warning("a live stream ends", error=str(exc))
            found = None
        if found is None:
            self._hub.leave(self)
            raise StopIteration
        return found

    def close(self) -> None:
        """End it."""
        self._hub.leave(self)
