"""Brings what one exporter's journal has into the database, exactly once: rows and positions in one transaction."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import structlog

from errtally import names
from errtally.errors import JournalError, StoreError
from errtally.exporter.installation import JOURNAL_DIRECTORY
from errtally.exporter.journal import frame
from errtally.exporter.journal.reader import Reader
from errtally.exporter.journal.records import Tallies, encoder
from errtally.exporter.store.connection import DatabaseError
from errtally.exporter.store.postgres.database import STILL_SHIPS

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from pathlib import Path

    from errtally.exporter.store.postgres.connection import PostgresConnection
    from errtally.exporter.store.postgres.database import PostgresDatabase

ROW_BYTES = 256 * 1024
"""What one row of the shared journal holds, unless a single frame is larger."""

BATCH_EVENTS = 5_000
"""Events of one transaction, about."""

IDLE_SECONDS = 0.02
SHIP_SECONDS = 0.1
"""One transaction ships what so long a time brings."""

SAY_SECONDS = 2.0
"""How often an exporter says that all that it took is shipped."""

MEASURE_SECONDS = 2.0
"""How often it is looked how much waits in the database: its bound is exceeded by what comes in so long a time."""

PATIENCE_SECONDS = 10.0
"""How long the database may say nothing; then the journal is shipped by another connection."""

MAX_RETRY_SECONDS = 5.0

_log = structlog.get_logger(__name__)


class Shipper:
    """Ships the journal of one data directory, in a thread of its own.

    Args:
        database: where to.
        data_dir: of the exporter.
        journal_bytes: what may wait in the database, of all exporters together; beyond it stays where it is.
        keeps: whether anything is appended to that journal; what an earlier run left is shipped in any case.

    Attributes:
        problem: what keeps it from that, "" when nothing does.
    """

    def __init__(
        self,
        database: PostgresDatabase,
        data_dir: Path,
        journal_bytes: Callable[[], int] = lambda: sys.maxsize,
        *,
        keeps: bool = True,
    ) -> None:
        self._database = database
        self._journal_bytes = journal_bytes
        self._keeps = keeps
        self._measured_at = float("-inf")
        self._directory = data_dir / JOURNAL_DIRECTORY
        self._directory.mkdir(parents=True, exist_ok=True)
        self._connection: PostgresConnection | None = None
        self._reader: Reader | None = None
        self._said_at = float("-inf")
        self.problem = ""

    def run(self, stop: threading.Event) -> None:
        """Ship until told to stop, and then what is there still."""
        delay = IDLE_SECONDS
        while True:
            is_last, began = stop.is_set(), time.monotonic()
            try:
                shipped = self.step()
            except (StoreError, DatabaseError, JournalError) as exc:
                self._failed(str(exc))
                if is_last:
                    break
                delay = min(max(2 * delay, 0.1), MAX_RETRY_SECONDS)
                stop.wait(delay)
                continue
            delay = IDLE_SECONDS
            if self.problem:
                self.problem = ""
                _log.info("the journal is shipped again")
            if not shipped and is_last:
                self._say_end()
                break
            if not is_last:
                stop.wait(max(SHIP_SECONDS - (time.monotonic() - began), 0) if shipped else IDLE_SECONDS)
        self._forget()

    def step(self) -> int:
        """Ship what is there, at most one batch; return how many frames that were.

        Raises:
            StoreError: the database can't be opened, or is full of what nobody folds.
            DatabaseError: it fails; nothing is shipped, or everything.
            JournalError: the journal can't be read, or a segment can't be removed.
        """
        if self._connection is None or self._reader is None:
            self._open()
        connection, reader = self._connection, self._reader
        assert connection is not None
        assert reader is not None
        frames = list(reader.read(BATCH_EVENTS))
        lost = self._damage_counts(reader)
        if frames or lost:
            self._check_room(connection)
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(
                "INSERT INTO journal (events, received, frames) VALUES (?, ?, ?)", _rows([*frames, *lost])
            )
            self._database.put_positions(connection, reader.positions())
            connection.execute("COMMIT")
        if finished := reader.finished():
            reader.forget(finished)
            self._database.forget_positions(connection, finished)
        if len(frames) < BATCH_EVENTS and time.monotonic() - self._said_at > SAY_SECONDS:
            self._database.say_shipped(connection, keeps=self._keeps)
            self._said_at = time.monotonic()
        return len(frames)

    def _check_room(self, connection: PostgresConnection) -> None:
        """See that the database has room for more.

        Raises:
            StoreError: too much waits there.
            DatabaseError: it can't be asked.
        """
        if time.monotonic() - self._measured_at < MEASURE_SECONDS:
            return
        waiting, most = self._database.waiting(connection), self._journal_bytes()
        if waiting.size >= most:
            raise StoreError(
                f"{self._database.name}: {waiting.events:,} events of all exporters wait in {waiting.size:,} bytes, "
                f"and `limits.journal_bytes` is {most:,}: nobody folds them, or not fast enough"
            )
        self._measured_at = time.monotonic()

    def _say_end(self) -> None:
        assert self._connection is not None
        try:
            self._database.end_shipping(self._connection)
        except DatabaseError as exc:  # others will take it for one that does not ship
            _log.warning("the end of this exporter was not noted", error=str(exc))

    def _open(self) -> None:
        self._forget()
        self._connection = self._database.connect(patience_seconds=PATIENCE_SECONDS)
        # A server that was not heard of may go on with what the connection before this one has begun.
        self._database.end_abandoned(self._connection)
        epoch = self._database.begin_shipping(self._connection)
        self._connection.begin_with(STILL_SHIPS, (self._database.replica, epoch))
        positions = self._database.positions(self._connection)
        self._reader = Reader(self._directory, positions)
        gone = [name for name in positions if not (self._directory / name).exists()]
        self._database.forget_positions(self._connection, gone)

    def _forget(self) -> None:
        """Close what is open: what was read of the journal is known from the database alone."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _failed(self, problem: str) -> None:
        self._forget()
        if not self.problem:
            _log.error("events wait in the journal of this exporter", error=problem)
        self.problem = problem

    def _damage_counts(self, reader: Reader) -> list[frame.Frame]:
        """Return a frame that counts what the journal has lost, as the writer of one exporter does."""
        lost = 0
        for damage in reader.damages:
            _log.error(
                "journal damaged",
                segment=damage.segment, bytes=damage.lost_bytes, events=damage.lost_events, error=damage.message,
            )  # fmt: skip
            lost += damage.lost_events
        reader.damages.clear()
        if not lost:
            return []
        tallies = Tallies([(names.INGEST_REJECTED.name, ("journal", "damaged"), float(lost))])
        return [frame.Frame(encoder.encode(tallies), 0, time.time(), 0)]


def _rows(frames: list[frame.Frame]) -> list[tuple[int, float, bytes]]:
    """Put frames into rows."""
    rows: list[tuple[int, float, bytes]] = []
    parts, size, events, oldest = list[bytes](), 0, 0, float("inf")
    for one in frames:
        content = frame.encode(one.payload, one.events, one.received)
        if parts and size + len(content) > ROW_BYTES:
            rows.append((events, oldest, b"".join(parts)))
            parts, size, events, oldest = [], 0, 0, float("inf")
        parts.append(content)
        size += len(content)
        events += one.events
        oldest = min(oldest, one.received)
    if parts:
        rows.append((events, oldest, b"".join(parts)))
    return rows
