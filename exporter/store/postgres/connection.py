"""One connection to PostgreSQL, as the store asks for it (see `store.connection`)."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from errtally.errors import StoreError
from errtally.exporter.store.connection import DatabaseError
from errtally.exporter.store.meta import VERSION
from errtally.exporter.store.postgres.adapting import adapt, named_rows
from errtally.exporter.store.postgres.arrays import array
from errtally.exporter.store.postgres.statements import numbered, of_rows, translate
from errtally.exporter.store.upgrades import SCHEMA_VERSION, refusal

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence

    from errtally.exporter.store.connection import Cursor

CONNECT_SECONDS = 5

READ_SECONDS = 20.0
WRITE_SECONDS = 60.0
"""How long the server may say nothing while it is waited for: one that hangs does not even end its connections."""

_KEPT_ALIVE = "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3"
"""So that the server notices that a client's machine or network is gone, and lets go of what that had."""

IDLE_SECONDS = 6
READER_IDLE_SECONDS = 60
"""How long a transaction may have nothing to do: whoever is paused within one holds nobody up for longer."""

USED_SECONDS = 60.0
"""How long a reader goes by what it has measured."""

_SIZES = """SELECT coalesce(sum(size), 0), coalesce(sum(size) FILTER (WHERE name <> 'samples'), 0)
  + (SELECT coalesce(sum(octet_length(page)), 0) FROM samples)
FROM (SELECT relname AS name, pg_total_relation_size(oid) AS size FROM pg_class
  WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND relname NOT LIKE 'artifact%') AS tables"""
"""What all tables of the store take, and the same with what samples hold, for that shrinks at once when some go."""


_BEGIN_READING = f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {VERSION}"
"""In one way to the server and back."""

_UNUSABLE = (TransactionStatus.ACTIVE, TransactionStatus.UNKNOWN)
"""What a connection is not in when a statement has ended, unless it is gone."""


class _Waiting(psycopg.Connection[Any]):
    """Waits for so long for a sign of its server, and then takes it for gone.

    Attributes:
        patience_seconds: how long that is.
    """

    patience_seconds = WRITE_SECONDS

    def wait(self, gen: Generator[Any, Any, Any], *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 (as psycopg has it)
        """Run one of psycopg's operations to its end."""
        return super().wait(self._within_patience(gen), *arguments, **options)

    def _within_patience(self, gen: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        end = time.monotonic() + self.patience_seconds
        try:
            wanted = next(gen)
            while True:
                is_ready = yield wanted
                now = time.monotonic()
                if is_ready:
                    end = now + self.patience_seconds
                elif now > end:
                    self.pgconn.finish()
                    raise psycopg.OperationalError(f"no answer within {self.patience_seconds:g} s")
                wanted = gen.send(is_ready)
        except StopIteration as done:
            return done.value


class _Nothing:
    """What a statement finds and changes that was executed for no row."""

    rowcount = 0

    def fetchone(self) -> None:
        """Return that there is no row."""

    def fetchall(self) -> list[Any]:
        """Return no rows."""
        return []

    def __iter__(self) -> Iterator[Any]:
        """Yield no rows."""
        return iter(())


class PostgresConnection:
    """A connection that is used by one thread at a time.

    Args:
        address: as libpq has it.
        is_reader: whether rows can be asked by name, and nothing is written.
        patience_seconds: how long the server may say nothing; None for what fits the use.

    Raises:
        StoreError: the database does not answer, or refuses.
    """

    def __init__(self, address: str, *, is_reader: bool, patience_seconds: float | None = None) -> None:
        self._is_reader = is_reader
        self._begins_with: tuple[str, Sequence[Any]] | None = None
        self._is_lost = False
        self._types: dict[str, list[str]] = {}
        self._sizes: tuple[float, tuple[int, int]] = (float("-inf"), (0, 0))
        try:
            self._connection = _Waiting.connect(
                address,
                autocommit=True,
                row_factory=named_rows if is_reader else tuple_row,
                connect_timeout=CONNECT_SECONDS,
            )
        except psycopg.ProgrammingError:  # it says the address, and so the password
            raise StoreError(f"{name_of(address)}: its address is none that libpq understands") from None
        except psycopg.Error as exc:
            raise StoreError(f"{name_of(address)}: {_said(exc)}") from exc
        self._connection.patience_seconds = patience_seconds or (READ_SECONDS if is_reader else WRITE_SECONDS)
        idle_seconds = READER_IDLE_SECONDS if is_reader else IDLE_SECONDS
        settings = (
            f"SET idle_in_transaction_session_timeout = '{idle_seconds}s'; {_KEPT_ALIVE};"
            f"SET statement_timeout = '{int(self._connection.patience_seconds)}s'"
        )
        try:
            self._connection.execute(settings.encode())
        except psycopg.Error as exc:
            raise StoreError(f"{name_of(address)}: {_said(exc)}") from exc
        adapt(self._connection)

    def __del__(self) -> None:
        """Close it where nobody did: a reader's thread may end at any time, and nobody asks it to."""
        if hasattr(self, "_connection"):
            self._connection.close()

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open, also one that failed."""
        status = self._connection.info.transaction_status
        return status in (TransactionStatus.INTRANS, TransactionStatus.INERROR)

    @property
    def is_ours(self) -> bool:
        """Whether it is connected, and what was to hold for each transaction held so far (see `begin_with`)."""
        return not self._is_lost and not self._connection.closed

    def begin_with(self, statement: str, values: Sequence[Any]) -> None:
        """Have each writing transaction begin with a statement; when that finds nothing, no more is written."""
        self._begins_with = (statement, values)

    def execute(self, statement: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> Cursor:
        """Execute one statement.

        Raises:
            DatabaseError: it fails, or the connection is gone; or a reader begins to read tables of another version.
        """
        if self._is_reader and statement == "BEGIN":
            return self._begin_reading()
        with self._errors():
            cursor = self._connection.execute(translate(statement), values)
        if statement == "BEGIN IMMEDIATE" and self._begins_with is not None:
            self._check(*self._begins_with)
        return cursor

    def _begin_reading(self) -> Cursor:
        """Begin a transaction in which all is of one moment, and of our version: a newer exporter changes tables."""
        with self._errors():
            cursor = self._connection.execute(_BEGIN_READING)
        cursor.nextset()
        (version,) = cursor.fetchone() or ("0",)
        if int(version) != SCHEMA_VERSION:
            self._connection.close()
            raise DatabaseError(refusal(int(version)))
        return cursor

    def _check(self, statement: str, values: Sequence[Any]) -> None:
        if self.execute(statement, values).fetchone() is None:
            self._is_lost = True
            self.execute("ROLLBACK")
            raise DatabaseError("another exporter writes it by now")

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]]) -> Cursor:
        """Execute one statement for each row of values.

        Raises:
            DatabaseError: it fails, or the connection is gone.
        """
        cursor, all_rows = self._connection.cursor(), list(rows)
        if not all_rows:
            return _Nothing()
        with self._errors():
            cursor.executemany(translate(statement), all_rows)
        return cursor

    def write_rows(self, statement: str, rows: Iterable[Sequence[Any]]) -> Cursor:
        """Execute one statement for all rows of values at once; each is of another row of the table.

        Raises:
            DatabaseError: it fails, or the connection is gone.
        """
        all_rows = list(rows)
        if not all_rows:
            return _Nothing()
        columns = list(zip(*all_rows, strict=True))
        with self._errors():
            if (types := self._types.get(statement)) is None:
                types = self._types[statement] = self._types_of(statement)
            texts = (values for type_, values in zip(types, columns, strict=True) if type_ == "text")
            if any("\0" in "".join(filter(None, values)) for values in texts):
                return self.executemany(statement, all_rows)  # keys that differ in what stands for NUL are one row's
            arrays = [array(type_, values) for type_, values in zip(types, columns, strict=True)]
            return self._connection.execute(of_rows(statement), arrays)

    def _types_of(self, statement: str) -> list[str]:
        """Return what the server takes the values of a statement for."""
        name = f"types_{len(self._types)}"
        self._connection.execute(f"PREPARE {name} AS {numbered(statement)}".encode())
        found = self._connection.execute(
            "SELECT parameter_types::text[] FROM pg_prepared_statements WHERE name = %s", (name,)
        ).fetchone()
        self._connection.execute(f"DEALLOCATE {name}".encode())
        assert found is not None
        types: list[str] = found[0]
        return types

    def script(self, statements: str) -> None:
        """Execute statements that take no values, as they stand.

        Raises:
            DatabaseError: one fails, or the connection is gone.
        """
        with self._errors():
            self._connection.execute(statements)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as exc:
            is_gone = exc.sqlstate is None and isinstance(exc, (psycopg.OperationalError, psycopg.InterfaceError))
            state = self._connection.info
            # One that was cut within a pipeline stays there, and refuses all that follows.
            if is_gone or state.pipeline_status or state.transaction_status in _UNUSABLE:
                self._connection.close()
            raise DatabaseError(_said(exc)) from exc

    def used_bytes(self) -> int:
        """Return the size of all tables; of samples what they hold.

        Raises:
            DatabaseError: it can't be measured.
        """
        return self._measured()[1]

    def size_bytes(self) -> int:
        """Return what all tables take of the disk.

        Raises:
            DatabaseError: it can't be measured.
        """
        return self._measured()[0]

    def _measured(self) -> tuple[int, int]:
        at, sizes = self._sizes
        if not self._is_reader or time.monotonic() - at > USED_SECONDS:
            size, used = self.execute(_SIZES).fetchone()
            sizes = (int(size), int(used))
            self._sizes = (time.monotonic(), sizes)
        return sizes

    def vacuum(self) -> bool:
        """Return that nothing has to be given back: PostgreSQL's autovacuum does."""
        return False

    def close(self) -> None:
        """Close it."""
        self._connection.close()


def name_of(address: str) -> str:
    """Return what messages call a database: its address without what is secret."""
    try:
        parts = psycopg.conninfo.conninfo_to_dict(address)
    except psycopg.Error:
        return "the database"
    place = parts.get("host") or parts.get("hostaddr") or "local socket"
    return f"PostgreSQL {parts.get('dbname', '')} at {place}".replace("  ", " ")


def _said(exc: psycopg.Error) -> str:
    """Return an error's first line: those that follow tell where in our statement it is."""
    return str(exc).strip().split("\n", 1)[0] or type(exc).__name__
