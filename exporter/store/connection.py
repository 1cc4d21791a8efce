"""What the store asks of a connection to its database, whichever that is: the part of DB-API that both have.

The SQL of the store is written once, in what SQLite and PostgreSQL both understand: placeholders as SQLite has them,
the target of each ON CONFLICT named, columns of the row that is there qualified. What PostgreSQL lacks of SQLite's
functions is made there (see `postgres/functions.sql`).
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from errtally.exporter.journal.backlog import Backlog


class DatabaseError(Exception):
    """A statement failed, or the connection is gone; what `sqlite3.Error` is where the database is no SQLite."""


ERRORS = (sqlite3.Error, DatabaseError)
"""What a connection raises."""


class Row(Protocol):
    """One row of a reader: by position, by name, and as a mapping for `dict`."""

    def __getitem__(self, key: int | str, /) -> Any: ...  # noqa: ANN401 (a column's value)
    def __iter__(self) -> Iterator[Any]: ...
    def keys(self) -> Iterable[str]: ...  # noqa: D102


class Cursor(Protocol):
    """What a statement found, or how many rows it changed."""

    @property
    def rowcount(self) -> int: ...  # noqa: D102

    def fetchone(self) -> Any: ...  # noqa: ANN401, D102
    def fetchall(self) -> list[Any]: ...  # noqa: D102
    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """A connection to the store. Transactions are begun and ended by statements."""

    @property
    def in_transaction(self) -> bool: ...  # noqa: D102

    @property
    def is_ours(self) -> bool:
        """Whether anything can be written by this connection from now on; only another one can tell anew."""

    def execute(self, statement: str, values: Sequence[Any] | Mapping[str, Any] = (), /) -> Cursor:
        """Execute one statement."""

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]], /) -> Cursor:
        """Execute one statement for each row of values; ``rowcount`` is the sum of all."""

    def write_rows(self, statement: str, rows: Iterable[Sequence[Any]], /) -> Cursor:
        """Execute an INSERT of VALUES, an UPDATE or a DELETE for rows of values, maybe all at once.

        Each of them is of another row of the table. No placeholder stands behind ON CONFLICT.
        """

    def close(self) -> None: ...  # noqa: D102

    def used_bytes(self) -> int:
        """Return the size of what the store holds."""

    def size_bytes(self) -> int:
        """Return what the store takes of the disk."""

    def vacuum(self) -> bool:
        """Give some room that is free back to the system; whether there is more that should go."""


class Database(Protocol):
    """Where a store lives, and how it is opened."""

    @property
    def name(self) -> str:
        """What messages call it; without a password."""

    def writer(self) -> Connection:
        """Open it for the one that folds; make it when it is not there, bring one of an older version up to date.

        Raises:
            StoreError: it can't be opened, or was made by a newer version.
        """

    def reader(self) -> Connection:
        """Open it for reading; rows can be asked by name.

        Raises:
            StoreError: it is not there or can't be opened.
        """

    def place(self) -> Place:
        """Return what watches that it stays where it was opened; it is open by then."""

    def positions(self, db: Connection) -> dict[str, int]:
        """Return up to where segments of the journal in the data directory are folded, or shipped elsewhere.

        Raises:
            ERRORS: the store can't be read.
        """

    def waiting(self, db: Connection) -> Backlog:
        """Return what waits elsewhere to be folded.

        Raises:
            ERRORS: the store can't be read.
        """


class Place(Protocol):
    """Watches an open store."""

    def check(self) -> None:
        """See whether it still is where it was opened.

        Raises:
            StoreError: it is not.
        """

    def sync(self) -> None:
        """Bring what was committed to the disk; afterwards it survives a loss of power.

        Raises:
            StoreError: the disk fails.
        """
