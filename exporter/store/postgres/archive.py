"""The uploaded files of all exporters on a database: contents and entries are there, and each has a copy on its disk.

Events are read by the copy, so a database that is away or slow holds nothing up. Each change of the entries has a
number, given out in the transaction that makes it, behind a lock: who knows all up to one number asks for what came
behind it. Contents are sent before the entries that name them, each in a transaction of its own.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import threading
import time
from contextlib import contextmanager
from dataclasses import fields
from typing import TYPE_CHECKING, Final

import structlog

from errtally.errors import StoreError
from errtally.exporter.artifacts.archive import Archive
from errtally.exporter.artifacts.artifact import Artifact
from errtally.exporter.artifacts.contents import YOUNG_SECONDS
from errtally.exporter.artifacts.index import DAY_SECONDS, Mark
from errtally.exporter.store.postgres.seldom import SeldomConnection

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from errtally.exporter.store.connection import Connection

PATIENCE_SECONDS: Final = 20.0
PART_BYTES: Final = 1024 * 1024
"""What one row holds of a content."""

LOCK_NAME: Final = "following.lock"

_NAMES: Final = tuple(field.name for field in fields(Artifact))
_COLUMNS: Final = ", ".join(_NAMES)
_KEY: Final = ("project", "debug_id", "kind", "release", "dist", "url")
_MARKS: Final = ", ".join("?" * (len(_NAMES) + 2))

_MAKE: Final = "INSERT INTO artifact_changes VALUES (0, ?, 0, 0) ON CONFLICT (part) DO NOTHING"
_MARK: Final = "SELECT name, change, removed FROM artifact_changes WHERE part = 0"
_LOCK: Final = f"{_MARK} FOR UPDATE"
_NEXT: Final = "UPDATE artifact_changes SET change = change + 1, removed = removed + ? WHERE part = 0 RETURNING change"
_ENTER: Final = f"INSERT INTO artifacts ({_COLUMNS}, used, change) VALUES ({_MARKS})"  # noqa: S608 (constants)
_REPLACE: Final = """DELETE FROM artifacts WHERE project = ? AND debug_id = ? AND kind = ? AND release = ? AND dist = ?
  AND md5(url) = md5(?)"""
_NEWER: Final = f"SELECT id, used, {_COLUMNS} FROM artifacts WHERE change > ? ORDER BY id"  # noqa: S608 (constants)
_SIZES: Final = """SELECT c.sha1, c.size_bytes FROM artifacts a JOIN artifact_contents c ON c.sha1 = a.sha1
GROUP BY c.sha1, c.size_bytes ORDER BY max(a.used)"""
_UNNAMED: Final = """DELETE FROM artifact_contents c WHERE kept < ?
  AND NOT EXISTS (SELECT 1 FROM artifacts a WHERE a.sha1 = c.sha1)"""

_log = structlog.get_logger(__name__)


class SharedArchive(Archive):
    """The uploaded files of all exporters, and this one's copy of them. Safe for threads and processes.

    Args:
        data_dir: of the exporter.
        address: of the database.
        min_free_bytes: what stays free on the disk: without it no more is copied.
    """

    is_shared = True

    def __init__(self, data_dir: Path, address: str, min_free_bytes: int = 0) -> None:
        super().__init__(data_dir)
        self._shared = SeldomConnection(address, PATIENCE_SECONDS)
        self._min_free_bytes = min_free_bytes
        self._following = threading.Lock()
        self._told_used = 0.0

    def content(self, digest: str) -> bytes:
        """Return a content by its SHA-1; from the database where the copy of it is gone or damaged."""
        try:
            return super().content(digest)
        except StoreError:
            self._contents.drop(digest)
            if not self._fetch(digest):
                raise
            return super().content(digest)

    def add(self, artifacts: Iterable[Artifact]) -> None:
        """Enter files for all exporters; when this returns, the database has them."""
        now = time.time()
        self._enter([(one, now) for one in artifacts])
        self.refresh()

    def is_assembled(self, project: str, checksum: str, release: str, dist: str, name: str = "") -> bool:
        """Whether any exporter has put an upload together before; as `Archive.is_assembled`."""
        where = "project = ? AND checksum = ? AND release = ? AND dist = ? AND name = ?"
        with self._shared.opened() as db:
            values = (project, checksum, release, dist, name)
            return db.execute(f"SELECT 1 FROM artifact_assembled WHERE {where}", values).fetchone() is not None  # noqa: S608 (a constant)

    def note_assembled(self, project: str, checksum: str, release: str, dist: str, name: str = "") -> None:
        """Note that an upload was put together."""
        with self._shared.opened() as db:
            values = (project, checksum, release, dist, name)
            db.execute("INSERT INTO artifact_assembled VALUES (?, ?, ?, ?, ?)", values)

    def sweep(self, now: float, *, kept_days: float, stored_limit_bytes: int) -> int:
        """Remove what all exporters keep no longer; as `Archive.sweep`."""
        with self._shared.transaction() as db:
            _lock(db)
            gone = db.execute("DELETE FROM artifacts WHERE used < ?", (now - kept_days * DAY_SECONDS,)).rowcount
            sizes = [(digest, int(size)) for digest, size in db.execute(_SIZES)]
            beyond = sum(size for _, size in sizes) - stored_limit_bytes
            for digest, size in sizes:
                if beyond <= 0:
                    break
                gone += db.execute("DELETE FROM artifacts WHERE sha1 = ?", (digest,)).rowcount
                beyond -= size
            if gone:
                _note_removed(db)
            db.execute(_UNNAMED, (now - YOUNG_SECONDS,))
        self.refresh()
        self._contents.sweep(set(self.index.digests()), now)
        return gone

    def refresh(self, *, waits: bool = True) -> None:
        """Bring this exporter's copy up to date.

        Args:
            waits: whether to wait where another thread or process is at it.

        Raises:
            StoreError: the database can't be asked, or the copy not be written.
        """
        with self._alone(waits=waits) as is_mine:
            if not is_mine:
                return
            with self._shared.opened() as db:
                row = db.execute(_MARK).fetchone()
            if row is None:
                with self._shared.opened() as db:
                    db.execute(_MAKE, (secrets.token_hex(8),))
                    row = db.execute(_MARK).fetchone()
            mark, known = Mark(*row), self.index.mark()
            if known is None or known.name != mark.name:
                self._join(mark)
            elif known != mark:
                self._follow(known, mark)
            self._tell_used()

    def bring(self) -> int:
        """Have all files of the database in the data directory, as its own; return how many. It is given none.

        Raises:
            StoreError: the database can't be asked, or the copy not be written.
        """
        with self._alone(waits=True), self._shared.opened() as db:
            row = db.execute(_MARK).fetchone()
        if row is not None:
            self._copy(Mark(*row), 0, is_whole=True)
            self.index.unfollow()
        return len(self.index.all())

    def close(self) -> None:
        """Close what is open; it may be used again."""
        super().close()
        self._shared.close()

    def _remove(self, where: str, values: Sequence[object]) -> int:
        with self._shared.transaction() as db:
            _lock(db)
            gone = db.execute(f"DELETE FROM artifacts WHERE {where}", tuple(values)).rowcount  # noqa: S608 (constants)
            if gone:
                _note_removed(db)
        self.refresh()
        return gone

    def _enter(self, artifacts: Sequence[tuple[Artifact, float]]) -> None:
        """Send contents, then enter the files that have them, each with when it was last used."""
        entries = {tuple(getattr(one, name) for name in _KEY): (one, used) for one, used in artifacts}
        for digest in {one.sha1 for one, _ in entries.values()}:
            self._send(digest)
        with self._shared.transaction() as db:
            _lock(db)
            (change,) = db.execute(_NEXT, (0,)).fetchone()
            db.write_rows(_REPLACE, list(entries))
            rows = [(*(getattr(one, name) for name in _NAMES), used, change) for one, used in entries.values()]
            db.write_rows(_ENTER, rows)

    def _send(self, digest: str) -> None:
        """Have the database keep a content, which is whole there or not at all."""
        now = time.time()
        with self._shared.transaction() as db:
            if db.execute("UPDATE artifact_contents SET kept = ? WHERE sha1 = ?", (now, digest)).rowcount:
                return
            parts = self._contents.parts(digest, PART_BYTES)
            size = self._contents.size(digest)
            made = db.execute(
                "INSERT INTO artifact_contents VALUES (?, ?, ?) ON CONFLICT (sha1) DO NOTHING", (digest, size, now)
            ).rowcount
            for number, part in enumerate(parts if made else ()):
                db.execute("INSERT INTO artifact_parts VALUES (?, ?, ?)", (digest, number, part))

    def _fetch(self, digest: str) -> bool:
        """Copy a content from the database; False where it has none any more."""
        with self._shared.opened() as db:
            row = db.execute("SELECT size_bytes FROM artifact_contents WHERE sha1 = ?", (digest,)).fetchone()
            if row is None:
                return False
            free = shutil.disk_usage(self.directory.parent).free
            if free - row[0] < self._min_free_bytes:
                raise StoreError(f"uploaded files are not copied from the database: the disk has {free:,} bytes left")
            return self._contents.take(digest, row[0], _parts(db, digest))

    def _join(self, mark: Mark) -> None:
        """Give the database what this exporter has and it has not, and take over all that is there."""
        own = self.index.all()
        with self._shared.opened() as db:
            rows = db.execute(f"SELECT {', '.join(_KEY)}, uploaded FROM artifacts").fetchall()  # noqa: S608 (constants)
        known = {tuple(row[:-1]): row[-1] for row in rows}
        ours = [
            (one, used)
            for _, used, one in own
            if known.get(tuple(getattr(one, name) for name in _KEY), float("-inf")) < one.uploaded
        ]
        if ours:
            _log.info("uploaded files are given to the database", files=len(ours))
            self._enter(ours)
            with self._shared.opened() as db:
                mark = Mark(*db.execute(_MARK).fetchone())
        self._copy(mark, 0, is_whole=True)

    def _follow(self, known: Mark, mark: Mark) -> None:
        """Copy what came since, and forget what went."""
        gone: set[int] = set()
        if known.removed != mark.removed:
            with self._shared.opened() as db:
                left = {row[0] for row in db.execute("SELECT id FROM artifacts")}
            gone = {id_ for id_, _, _ in self.index.all()} - left
        self._copy(mark, known.change, gone)

    def _copy(self, mark: Mark, since: int, gone: Iterable[int] = (), *, is_whole: bool = False) -> None:
        with self._shared.opened() as db:
            found = [(row[0], row[1], Artifact(*row[2:])) for row in db.execute(_NEWER, (since,))]
        # One whose content is gone was removed meanwhile, which the next mark tells.
        here = {one.sha1: self._contents.has(one.sha1) or self._fetch(one.sha1) for _, _, one in found}
        self.index.follow(mark, [entry for entry in found if here[entry[2].sha1]], gone, is_whole=is_whole)

    def _tell_used(self) -> None:
        """Tell the database what events were read by here since that was told last."""
        used = self.index.used_since(self._told_used)
        if used:
            with self._shared.opened() as db:
                db.write_rows(
                    "UPDATE artifacts SET used = ? WHERE id = ? AND used < ?", [(at, id_, at) for id_, at in used]
                )
            self._told_used = max(at for _, at in used)

    @contextmanager
    def _alone(self, *, waits: bool) -> Iterator[bool]:
        """Be the one thread and process that changes the copy; give False where another one is, and not waited for."""
        if not self._following.acquire(blocking=waits):
            yield False
            return
        try:
            self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = os.open(self.directory / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as exc:
            self._following.release()
            raise StoreError(f"{self.directory}: {exc}") from exc
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
        except BlockingIOError:
            is_mine = False
        else:
            is_mine = True
        try:
            yield is_mine
        finally:
            os.close(lock)
            self._following.release()


def _lock(db: Connection) -> None:
    """Let nobody else change entries until the transaction ends."""
    if db.execute(_LOCK).fetchone() is None:
        db.execute(_MAKE, (secrets.token_hex(8),))
        db.execute(_LOCK)


def _note_removed(db: Connection) -> None:
    db.execute(_NEXT, (1,))
    db.execute("DELETE FROM artifact_assembled")  # whatever was uploaded may have to come again


def _parts(db: Connection, digest: str) -> Iterator[bytes]:
    number = 0
    while row := db.execute(
        "SELECT content FROM artifact_parts WHERE sha1 = ? AND part = ?", (digest, number)
    ).fetchone():
        yield bytes(row[0])
        number += 1
