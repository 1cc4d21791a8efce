"""The statement that appends to the journal of all exporters once, whatever becomes of its answer.

Each process that appends has a row with a number, which the statement expects, and raises as it inserts frames: all in
one way to the server and back. When no answer came, a further connection raises the number by a lot: that waits for a
statement that is under way, tells whether it was done, and has one that comes late find another number and do nothing.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from errtally.errors import StoreError
from errtally.exporter.store.connection import DatabaseError
from errtally.exporter.store.postgres.arrays import array
from errtally.exporter.store.upgrades import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from errtally.exporter.journal.backlog import Backlog
    from errtally.exporter.store.postgres.connection import PostgresConnection
    from errtally.exporter.store.postgres.database import PostgresDatabase

PATIENCE_SECONDS: Final = 5.0
"""How long the database may say nothing."""

LOCK_SECONDS: Final = 4
"""How long the database may wait for a statement of this process that it is still at."""

FENCE: Final = 1_000_000_000
"""By how much the number grows with each connection: far more than one connection's statements."""

FORGOTTEN_SECONDS: Final = 7 * 86400
"""Processes that appended nothing for so long are gone."""

_NOW: Final = "extract(epoch FROM clock_timestamp())::double precision"
_REGISTER: Final = f"INSERT INTO committers VALUES (?, 0, {_NOW})"  # noqa: S608 (constants)
_FENCE: Final = f"UPDATE committers SET number = number + ?, seen = {_NOW} WHERE member = ? RETURNING number"  # noqa: S608
_FORGET: Final = f"DELETE FROM committers WHERE seen < {_NOW} - CAST(? AS BIGINT)"  # noqa: S608 (constants)
_APPEND: Final = f"""WITH mark AS (UPDATE committers SET number = number + 1, seen = {_NOW}
  WHERE member = ? AND number = ? AND EXISTS (SELECT 1 FROM meta WHERE name = 'schema_version' AND value = ?)
  RETURNING 1)
INSERT INTO journal (events, received, frames) SELECT given.events, given.received, given.frames
FROM mark CROSS JOIN unnest(?, ?, ?) AS given (events, received, frames)"""  # noqa: S608 (constants)


class Committing:
    """Appends to the journal of all exporters, from one process; for one thread.

    Args:
        database: where it is.
    """

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database
        self._member = ""
        self._number = 0
        self._connection: PostgresConnection | None = None

    def append(self, rows: Sequence[tuple[int, float, bytes]]) -> None:
        """Append rows (number of events, when the oldest was received, frames) in one transaction.

        Raises:
            StoreError: they were not appended.
            DatabaseError: nobody knows whether they were; ask `was_appended`.
        """
        connection = self._opened()
        values = [array(kind, [row[place] for row in rows]) for place, kind in enumerate(_TYPES)]
        given = (self._member, self._number, str(SCHEMA_VERSION), *values)
        try:
            appended = connection.execute(_APPEND, given).rowcount
        except DatabaseError:
            self._forget()
            raise
        if not appended:
            # This process was taken for one that is gone, or a newer version has brought the tables up to date.
            self._forget()
            self._member = ""
            raise StoreError(f"{self._database.name}: nothing can be appended by this process; it begins anew")
        self._number += 1

    def was_appended(self) -> bool:
        """Whether the rows were that `append` does not know of; if not, they never will be.

        Raises:
            StoreError: the database can't be asked.
        """
        member, expected = self._member, self._number
        self._opened()
        # Each connection that was tried may have raised the number by `FENCE`; the statement by 1, if it was done.
        return self._member == member and (self._number - expected) % FENCE == 1

    def waiting(self) -> Backlog:
        """Return what waits to be folded.

        Raises:
            StoreError: the database can't be asked.
        """
        try:
            return self._database.waiting(self._opened())
        except DatabaseError as exc:
            self._forget()
            raise StoreError(f"{self._database.name}: {exc}") from exc

    def close(self) -> None:
        """Close the connection; others forget this process in a week."""
        self._forget()

    def _opened(self) -> PostgresConnection:
        if self._connection is not None:
            return self._connection
        connection = self._database.connect(patience_seconds=PATIENCE_SECONDS, upgrades=False)
        try:
            connection.execute(f"SET lock_timeout = '{LOCK_SECONDS}s'")
            row = connection.execute(_FENCE, (FENCE, self._member)).fetchone()
            if row is None:  # the first time, or this process was taken for one that is gone
                self._member, row = secrets.token_hex(8), (0,)
                connection.execute(_FORGET, (FORGOTTEN_SECONDS,))
                connection.execute(_REGISTER, (self._member,))
        except DatabaseError as exc:
            connection.close()
            raise StoreError(f"{self._database.name}: {exc}") from exc
        self._number = int(row[0])
        self._connection = connection
        return connection

    def _forget(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


_TYPES: Final = ("bigint", "double precision", "bytea")
