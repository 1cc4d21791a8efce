"""Measure what it costs to take, ship and fold native batches in this process, into a file or into PostgreSQL."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from errtally.exporter import writer as writing
from errtally.exporter.bench import path, work
from errtally.exporter.config import ExporterConfig
from errtally.exporter.ingest import pipeline
from errtally.exporter.ingest.tally import Tally
from errtally.exporter.installation import JOURNAL_DIRECTORY
from errtally.exporter.journal.appender import Appender
from errtally.exporter.replicas.shared_journal import SharedJournal
from errtally.exporter.replicas.shipper import Shipper
from errtally.exporter.web import fast_path
from errtally.exporter.writer import Opened, Writer, load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from errtally.exporter.store.postgres.database import PostgresDatabase

KIND = "native-batch"


@dataclass(frozen=True, slots=True)
class Measurement:
    """Microseconds an event; CPU is that of this process, the database's own is not in it.

    Attributes:
        database: as messages call it.
        fold_events: of one fold, at most; what a busy exporter finds waiting.
        request_bytes: of one event in a request, and in the journal.
        take_cpu: from a request's bytes to the journal, without the HTTP server.
        ship_seconds: by the clock, and so the database's time is in it; 0 without one.
        fold_seconds: likewise.
    """

    database: str
    events: int
    fold_events: int
    request_bytes: float
    journal_bytes: float
    take_cpu: float
    ship_cpu: float
    ship_seconds: float
    fold_cpu: float
    fold_seconds: float

    @property
    def events_per_second(self) -> float:
        """What one exporter folds."""
        return 1e6 / self.fold_seconds

    def as_dict(self) -> dict[str, Any]:
        """Return everything for JSON."""
        return asdict(self) | {"events_per_second": self.events_per_second}


def measure(folder: Path, *, address: str, events: int, fold_events: int) -> Measurement:
    """Take events into a journal, and ship and fold them.

    Args:
        folder: an empty folder.
        address: of a PostgreSQL database, in which a schema is made for the time; "" for a file.
        events: how many are measured; as many as one fold has go before.
        fold_events: of one fold, at most.

    Raises:
        StoreError: the database can't be used.
    """
    clock = path.Clock(work.BATCH_EVENTS / path.EVENTS_PER_SECOND)
    config = ExporterConfig(data_dir=folder)
    requests = -(-(events + fold_events) // work.BATCH_EVENTS)
    former_time, fast_path.time = fast_path.time, clock  # type: ignore[attr-defined, assignment]
    try:
        taken, request_bytes = _take(config, requests)
    finally:
        fast_path.time = former_time  # type: ignore[attr-defined]
    all_events = requests * work.BATCH_EVENTS
    journal_bytes = sum(one.stat().st_size for one in (folder / JOURNAL_DIRECTORY).iterdir()) / all_events
    with _writer(config, address, clock) as (writer, name, shipped):
        former, writing.MAX_FOLD_EVENTS = writing.MAX_FOLD_EVENTS, fold_events
        try:
            writer.step()
            began, began_cpu, folded = time.perf_counter(), time.process_time(), 0
            while (found := writer.step()) and writer.is_behind:
                folded += found
            folded += found
            seconds, cpu = time.perf_counter() - began, time.process_time() - began_cpu
        finally:
            writing.MAX_FOLD_EVENTS = former
    rest = all_events - fold_events
    return Measurement(
        name, rest, fold_events, request_bytes, journal_bytes,
        take_cpu=1e6 * taken / all_events,
        ship_cpu=1e6 * shipped[0] / all_events, ship_seconds=1e6 * shipped[1] / all_events,
        fold_cpu=1e6 * cpu / rest, fold_seconds=1e6 * seconds / rest,
    )  # fmt: skip


def _take(config: ExporterConfig, requests: int) -> tuple[float, float]:
    """Take requests; return the CPU time in seconds, and the bytes of an event."""
    tally, appender = Tally(), Appender(config.data_dir / JOURNAL_DIRECTORY)
    taking = pipeline.Pipeline(config, appender=appender, tally=tally, user_key=b"k" * 32)
    door = fast_path.FastPath(lambda *_: [b""], taking, limits=config.limits, tally=tally)
    source = work.requests(KIND, "localhost", "0" * 24)
    seconds, size = 0.0, 0
    for _ in range(requests):
        environ = path.environ_of(next(source))
        size += int(environ["CONTENT_LENGTH"])
        began = time.process_time()
        path.take(door, environ)
        seconds += time.process_time() - began
    appender.close()
    return seconds, size / (requests * work.BATCH_EVENTS)


@contextmanager
def _writer(
    config: ExporterConfig, address: str, clock: path.Clock
) -> Iterator[tuple[Writer, str, tuple[float, float]]]:
    """Open a writer; with its database's name and the CPU and clock seconds that it took to ship the journal there."""
    if not address:
        yield Writer(config, clock=clock.now), "SQLite", (0.0, 0.0)
        return
    with _schema(address) as database:
        shipper = Shipper(database, config.data_dir)
        began, began_cpu = time.perf_counter(), time.process_time()
        while shipper.step():
            pass
        shipped = (time.process_time() - began_cpu, time.perf_counter() - began)
        connection = database.writer()
        try:
            store, state, _ = load(connection, config)
            opened = Opened(store, state, SharedJournal(connection, lambda: ""), database.place())
            yield Writer(config, clock=clock.now, opened=opened), database.name, shipped
        finally:
            connection.close()


@contextmanager
def _schema(address: str) -> Iterator[PostgresDatabase]:
    """Make a schema of a database for the time."""
    import psycopg  # noqa: PLC0415 (an extra)

    from errtally.errors import StoreError  # noqa: PLC0415
    from errtally.exporter.store.postgres.database import PostgresDatabase  # noqa: PLC0415 (an extra)

    name = f"bench_{os.getpid()}"
    try:
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {name}")
            try:
                options = f"-csearch_path={name},public"
                yield PostgresDatabase(psycopg.conninfo.make_conninfo(address, options=options), "bench")
            finally:
                connection.execute(f"DROP SCHEMA {name} CASCADE")
    except psycopg.Error as exc:
        raise StoreError(f"the database can't be used: {exc}") from exc
