"""A store in PostgreSQL: opening it, and what exporters that share it have to know of each other."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from errtally.errors import StoreError
from errtally.exporter.journal.backlog import Backlog
from errtally.exporter.store.connection import DatabaseError
from errtally.exporter.store.meta import PUT_POSITION
from errtally.exporter.store.postgres import preparing
from errtally.exporter.store.postgres.connection import IDLE_SECONDS, PostgresConnection, name_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from errtally.exporter.store.connection import Connection

_NUMBERED = """SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = current_schema() AND is_identity = 'YES'"""

SILENT_SECONDS = 15
"""An exporter that has not said for so long that all it took is shipped: one reckons that something waits there."""

FORGOTTEN_SECONDS = 7 * 86400
"""One that was not heard of for so long does not come back."""

_SILENT = """SELECT min(shipped) FROM shippers
WHERE keeps = 1 AND extract(epoch FROM clock_timestamp()) - shipped BETWEEN CAST(? AS BIGINT) AND CAST(? AS BIGINT)"""

_NOW = "extract(epoch FROM clock_timestamp())::double precision"
_BEGIN_SHIPPING = f"""INSERT INTO shippers VALUES (?, 1, {_NOW}) ON CONFLICT (replica) DO UPDATE SET
  keeps = 1, epoch = shippers.epoch + 1, shipped = coalesce(shippers.shipped, excluded.shipped) RETURNING epoch"""  # noqa: S608 (a constant)

_END_ABANDONED = f"""SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE pid IN (SELECT pid FROM pg_locks WHERE relation IN ('writers'::regclass, 'shippers'::regclass))
  AND usename = current_user AND wait_event = 'ClientRead' AND xact_start IS NOT NULL
  AND state_change < clock_timestamp() - interval '{IDLE_SECONDS} s'"""  # noqa: S608 (a constant)
"""PostgreSQL's own limit of idle transactions does not hold within, or right after, what is sent as a pipeline."""

STILL_SHIPS = "SELECT 1 FROM shippers WHERE replica = ? AND epoch = ? FOR SHARE"
"""What each transaction that ships begins with: the next connection waits for it, or it finds nothing."""


class PostgresDatabase:
    """One database of a PostgreSQL server, or one schema of it.

    Tables are made in the schema that the address leads to (``options=-csearch_path=...``, or that of the role).

    Args:
        address: as libpq has it.
        replica: tells this exporter from others on the same database.
    """

    def __init__(self, address: str, replica: str) -> None:
        self.address = address
        self.replica = replica

    @property
    def name(self) -> str:
        """What messages call it."""
        return name_of(self.address)

    def connect(self, *, patience_seconds: float | None = None, upgrades: bool = True) -> PostgresConnection:
        """Open it for writing beside the store's own tables; make all tables where there are none.

        Args:
            patience_seconds: how long it may say nothing; None for what fits a fold.
            upgrades: whether tables of an older version are brought up to date.

        Raises:
            StoreVersionError: it was made by another version.
            StoreError: it can't be opened.
        """
        connection = PostgresConnection(self.address, is_reader=False, patience_seconds=patience_seconds)
        try:
            preparing.make(connection)
            if upgrades and preparing.is_older(connection):
                self._upgrade()
            preparing.check(connection, self.name)
        except DatabaseError as exc:
            connection.close()
            raise StoreError(f"{self.name}: {exc}") from exc
        except BaseException:
            connection.close()
            raise
        return connection

    def _upgrade(self) -> None:
        patient = PostgresConnection(self.address, is_reader=False, patience_seconds=preparing.UPGRADE_SECONDS)
        with closing(patient):
            preparing.upgrade(patient, self.name)

    def writer(self) -> PostgresConnection:
        """Open it for the one that folds; make its tables where there are none, bring older ones up to date.

        Raises:
            StoreVersionError: it was made by another version.
            StoreError: it can't be opened.
        """
        return self.connect()

    def reader(self) -> PostgresConnection:
        """Open it for reading.

        Raises:
            StoreError: it can't be opened.
        """
        return PostgresConnection(self.address, is_reader=True)

    def place(self) -> PostgresDatabase:
        """Return what watches it: nobody has to, the server does."""
        return self

    def check(self) -> None:
        """See that it is where it was: a connection goes nowhere else."""

    def sync(self) -> None:
        """Bring what was committed to the disk: a commit did, unless the server was told otherwise."""

    def positions(self, db: Connection) -> dict[str, int]:
        """Return up to where this exporter's segments are folded, or shipped.

        Raises:
            DatabaseError: the database can't be asked.
        """
        prefix = f"{self.replica}/"
        rows = db.execute('SELECT segment, "offset" FROM positions WHERE segment LIKE ?', (f"{prefix}%",))
        return {segment.removeprefix(prefix): offset for segment, offset in rows}

    def end_abandoned(self, db: Connection) -> None:
        """End transactions of exporters that have long heard nothing of their clients: those hold others up.

        Raises:
            DatabaseError: the database can't be asked.
        """
        db.execute(_END_ABANDONED)

    def begin_shipping(self, db: Connection) -> int:
        """Return the number of a connection that ships; those of former ones are not valid any more.

        What a former one has begun is over when this returns.

        Raises:
            StoreVersionError: the database was brought to a newer version meanwhile.
            DatabaseError: the database can't be written.
        """
        epoch = int(db.execute(_BEGIN_SHIPPING, (self.replica,)).fetchone()[0])
        # Not before: an upgrade makes the numbers invalid that were taken until then.
        preparing.check(db, self.name)
        return epoch

    def say_shipped(self, db: Connection, *, keeps: bool = True) -> None:
        """Note that until now all that this exporter took is shipped.

        Args:
            db: the database.
            keeps: whether what it takes is on its own disk first: then it is missed when it is gone.

        Raises:
            StoreVersionError: the database was brought to a newer version meanwhile.
            DatabaseError: the database can't be written.
        """
        preparing.check(db, self.name)  # who has nothing to ship learns of it here
        statement = f"UPDATE shippers SET shipped = {_NOW}, keeps = ? WHERE replica = ?"  # noqa: S608 (a constant)
        db.execute(statement, (int(keeps), self.replica))

    def end_shipping(self, db: Connection) -> None:
        """Note that nothing waits in this exporter's journal, and that it says nothing for a while.

        Raises:
            DatabaseError: the database can't be written.
        """
        db.execute("UPDATE shippers SET shipped = NULL WHERE replica = ?", (self.replica,))

    def put_positions(self, db: Connection, positions: Mapping[str, int]) -> None:
        """Write up to where this exporter's segments are shipped.

        Raises:
            DatabaseError: the database can't be written.
        """
        db.executemany(PUT_POSITION, [(f"{self.replica}/{name}", offset) for name, offset in positions.items()])

    def forget_positions(self, db: Connection, names: Iterable[str]) -> None:
        """Remove the positions of segments of this exporter that are gone.

        Raises:
            DatabaseError: the database can't be written.
        """
        db.executemany("DELETE FROM positions WHERE segment = ?", [(f"{self.replica}/{name}",) for name in names])

    def waiting(self, db: Connection) -> Backlog:
        """Return what is shipped and not folded.

        Raises:
            DatabaseError: the database can't be asked.
        """
        events, oldest, size = db.execute(
            "SELECT coalesce(sum(events), 0), min(received), coalesce(sum(length(frames)), 0) FROM journal"
        ).fetchone()
        (silent,) = db.execute(_SILENT, (SILENT_SECONDS, FORGOTTEN_SECONDS)).fetchone()
        return Backlog(events, min((one for one in (oldest, silent) if one is not None), default=None), size)

    def settle_numbers(self, db: Connection) -> None:
        """Have numbers that the database gives go on behind those that are there, which came from elsewhere.

        Raises:
            DatabaseError: the database can't be written.
        """
        columns = db.execute(_NUMBERED).fetchall()
        for table, column in columns:
            db.execute(
                f"""SELECT setval(pg_get_serial_sequence('{table}', '{column}'),
                  (SELECT coalesce(max("{column}"), 0) + 1 FROM {table}), false)"""  # noqa: S608 (names of the schema)
            )

    def secret(self, db: Connection, key: bytes) -> bytes:
        """Return the key of all exporters on the database; the given one where there is none yet.

        Raises:
            DatabaseError: the database can't be asked.
        """
        db.execute("INSERT INTO secrets VALUES ('key', ?) ON CONFLICT DO NOTHING", (key,))
        return bytes(db.execute("SELECT value FROM secrets WHERE name = 'key'").fetchone()[0])
