"""The live stream's ring in the store: what the last folds told, written in the folds' own transactions.

A ring of its own, and not the samples: those are thinned out per issue, so that nobody could say what is missing.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from errtally.errors import StoreError
from errtally.exporter.digest.stream import StreamBatch
from errtally.exporter.store.connection import ERRORS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from errtally.exporter.digest.changes import Changes
    from errtally.exporter.store.connection import Connection, Database

RING_ITEMS = 5_000
RING_FOLDS = 5_000
"""What the ring holds at most. In a storm a fold is 20 ms and 50 events a second of a project are told: 100 s."""

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(StreamBatch)


class StreamRing:
    """The writing end. ``add`` belongs into a transaction, ``settle`` behind its success.

    Args:
        connection: the writer's.
    """

    def __init__(self, connection: Connection) -> None:
        self._db = connection
        self._rows: deque[tuple[int, int]] = deque()
        self._items = 0
        self._last = 0

    def load(self) -> None:
        """Read what is there.

        Raises:
            ERRORS: the store can't be read.
        """
        self._rows = deque(self._db.execute("SELECT last, items FROM stream ORDER BY last").fetchall())
        self._items = sum(items for _, items in self._rows)
        self._last = self._rows[-1][0] if self._rows else 0

    def add(self, changes: Changes) -> tuple[int, int] | None:
        """Write what a fold tells and remove what is too old for the ring; None when the fold counted no events.

        Raises:
            ERRORS: the transaction fails; nothing is remembered of this call.
        """
        if not changes.events:
            return None
        batch = changes.stream.batch(changes.add)
        row = (self._last + changes.events, len(batch.items))
        self._db.execute(
            "INSERT INTO stream VALUES (?, ?, ?, ?)", (row[0], changes.events, row[1], _encoder.encode(batch))
        )
        if (gone := self._excess(row[1])) is not None:
            self._db.execute("DELETE FROM stream WHERE last <= ?", (gone,))
        return row

    def settle(self, row: tuple[int, int] | None) -> None:
        """Remember what `add` wrote, now that it is stored."""
        if row is None:
            return
        gone = self._excess(row[1])
        while gone is not None and self._rows and self._rows[0][0] <= gone:
            self._items -= self._rows.popleft()[1]
        self._rows.append(row)
        self._items += row[1]
        self._last = row[0]

    def _excess(self, fresh_items: int) -> int | None:
        """Number of the last event that has to leave for a new row with so many items; None when there is room."""
        items, folds, gone = self._items + fresh_items, len(self._rows) + 1, None
        for last, own in self._rows:
            if items <= RING_ITEMS and folds <= RING_FOLDS:
                break
            items, folds, gone = items - own, folds - 1, last
        return gone


@dataclass(frozen=True, slots=True)
class StreamRow:
    """One row of the ring.

    Attributes:
        first: number of the fold's first event.
        last: number of its last event.
        batch: what is told of it.
    """

    first: int
    last: int
    batch: StreamBatch


@dataclass(frozen=True, slots=True)
class RingEnds:
    """Where the ring stands.

    Attributes:
        epoch: tells this store from another one that had the same numbers.
        first: number of the oldest event in the ring; one more than ``last`` when nothing was told yet.
        last: number of the newest event.
    """

    epoch: str
    first: int
    last: int


class StreamReader:
    """The reading end, with one connection for all threads: its queries are short."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._db: Connection | None = None

    def ends(self) -> RingEnds:
        """Say where the ring stands.

        Raises:
            StoreError: the store can't be read.
        """
        [(created, first, last)] = self._query(
            """SELECT (SELECT value FROM meta WHERE name = 'created'),
              (SELECT last - events + 1 FROM stream ORDER BY last LIMIT 1), (SELECT max(last) FROM stream)""",
            (),
        )
        return RingEnds(f"{round(float(created) * 1000):x}", first or 1, last or 0)

    def after(self, number: int, *, folds: int) -> list[StreamRow]:
        """Return what was told behind an event, the oldest first; the first fold may begin before it.

        Args:
            number: of the event.
            folds: at most so many.

        Raises:
            StoreError: the store can't be read.
        """
        rows = self._query(
            "SELECT last - events + 1, last, batch FROM stream WHERE last > ? ORDER BY last LIMIT ?", (number, folds)
        )
        return [_stream_row(row) for row in rows]

    def backwards(self, *, folds: int) -> Iterator[StreamRow]:
        """Go through the ring from its newest fold to its oldest, reading so many at a time.

        Raises:
            StoreError: the store can't be read.
        """
        before = None
        while True:
            rows = self._query(
                "SELECT last - events + 1, last, batch FROM stream WHERE CAST(? AS BIGINT) IS NULL OR last < ? "
                "ORDER BY last DESC LIMIT ?",
                (before, before, folds),
            )
            for row in rows:
                yield _stream_row(row)
            if len(rows) < folds:
                return
            before = rows[-1][1]

    def _query(self, statement: str, values: tuple[int | None, ...]) -> list[Any]:
        with self._lock:
            try:
                if self._db is None:
                    self._db = self._database.reader()
                return [tuple(row) for row in self._db.execute(statement, values)]
            except ERRORS as exc:
                if self._db is not None:
                    self._db.close()
                    self._db = None
                raise StoreError(f"the store can't be read: {exc}") from exc


def _stream_row(row: tuple[int, int, bytes]) -> StreamRow:
    first, last, batch = row
    try:
        return StreamRow(first, last, _decoder.decode(batch))
    except msgspec.DecodeError as exc:
        raise StoreError(f"the stream's row {last} can't be read: {exc}") from exc
