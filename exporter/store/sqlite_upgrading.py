"""Brings an SQLite store of an older version to the newest one, whole or not at all, when a copy of it is made."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

import structlog

from errtally.errors import StoreError
from errtally.exporter.journal.syncing import sync_directory
from errtally.exporter.store.upgrades import STEPS

if TYPE_CHECKING:
    from pathlib import Path

COPY_PREFIX = "errtally-version-"
_COPY = re.compile(rf"{COPY_PREFIX}\d+-\d{{4}}-\d\d-\d\d\.sqlite3")
_DRAFT_SUFFIX = ".partial"

_log = structlog.get_logger(__name__)


def upgrade(db: sqlite3.Connection, path: Path, version: int, to: int, *, copies: bool) -> None:
    """Bring a store up to date.

    Args:
        db: open for writing, by nobody else.
        path: its file.
        version: that it has.
        to: that it gets.
        copies: whether a copy is made beside it first.

    Raises:
        StoreError: there is no room for the copy, or it can't be made; the store is as it was.
        sqlite3.Error: a step fails; the store is as it was.
    """
    copy = _copy_beside(db, path, version, to) if copies else None
    _log.info("the schema is brought up to date", store=str(path), version=version, to=to)
    began = time.monotonic()
    steps = ";".join(f"{STEPS[older].sql};{STEPS[older].sqlite}" for older in range(version, to))
    # One transaction: when this is killed, the store has its old version still, and the copy is of that one.
    db.executescript(f"BEGIN IMMEDIATE; {steps}; PRAGMA user_version = {to}; COMMIT;")
    seconds = round(time.monotonic() - began, 3)
    _log.info("the schema is up to date", store=str(path), seconds=seconds, copy=str(copy or "none"))


def copy_database(db: sqlite3.Connection, target: Path) -> int:
    """Copy a database at one moment into a new file, for its owner alone; others may use it meanwhile.

    Returns:
        The size of the copy in bytes; it is on the disk.

    Raises:
        sqlite3.Error, OSError: it can't be read, or not be written; what was written stays.
    """
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    with closing(sqlite3.connect(target)) as new:
        db.backup(new)
    with target.open("rb") as file:
        os.fsync(file.fileno())
        return os.fstat(file.fileno()).st_size


def _copy_beside(db: sqlite3.Connection, path: Path, version: int, to: int) -> Path:
    """Make the copy, and let go of older ones; return where it is.

    Raises:
        StoreError: there is no room for it, or it can't be made.
    """
    copy = path.with_name(f"{COPY_PREFIX}{version}-{time.strftime('%Y-%m-%d', time.gmtime())}.sqlite3")
    draft = copy.with_name(f"{copy.name}{_DRAFT_SUFFIX}")
    try:
        for left in path.parent.glob(f"{COPY_PREFIX}*{_DRAFT_SUFFIX}*"):  # by a process that was killed
            left.unlink()
        pages, page_bytes = db.execute(
            "SELECT page_count, page_size FROM pragma_page_count, pragma_page_size"
        ).fetchone()
        needed, free = pages * page_bytes, shutil.disk_usage(path.parent).free
        if free < needed:
            raise StoreError(_refused(path, version, to, f"it needs {needed:,} bytes, and {free:,} are free"))
        try:
            size = copy_database(db, draft)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        draft.rename(copy)
        sync_directory(path.parent)
        for older in path.parent.iterdir():
            if older != copy and _COPY.fullmatch(older.name):
                older.unlink()
    except (OSError, sqlite3.Error) as exc:
        raise StoreError(_refused(path, version, to, str(exc))) from exc
    _log.info("the store was copied before its schema is brought up to date", copy=str(copy), bytes=size)
    return copy


def _refused(path: Path, version: int, to: int, reason: str) -> str:
    return (
        f"{path}: it stays at version {version} of its schema and is not brought to {to}, since no copy of it can be "
        f"made first: {reason}. Make room, or set `upgrade_copy: false` to go without a copy"
    )
