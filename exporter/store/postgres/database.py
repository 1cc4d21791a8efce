"""A store in PostgreSQL: opening it, making its tables once, bringing those of an older version up to date."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from errtally.errors import StoreError
from errtally.exporter.store.connection import DatabaseError
from errtally.exporter.store.postgres import schema
from errtally.exporter.store.postgres.connection import PostgresConnection, name_of
from errtally.exporter.store.sqlite import SCHEMA_VERSION

if TYPE_CHECKING:
    from errtally.exporter.store.connection import Connection

_LOCK = 0x65727274616C6C79
"""Of everybody who makes or changes tables, for a transaction: the bytes of our name."""

_IS_THERE = "SELECT 1 FROM pg_class WHERE relname = 'meta' AND relnamespace = current_schema()::regnamespace"


class PostgresDatabase:
    """One database of a PostgreSQL server, or one schema of it.

    Tables are made in the schema that the address leads to (``options=-csearch_path=...``, or that of the role).

    Args:
        address: as libpq has it.
    """

    def __init__(self, address: str) -> None:
        self.address = address

    @property
    def name(self) -> str:
        """What messages call it."""
        return name_of(self.address)

    def writer(self) -> PostgresConnection:
        """Open it; make its tables where there are none.

        Raises:
            StoreError: it can't be opened, or was made by a newer version.
        """
        connection = PostgresConnection(self.address, is_reader=False)
        try:
            self._prepare(connection)
        except DatabaseError as exc:
            connection.close()
            raise StoreError(f"{self.name}: {exc}") from exc
        except BaseException:
            connection.close()
            raise
        return connection

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

    def size_bytes(self, db: Connection) -> int:
        """Return what the database takes of its disk.

        Raises:
            DatabaseError: it can't be measured.
        """
        return int(db.execute("SELECT pg_database_size(current_database())").fetchone()[0])

    def _prepare(self, connection: PostgresConnection) -> None:
        connection.execute("BEGIN")
        connection.execute("SELECT pg_advisory_xact_lock(?)", (_LOCK,))
        if connection.execute(_IS_THERE).fetchone() is None:
            connection.script(schema.statements())
            connection.executemany(
                "INSERT INTO meta VALUES (?, ?)",
                [("created", str(time.time())), ("change", "0"), ("schema_version", str(SCHEMA_VERSION))],
            )
        version = int(connection.execute("SELECT value FROM meta WHERE name = 'schema_version'").fetchone()[0])
        if version != SCHEMA_VERSION:
            connection.execute("ROLLBACK")
            raise StoreError(f"{self.name}: its schema has version {version}, this errtally needs {SCHEMA_VERSION}")
        connection.execute("COMMIT")
