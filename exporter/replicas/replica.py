"""One exporter among several on a database: ships what it took, and folds what all took while it holds the lease."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import structlog

from errtally.errors import StoreError, StoreVersionError
from errtally.exporter.heartbeat import HEARTBEAT_FILE, beat
from errtally.exporter.installation import REPLICA_FILE, SECRET_FILE, keep_secret, replica_of, secret
from errtally.exporter.replicas.lease import STILL_HELD, Lease
from errtally.exporter.replicas.shared_journal import SharedJournal
from errtally.exporter.replicas.shipper import Shipper
from errtally.exporter.store.connection import DatabaseError
from errtally.exporter.store.postgres.database import PostgresDatabase
from errtally.exporter.writer import Opened, Writer, load

if TYPE_CHECKING:
    from errtally.exporter.config import ExporterConfig

WAIT_SECONDS = 0.5
"""How often an exporter that does not fold looks whether somebody has to."""

_log = structlog.get_logger(__name__)


class Replica:
    """Shipping and folding of one exporter.

    Args:
        config: its settings, with a database.

    Raises:
        StoreError: the database was made by a newer version; or it does not answer, and the key that all of them have
            was never asked of it.
        OSError: the data directory can't be written.
    """

    def __init__(self, config: ExporterConfig) -> None:
        self._config = config
        _share_secret(config)
        self._replica = replica_of(config.data_dir)
        self._database = PostgresDatabase(config.database, self._replica)
        self._heartbeat = config.data_dir / HEARTBEAT_FILE
        self._shipper = Shipper(
            self._database,
            config.data_dir,
            lambda: self._config.limits.journal_bytes,
            keeps=config.durability != "shared",
        )
        self._writer: Writer | None = None
        self._defect: BaseException | None = None

    def configure(self, config: ExporterConfig) -> None:
        """Take changed settings up; may be called from another thread."""
        self._config = config
        if (writer := self._writer) is not None:
            writer.configure(config)

    def run(self, stop: threading.Event) -> None:
        """Ship and fold until told to stop: first is shipped what is there, then folded what was.

        Raises:
            Exception: folding has a defect.
        """
        has_shipped = threading.Event()

        def fold() -> None:
            try:
                self._fold(has_shipped)
            except BaseException as exc:  # noqa: BLE001 (raised below)
                self._defect = exc
                stop.set()

        folding = threading.Thread(target=fold, name="fold", daemon=True)
        folding.start()
        try:
            self._shipper.run(stop)
        finally:
            has_shipped.set()
            folding.join()
        if self._defect is not None:
            raise self._defect

    def _fold(self, stop: threading.Event) -> None:
        """Fold while the lease is ours, wait for it while it is not."""
        lease, told = Lease(self._database, self._replica), ""
        while True:
            problem = self._shipper.problem
            try:
                if lease.epoch or lease.take():
                    self._fold_until_lost(lease, stop)
                    lease.give_up()
            except (StoreError, DatabaseError) as exc:
                problem = str(exc)
                if problem != told:
                    _log.warning("not folding", error=problem)
                lease.give_up()
            told = problem
            if stop.is_set():
                lease.give_up()
                return
            self._beat(problem)
            stop.wait(WAIT_SECONDS)

    def _fold_until_lost(self, lease: Lease, stop: threading.Event) -> None:
        """Open the store and fold.

        Raises:
            StoreError: it is lost, or can't be opened.
        """
        config = self._config
        connection = self._database.writer()
        connection.begin_with(STILL_HELD, (lease.epoch,))
        try:
            store, state, _ = load(connection, config)
            source = SharedJournal(connection, lambda: self._shipper.problem)
            self._writer = Writer(config, opened=Opened(store, state, source, self._database.place()))
            _log.info("this exporter folds", epoch=lease.epoch)
            if config is not self._config:
                self._writer.configure(self._config)
            self._writer.run(stop)
        finally:
            self._writer = None
            connection.close()

    def _beat(self, problem: str) -> None:
        try:
            beat(self._heartbeat, problem)
        except OSError as exc:  # readiness then says what it can't see
            _log.warning("no heartbeat", error=str(exc))


def _share_secret(config: ExporterConfig) -> None:
    """Have the key of all exporters on the database in the data directory; the first brings its own.

    Raises:
        StoreVersionError: the database was made by another version.
        StoreError: it can't be asked, and never was.
        OSError: the data directory can't be written.
    """
    data_dir = config.data_dir
    was_asked = (data_dir / SECRET_FILE).exists() and (data_dir / REPLICA_FILE).exists()
    database = PostgresDatabase(config.database, "")
    try:
        connection = database.connect()
    except StoreVersionError:
        raise
    except StoreError as exc:
        if not was_asked:
            raise
        _log.warning("the database does not answer; what is taken waits in the journal", error=str(exc))
        return
    try:
        shared = database.secret(connection, secret(data_dir))
    except DatabaseError as exc:
        raise StoreError(f"{database.name}: {exc}") from exc
    finally:
        connection.close()
    if shared != secret(data_dir):
        keep_secret(data_dir, shared)
