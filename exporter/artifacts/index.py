"""What is known of the uploaded files: an SQLite file that all processes read and write."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

import structlog

from errtally.errors import StoreError
from errtally.exporter.artifacts.artifact import Artifact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

FILE_NAME: Final = "index.sqlite3"
DAY_SECONDS: Final = 86_400

_BUSY_TIMEOUT_SECONDS: Final = 5.0
_NAMES: Final = tuple(field.name for field in fields(Artifact))
_COLUMNS: Final = ", ".join(_NAMES)
_DAY_BITS: Final = 16
_SCHEMA: Final = """CREATE TABLE IF NOT EXISTS artifacts (
  id         INTEGER PRIMARY KEY,
  project    TEXT NOT NULL,
  kind       TEXT NOT NULL,
  sha1       TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  debug_id   TEXT NOT NULL,
  release    TEXT NOT NULL,
  dist       TEXT NOT NULL,
  url        TEXT NOT NULL,
  map_url    TEXT NOT NULL,
  uploaded   REAL NOT NULL,
  used       REAL NOT NULL,  -- when it was last looked up, to a day
  UNIQUE (project, debug_id, kind, release, dist, url)
);
CREATE INDEX IF NOT EXISTS artifacts_release ON artifacts (project, release, url);
CREATE INDEX IF NOT EXISTS artifacts_content ON artifacts (sha1);
CREATE INDEX IF NOT EXISTS artifacts_used ON artifacts (used);
CREATE TABLE IF NOT EXISTS assembled (  -- uploads that were put together: one that comes again is done at once
  project  TEXT NOT NULL,
  checksum TEXT NOT NULL,
  release  TEXT NOT NULL,
  dist     TEXT NOT NULL,
  name     TEXT NOT NULL,  -- of a debug file: a mapping is found by it
  PRIMARY KEY (project, checksum, release, dist, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS followed (  -- up to where this is a copy of what exporters share, if it is one
  name    TEXT NOT NULL,
  change  INTEGER NOT NULL,
  removed INTEGER NOT NULL
)"""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Mark:
    """Up to where an index is a copy of what exporters share.

    Attributes:
        name: of what is shared.
        change: number of the last change.
        removed: how many changes removed something.
    """

    name: str
    change: int
    removed: int


class Index:
    """The index of one archive. Safe for threads.

    Args:
        path: of its file, which is made with the first entry.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._lock = threading.Lock()
        self._opened: list[sqlite3.Connection] = []

    def add(self, artifacts: Iterable[Artifact]) -> None:
        """Enter files; see `Archive.add`."""
        now = time.time()
        rows = [(*(getattr(one, name) for name in _NAMES), now) for one in artifacts]
        marks = ", ".join("?" * (len(_NAMES) + 1))
        with self._changing() as db:
            db.executemany(f"INSERT OR REPLACE INTO artifacts ({_COLUMNS}, used) VALUES ({marks})", rows)  # noqa: S608
            db.execute("DELETE FROM followed")  # of its own from here on

    def follow(
        self, mark: Mark, entries: Iterable[tuple[int, float, Artifact]], gone: Iterable[int], *, is_whole: bool
    ) -> None:
        """Be a copy of what exporters share, up to a mark.

        Args:
            mark: from then on.
            entries: that came: number, when it was last used, and the file.
            gone: numbers of those that went.
            is_whole: whether what came is all there is.

        Raises:
            StoreError: the index can't be written.
        """
        marks = ", ".join("?" * (len(_NAMES) + 2))
        rows = [(id_, used, *(getattr(one, name) for name in _NAMES)) for id_, used, one in entries]
        with self._changing() as db:
            if is_whole:
                db.execute("DELETE FROM artifacts")
            db.executemany("DELETE FROM artifacts WHERE id = ?", [(id_,) for id_ in gone])
            db.executemany(f"INSERT OR REPLACE INTO artifacts (id, used, {_COLUMNS}) VALUES ({marks})", rows)  # noqa: S608
            db.execute("DELETE FROM followed")
            db.execute("INSERT INTO followed VALUES (?, ?, ?)", (mark.name, mark.change, mark.removed))

    def unfollow(self) -> None:
        """Be an index of its own, with what it holds.

        Raises:
            StoreError: the index can't be written.
        """
        with self._changing(counts=False) as db:
            db.execute("DELETE FROM followed")

    def mark(self) -> Mark | None:
        """Return up to where this is a copy; None where it is none.

        Raises:
            StoreError: the index can't be read.
        """
        rows = self._rows("SELECT name, change, removed FROM followed", ())
        return Mark(*rows[0]) if rows else None

    def all(self) -> list[tuple[int, float, Artifact]]:
        """Return all entries: number, when it was last used, and the file.

        Raises:
            StoreError: the index can't be read.
        """
        return self._find("1 = 1", ())

    def used_since(self, since: float) -> list[tuple[int, float]]:
        """Return which entries were used after a time, and when.

        Raises:
            StoreError: the index can't be read.
        """
        return self._rows("SELECT id, used FROM artifacts WHERE used > ?", (since,))

    def look_up(
        self, where: str, values: Sequence[str], is_meant: Callable[[Artifact], bool] = lambda _: True
    ) -> list[Artifact]:
        """Return the files that an event asks for, the newest upload first, and note that they are used.

        Args:
            where: a condition in SQL.
            values: of its placeholders.
            is_meant: a further condition.

        Raises:
            StoreError: the index can't be read.
        """
        found = [entry for entry in self._find(where, values) if is_meant(entry[2])]
        now = time.time()
        if stale := [id_ for id_, used, _ in found if used < now - DAY_SECONDS]:
            try:
                with self._changing(counts=False) as db:
                    db.executemany("UPDATE artifacts SET used = ? WHERE id = ?", [(now, id_) for id_ in stale])
            except StoreError as exc:  # they are found all the same; they may only go too early
                _log.warning("the use of uploaded files was not noted", error=str(exc))
        return [one for _, _, one in found]

    def find(self, where: str, values: Sequence[object]) -> list[Artifact]:
        """Return the files that a condition in SQL is true of, the newest upload first, as somebody lists them.

        Raises:
            StoreError: the index can't be read.
        """
        return [one for _, _, one in self._find(where, values)]

    def holds(self, project: str) -> bool:
        """Whether a project has any file.

        Raises:
            StoreError: the index can't be read.
        """
        return bool(self._rows("SELECT 1 FROM artifacts WHERE project = ? LIMIT 1", (project,)))

    def digests(self) -> list[str]:
        """Return the SHA-1 of each content that a file has, that of the file used longest ago first.

        Raises:
            StoreError: the index can't be read.
        """
        return [row[0] for row in self._rows("SELECT sha1 FROM artifacts GROUP BY sha1 ORDER BY max(used)", ())]

    def remove(self, where: str, values: Sequence[object]) -> int:
        """Remove the files that a condition in SQL is true of; return how many.

        Raises:
            StoreError: the index can't be written.
        """
        if not self.path.exists():
            return 0
        with self._changing() as db:
            gone = db.execute(f"DELETE FROM artifacts WHERE {where}", tuple(values)).rowcount  # noqa: S608 (constants)
            if gone:
                db.execute("DELETE FROM assembled")  # whatever was uploaded may have to come again
                db.execute("DELETE FROM followed")
        return gone

    def is_assembled(self, project: str, checksum: str, release: str, dist: str, name: str = "") -> bool:
        """Whether an upload was put together before, and nothing was removed since.

        Raises:
            StoreError: the index can't be read.
        """
        where = "project = ? AND checksum = ? AND release = ? AND dist = ? AND name = ?"
        return bool(self._rows(f"SELECT 1 FROM assembled WHERE {where}", (project, checksum, release, dist, name)))  # noqa: S608 (constants)

    def note_assembled(self, project: str, checksum: str, release: str, dist: str, name: str = "") -> None:
        """Note that an upload was put together.

        Raises:
            StoreError: the index can't be written.
        """
        with self._changing(counts=False) as db:
            db.execute(
                "INSERT OR IGNORE INTO assembled VALUES (?, ?, ?, ?, ?)", (project, checksum, release, dist, name)
            )

    def version(self) -> int:
        """Return the number of `Archive.version`."""
        rows = self._rows("PRAGMA user_version", ())
        if not rows or not rows[0][0]:
            return 0
        day = int(time.time() // DAY_SECONDS) % (1 << _DAY_BITS)
        return int(rows[0][0]) << _DAY_BITS | day

    def close(self) -> None:
        """Close what all threads opened; the index may be used again."""
        with self._lock:
            opened, self._opened = self._opened, []
            self._local = threading.local()
        for connection in opened:
            connection.close()

    def _find(self, where: str, values: Sequence[object]) -> list[tuple[int, float, Artifact]]:
        query = f"SELECT id, used, {_COLUMNS} FROM artifacts WHERE {where} ORDER BY uploaded DESC, id DESC"  # noqa: S608
        return [(id_, used, Artifact(*row)) for id_, used, *row in self._rows(query, values)]

    def _rows(self, query: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        if not self.path.exists():
            return []
        try:
            return self._connection().execute(query, tuple(values)).fetchall()
        except sqlite3.Error as exc:
            raise StoreError(f"{self.path}: {exc}") from exc

    @contextmanager
    def _changing(self, *, counts: bool = True) -> Iterator[sqlite3.Connection]:
        """Give the connection in a transaction; ``counts`` when the version has to be another one afterwards."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            db = self._connection()
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                if counts:
                    version = db.execute("PRAGMA user_version").fetchone()[0]
                    db.execute(f"PRAGMA user_version = {version + 1}")
            except BaseException:
                db.rollback()
                raise
            db.commit()
        except (sqlite3.Error, OSError) as exc:
            raise StoreError(f"{self.path}: {exc}") from exc

    def _connection(self) -> sqlite3.Connection:
        """Return this thread's connection."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(
                self.path, timeout=_BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
            )
            with self._lock:
                self._opened.append(connection)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(_SCHEMA)
            self._local.connection = connection
        return connection
