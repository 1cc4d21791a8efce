"""A store in an SQLite file: made once, its schema checked, the same settings for the writer and every reader."""

from __future__ import annotations

import sqlite3
import time
from contextlib import suppress
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from errtally.errors import StoreError, StoreVersionError
from errtally.exporter.journal.backlog import Backlog
from errtally.exporter.store.sqlite_place import SqlitePlace
from errtally.exporter.store.sqlite_upgrading import upgrade
from errtally.exporter.store.upgrades import SCHEMA_VERSION, refusal

if TYPE_CHECKING:
    from errtally.exporter.store.connection import Connection

FILE_NAME = "errtally.sqlite3"
BUSY_TIMEOUT_SECONDS = 5.0

STEP_PAGES = 500
"""Free pages that one step gives back to the system, 2 MB: some milliseconds."""

FREE_SHARE = 0.05
FREE_PAGES = 256
"""Free pages are used again; they go back only when there are more than these, and more than that share of all."""


class SqliteConnection(sqlite3.Connection):
    """A connection that is closed with its holder: a reader's thread may end at any time, and nobody asks it to."""

    def __del__(self) -> None:
        """Close it where nobody did; sqlite3 itself would warn of that from Python 3.13 on."""
        with suppress(sqlite3.ProgrammingError):  # it was never opened
            self.close()

    write_rows = sqlite3.Connection.executemany
    """One by one: the file is in this process."""

    @property
    def is_ours(self) -> bool:
        """Whether it can be written: the file belongs to this process."""
        return True

    def used_bytes(self) -> int:
        """Return the size of the pages that hold something.

        Raises:
            sqlite3.Error: the store can't be read.
        """
        used: int = self.execute(
            """SELECT (page_count - freelist_count) * page_size
            FROM pragma_page_count, pragma_freelist_count, pragma_page_size"""
        ).fetchone()[0]
        return used

    def size_bytes(self) -> int:
        """Return the size of the files.

        Raises:
            sqlite3.Error: the store can't be read.
            OSError: one can't be looked at.
        """
        path = Path(self.execute("SELECT file FROM pragma_database_list WHERE name = 'main'").fetchone()[0])
        return sum(one.stat().st_size for one in path.parent.glob(f"{path.name}*"))

    def vacuum(self) -> bool:
        """Give some free pages back to the system; whether there are more that should go.

        Raises:
            sqlite3.Error: the store can't be written.
        """
        if not self._is_roomy():
            return False
        # `execute` would stop at the first page, since the statement has no columns.
        self.executescript(f"PRAGMA incremental_vacuum({STEP_PAGES})")
        return self._is_roomy()

    def _is_roomy(self) -> bool:
        pages, free = self.execute(
            "SELECT page_count, freelist_count FROM pragma_page_count, pragma_freelist_count"
        ).fetchone()
        return bool(free > max(FREE_PAGES, FREE_SHARE * pages))


def create(path: Path, *, synchronous: str = "NORMAL", copies: bool = True) -> SqliteConnection:
    """Open the store for writing; make it when it is not there, bring one of an older version up to date.

    Args:
        path: the database file.
        synchronous: NORMAL survives the death of the process, FULL also the loss of power.
        copies: whether a store of an older version is copied before it is brought up to date.

    Raises:
        StoreError: the file can't be opened, is no database, was made by a newer version, or can't be copied.
    """
    connection = None
    try:
        connection = sqlite3.connect(
            path,
            timeout=BUSY_TIMEOUT_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            factory=SqliteConnection,
        )
        # Takes effect in an empty file only; then pages that are free can go back to the system in small steps.
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA cache_size = -8000")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            schema = resources.files("errtally.exporter.store").joinpath("schema.sql").read_text(encoding="utf-8")
            connection.executescript(
                f"BEGIN IMMEDIATE; {schema}; PRAGMA user_version = {SCHEMA_VERSION};"  # noqa: S608 (constants of our own)
                f"INSERT INTO meta VALUES ('created', '{time.time()}'), ('change', '0'); COMMIT;"
            )
        connection.create_function("casefold", 1, str.casefold, deterministic=True)
        if 0 < version < SCHEMA_VERSION:
            upgrade(connection, path, version, SCHEMA_VERSION, copies=copies)
        if version > SCHEMA_VERSION:
            raise StoreVersionError(f"{path}: {refusal(version)}")
    except (sqlite3.Error, StoreError) as exc:
        if connection is not None:
            connection.close()
        if isinstance(exc, StoreError):
            raise
        raise StoreError(f"{path}: {exc}") from exc
    return connection


def read_only(path: Path) -> SqliteConnection:
    """Open the store for reading.

    Raises:
        StoreError: the file is not there or can't be opened.
    """
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro",  # a path may hold ?, # and %
            uri=True,
            timeout=BUSY_TIMEOUT_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            factory=SqliteConnection,
        )
        connection.execute("PRAGMA cache_size = -2000")
        connection.row_factory = sqlite3.Row
    except sqlite3.Error as exc:
        raise StoreError(f"{path}: {exc}") from exc
    return connection


class SqliteDatabase:
    """The store of one data directory.

    Args:
        data_dir: of the exporter.
        synchronous: as in `create`.
        copies: as in `create`.
    """

    def __init__(self, data_dir: Path, *, synchronous: str = "NORMAL", copies: bool = True) -> None:
        self.path = data_dir / FILE_NAME
        self._synchronous = synchronous
        self._copies = copies

    @property
    def name(self) -> str:
        """What messages call it."""
        return str(self.path)

    def writer(self) -> SqliteConnection:
        """Open it for writing, as `create`."""
        return create(self.path, synchronous=self._synchronous, copies=self._copies)

    def reader(self) -> SqliteConnection:
        """Open it for reading, as `read_only`."""
        return read_only(self.path)

    def place(self) -> SqlitePlace:
        """Return what watches its files."""
        return SqlitePlace(self.path)

    def positions(self, db: Connection) -> dict[str, int]:
        """Return up to where each segment of the journal is folded.

        Raises:
            sqlite3.Error: the store can't be read.
        """
        return dict(db.execute('SELECT segment, "offset" FROM positions').fetchall())

    def waiting(self, db: Connection) -> Backlog:  # noqa: ARG002 (others ask it)
        """Return that nothing waits beside the journal of the data directory."""
        return Backlog()
