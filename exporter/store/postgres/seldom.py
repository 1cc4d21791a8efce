"""A connection for what is asked now and then: opened when it is needed, and anew after each failure."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from errtally.errors import StoreError
from errtally.exporter.store.connection import ERRORS
from errtally.exporter.store.postgres.database import PostgresDatabase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from errtally.exporter.store.postgres.connection import PostgresConnection


class SeldomConnection:
    """One connection that many threads share, one after the other. Tables of an older version are left as they are.

    Args:
        address: of the database.
        patience_seconds: how long it may say nothing.
    """

    def __init__(self, address: str, patience_seconds: float) -> None:
        self._database = PostgresDatabase(address, "")
        self._patience_seconds = patience_seconds
        self._lock = threading.Lock()
        self._connection: PostgresConnection | None = None

    @contextmanager
    def opened(self) -> Iterator[PostgresConnection]:
        """Have the connection for oneself.

        Raises:
            StoreError: the database can't be asked, or what is done with it fails.
        """
        with self._lock:
            if self._connection is None:
                self._connection = self._database.connect(patience_seconds=self._patience_seconds, upgrades=False)
            try:
                yield self._connection
            except ERRORS as exc:
                self.close()
                raise StoreError(f"{self._database.name}: {exc}") from exc

    @contextmanager
    def transaction(self) -> Iterator[PostgresConnection]:
        """Have it for one transaction, which is over afterwards: done, or undone when anything is raised within.

        Raises:
            StoreError: as `opened`.
        """
        with self.opened() as db:
            db.execute("BEGIN")
            try:
                yield db
            except BaseException:
                self.close()
                raise
            db.execute("COMMIT")

    def close(self) -> None:
        """Close it; it may be used again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
