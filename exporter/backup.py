"""Copies journal, store and uploaded files of an exporter, running or not; what was accepted is in it exactly once.

The copy is a data directory of its own. The store comes first, at one moment; then all segments of the journal, which
hold whatever was not folded at that moment. A segment that the writer gives up meanwhile may have been folded just
before or just after that moment, and nothing in the copy would say which: then all is done again.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from errtally.errors import ErrtallyError
from errtally.exporter.artifacts import archive, contents, index
from errtally.exporter.installation import JOURNAL_DIRECTORY, SECRET_FILE
from errtally.exporter.journal.appender import SUFFIX
from errtally.exporter.journal.reader import DAMAGED_SUFFIX
from errtally.exporter.store import sqlite, tokens
from errtally.exporter.store.sqlite_upgrading import copy_database

if TYPE_CHECKING:
    from typing import BinaryIO

_TRIES = 20


class BackupError(ErrtallyError):
    """The copy can't be made; nothing is left of it."""


def backup(data_dir: Path, target: Path) -> int:
    """Copy an exporter's data into a new folder.

    Args:
        data_dir: of the exporter.
        target: the folder to make; an exporter that is started with it goes on from there.

    Returns:
        The size of the copy in bytes.

    Raises:
        BackupError: there is no store, the target exists, or something can't be read or written.
    """
    if target.exists():
        raise BackupError(f"{target} exists already: a backup is a new folder")
    if not (data_dir / sqlite.FILE_NAME).exists():
        raise BackupError(f"{data_dir}: no exporter keeps its data here; say where with --data-dir or --config")
    draft = target.with_name(f"{target.name}.partial")
    try:
        for _ in range(_TRIES):
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir(parents=True, mode=0o700)
            if _copied(data_dir, draft):
                break
        else:
            raise BackupError(f"{data_dir}: the journal moves on too fast; try again when less comes in")
        size = sum(_settle(path) for path in draft.rglob("*") if path.is_file())
        draft.rename(target)
    except (OSError, sqlite3.Error) as exc:
        raise BackupError(f"{target}: {exc}") from exc
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return size


def _copied(data_dir: Path, draft: Path) -> bool:
    """Copy everything; False when a segment was given up meanwhile."""
    journal = data_dir / JOURNAL_DIRECTORY
    (draft / JOURNAL_DIRECTORY).mkdir()
    shutil.copy2(data_dir / SECRET_FILE, draft / SECRET_FILE)
    if (data_dir / tokens.FILE_NAME).exists():
        _copy_database(data_dir / tokens.FILE_NAME, draft / tokens.FILE_NAME)
    _copy_artifacts(data_dir / archive.DIRECTORY, draft / archive.DIRECTORY)
    with ExitStack() as stack:
        try:
            held = {name: stack.enter_context((journal / name).open("rb")) for name in _segments(journal)}
            _copy_store(data_dir / sqlite.FILE_NAME, draft / sqlite.FILE_NAME)
            present = _segments(journal)
            if not held.keys() <= present:
                return False
            held |= {name: stack.enter_context((journal / name).open("rb")) for name in present - held.keys()}
        except FileNotFoundError:
            return False
        for name, segment in held.items():
            _copy_segment(segment, draft / JOURNAL_DIRECTORY / name)
    for damaged in journal.glob(f"*{DAMAGED_SUFFIX}"):
        shutil.copy2(damaged, draft / JOURNAL_DIRECTORY / damaged.name)
    return True


def _segments(journal: Path) -> set[str]:
    return {entry.name for entry in os.scandir(journal) if entry.name.endswith(SUFFIX)}


def _copy_store(source: Path, target: Path) -> None:
    with closing(sqlite.read_only(source)) as old:
        copy_database(old, target)


def _copy_database(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as there:
        copy_database(there, target)


def _copy_artifacts(source: Path, target: Path) -> None:
    """Copy uploaded files: the index first, so that the copy has the contents of all that it names.

    What is made of them, and uploads that are under way, are left out: both come again.
    """
    if not (source / index.FILE_NAME).exists():
        return
    target.mkdir(mode=0o700)
    _copy_database(source / index.FILE_NAME, target / index.FILE_NAME)
    for folder, _, files in os.walk(source / archive.CONTENTS):
        own = target / Path(folder).relative_to(source)
        own.mkdir(exist_ok=True, mode=0o700)
        for file in files:
            if file.endswith(contents.SUFFIX):
                with suppress(FileNotFoundError):  # it went meanwhile, and with it its entry
                    shutil.copy2(Path(folder) / file, own / file)


def _copy_segment(segment: BinaryIO, target: Path) -> None:
    with target.open("wb") as copy:
        shutil.copyfileobj(segment, copy)


def _settle(path: Path) -> int:
    """Have a file on the disk for good; return its size in bytes."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        return os.fstat(file.fileno()).st_size
