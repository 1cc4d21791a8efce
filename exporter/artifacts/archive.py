"""The uploaded files of one data directory: contents as files named by their SHA-1, an SQLite index beside them.

Any process writes: uploads are rare, and none of them takes part in what the writer keeps consistent. The contents are
compressed with Zstandard, which makes a source map five times smaller.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
import threading
from dataclasses import fields
from hashlib import sha1
from pathlib import Path
from typing import TYPE_CHECKING, Final

import zstandard

from errtally.errors import StoreError
from errtally.exporter.artifacts.artifact import Artifact

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

DIRECTORY: Final = "artifacts"
INDEX_NAME: Final = "index.sqlite3"

_BUSY_TIMEOUT_SECONDS: Final = 5.0
_COLUMNS: Final = ", ".join(field.name for field in fields(Artifact))
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
  UNIQUE (project, debug_id, kind, release, dist, url)
);
CREATE INDEX IF NOT EXISTS artifacts_release ON artifacts (project, release, url);
CREATE INDEX IF NOT EXISTS artifacts_content ON artifacts (sha1)"""


class Archive:
    """Contents and index of the uploaded files. Safe for threads.

    Args:
        data_dir: of the exporter; nothing is made in it before the first upload.
    """

    def __init__(self, data_dir: Path) -> None:
        self.directory = data_dir / DIRECTORY
        self._index = self.directory / INDEX_NAME
        self._local = threading.local()

    def keep(self, content: bytes) -> str:
        """Keep a content, once however often it comes; return its SHA-1.

        Raises:
            StoreError: it can't be written.
        """
        digest = sha1(content, usedforsecurity=False).hexdigest()
        path = self._path(digest)
        if path.exists():
            return digest
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as draft:
                draft.write(zstandard.compress(content))
                draft.flush()
                os.fsync(draft.fileno())
            Path(draft.name).rename(path)
        except OSError as exc:
            raise StoreError(f"{path}: {exc}") from exc
        return digest

    def content(self, digest: str) -> bytes:
        """Return a content by its SHA-1.

        Raises:
            StoreError: it is not there, or can't be read.
        """
        path = self._path(digest)
        try:
            return zstandard.decompress(path.read_bytes())
        except (OSError, zstandard.ZstdError) as exc:
            raise StoreError(f"{path}: {exc}") from exc

    def add(self, artifacts: Iterable[Artifact]) -> None:
        """Enter files into the index; one with the same project, debug id, kind, release, dist and URL is replaced.

        Raises:
            StoreError: the index can't be written.
        """
        rows = [tuple(getattr(one, field.name) for field in fields(Artifact)) for one in artifacts]
        marks = ", ".join("?" * len(fields(Artifact)))
        try:
            self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            db = self._connection()
            db.executescript(_SCHEMA)
            with db:
                db.execute("BEGIN IMMEDIATE")
                version = db.execute("PRAGMA user_version").fetchone()[0]
                db.execute(f"PRAGMA user_version = {version + 1}")
                db.executemany(f"INSERT OR REPLACE INTO artifacts ({_COLUMNS}) VALUES ({marks})", rows)  # noqa: S608
        except (sqlite3.Error, OSError) as exc:
            raise StoreError(f"{self._index}: {exc}") from exc

    def by_debug_id(self, project: str, debug_id: str) -> list[Artifact]:
        """Return the files that have a debug id: a script and its map share one. The newest upload comes first.

        Raises:
            StoreError: the index can't be read.
        """
        return self._find("project = ? AND debug_id = ?", (project, debug_id))

    def by_url(self, project: str, release: str, dist: str, urls: Sequence[str]) -> list[Artifact]:
        """Return the files of a release under any of some URLs.

        Args:
            project: whose event it is.
            release: of the event.
            dist: of the event; files of another distribution are not found, those without one are.
            urls: as the index has them, with ``~`` for scheme and host.

        Raises:
            StoreError: the index can't be read.
        """
        marks = ", ".join("?" * len(urls))
        return self._find(
            f"project = ? AND release = ? AND dist IN ('', ?) AND url IN ({marks})", (project, release, dist, *urls)
        )

    def of_release(self, project: str, release: str) -> list[Artifact]:
        """Return all files of a release.

        Raises:
            StoreError: the index can't be read.
        """
        return self._find("project = ? AND release = ?", (project, release))

    def version(self) -> int:
        """Return a number that is another one after each change of the index; 0 before the first upload.

        Who remembers what was not found asks for it: it costs microseconds.

        Raises:
            StoreError: the index can't be read.
        """
        if not self._index.exists():
            return 0
        try:
            version: int = self._connection().execute("PRAGMA user_version").fetchone()[0]
        except sqlite3.Error as exc:
            raise StoreError(f"{self._index}: {exc}") from exc
        return version

    def _find(self, where: str, values: Sequence[str]) -> list[Artifact]:
        if not self._index.exists():
            return []
        try:
            rows = self._connection().execute(
                f"SELECT {_COLUMNS} FROM artifacts WHERE {where} ORDER BY uploaded DESC, id DESC",  # noqa: S608
                values,
            )
            return [Artifact(*row) for row in rows]
        except sqlite3.Error as exc:
            raise StoreError(f"{self._index}: {exc}") from exc

    def _path(self, digest: str) -> Path:
        return self.directory / "contents" / digest[:2] / f"{digest}.zst"

    def _connection(self) -> sqlite3.Connection:
        """Return this thread's connection."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = sqlite3.connect(
                self._index, timeout=_BUSY_TIMEOUT_SECONDS, isolation_level=None
            )
            connection.execute("PRAGMA journal_mode = WAL")
        return connection
