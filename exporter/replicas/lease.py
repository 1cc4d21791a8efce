"""Who folds: a lease in the database, renewed while its holder lives, and an epoch that a former holder can't have.

A row and no advisory lock: those belong to a session, which a connection pooler gives to somebody else.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import structlog

from errtally.errors import StoreError
from errtally.exporter.store.connection import DatabaseError

if TYPE_CHECKING:
    from errtally.exporter.store.postgres.connection import PostgresConnection
    from errtally.exporter.store.postgres.database import PostgresDatabase

LEASE_SECONDS = 5.0
"""After so long without a sign of life of the holder another one takes over."""

RENEW_SECONDS = 1.0

LOCK_SECONDS = 2
"""How long a holder waits for its own transaction, before it tries again to renew."""

PATIENCE_SECONDS = 3.0
"""How long the database may say nothing."""

_NOW = "extract(epoch FROM clock_timestamp())::double precision"
_MAKE = "INSERT INTO writers VALUES (0, '', 0, 0) ON CONFLICT (part) DO NOTHING"
_TAKE = f"""UPDATE writers SET replica = :replica, epoch = writers.epoch + 1, expires = {_NOW} + :seconds
  FROM (SELECT part FROM writers WHERE part = 0 AND (expires < {_NOW} OR expires > {_NOW} + 10 * :seconds
    OR replica = :replica) FOR UPDATE SKIP LOCKED) AS free
  WHERE writers.part = free.part RETURNING epoch"""  # noqa: S608 (constants)
"""Where the holder is within a transaction, nobody takes over. An end far ahead was written by another clock."""
_RENEW = f"UPDATE writers SET expires = {_NOW} + ? WHERE part = 0 AND epoch = ?"  # noqa: S608 (constants)
_GIVE_UP = "UPDATE writers SET expires = 0 WHERE part = 0 AND epoch = ?"

STILL_HELD = "SELECT 1 FROM writers WHERE part = 0 AND epoch = ? FOR SHARE"
"""What each transaction of the holder begins with: nobody takes over until it has ended, or it finds nothing."""

_log = structlog.get_logger(__name__)


class Lease:
    """The right to fold, of one exporter.

    Args:
        database: where it is kept.
        replica: who wants it.

    Attributes:
        epoch: of the holder; 0 while this one is not.
    """

    def __init__(self, database: PostgresDatabase, replica: str) -> None:
        self._database = database
        self._replica = replica
        self._connection: PostgresConnection | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.epoch = 0

    def take(self) -> bool:
        """Take it when nobody has it; whether it is ours now.

        Its holder renews it from another thread, for as long as that runs.

        Raises:
            StoreError: the database can't be asked.
        """
        try:
            self._ask(f"{_MAKE} RETURNING epoch", ())
            row = self._ask(_TAKE, {"replica": self._replica, "seconds": LEASE_SECONDS})
            if row is None and self._connection is not None:
                self._database.end_abandoned(self._connection)
        except DatabaseError as exc:
            raise StoreError(f"who folds can't be found out: {exc}") from exc
        if row is None:
            return False
        self.epoch = row[0]
        self._stop.clear()
        self._thread = threading.Thread(target=self._renew, name="lease", daemon=True)
        self._thread.start()
        return True

    def give_up(self) -> None:
        """Let another one take over at once, where the database can be told."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self.epoch:
            try:
                self._ask(f"{_GIVE_UP} RETURNING epoch", (self.epoch,))
            except (StoreError, DatabaseError) as exc:  # it expires
                _log.warning("the right to fold was not given up", error=str(exc))
            self.epoch = 0
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _renew(self) -> None:
        while not self._stop.wait(RENEW_SECONDS):
            try:
                if self._ask(f"{_RENEW} RETURNING epoch", (LEASE_SECONDS, self.epoch)) is None:
                    return  # another one has it: the next transaction finds that out
            except (StoreError, DatabaseError) as exc:
                _log.warning("the right to fold was not renewed", error=str(exc))

    def _ask(self, statement: str, values: tuple[object, ...] | dict[str, object]) -> tuple[int] | None:
        """Put a statement; a connection that failed is opened anew by the next call."""
        if self._connection is None:
            self._connection = self._database.connect(patience_seconds=PATIENCE_SECONDS)
            self._connection.execute(f"SET lock_timeout = '{LOCK_SECONDS}s'")
        try:
            row: tuple[int] | None = self._connection.execute(statement, values).fetchone()
        except DatabaseError:
            self._connection.close()
            self._connection = None
            raise
        return row
