"""Files that uploads are read by: tables of source maps, indexed mappings, symcaches; made once, for all processes.

They lie beside the uploads under names that say what they were made of. Whoever wants one that is not there yet asks
for it, and goes on without; one process at a time makes what was asked for (`builder`). What could not be made is
remembered as a file with the reason in it.
"""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from errtally.errors import SymbolError
from errtally.exporter.symbols import proguard, table
from errtally.exporter.symbols.native import SymbolTable
from errtally.exporter.symbols.proguard import Mapping
from errtally.exporter.symbols.source_map import debug_id as debug_id_of
from errtally.exporter.symbols.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from errtally.exporter.artifacts.archive import Archive

DIRECTORY: Final = "tables"
LOCK_NAME: Final = ".lock"
DRAFT_SECONDS: Final = 3600.0
"""A draft that is older was left by a process that died."""

REFUSED: Final = ".refused"
MAX_OPEN: Final = 128
MAX_WANTED: Final = 1000
STORED_LIMIT_BYTES: Final = 8 << 30
"""Of all made files; those used longest ago go first, and are made again when they are wanted."""

JAVASCRIPT: Final = "javascript"
JVM: Final = "jvm"
NATIVE: Final = "native"
_FORMATS: Final = {JAVASCRIPT: table.FORMAT, JVM: proguard.FORMAT, NATIVE: 1}
_NOTHING: Final = "-"


class FileId(NamedTuple):
    """What a file is made of.

    Attributes:
        kind: `JAVASCRIPT`, `JVM` or `NATIVE`.
        sha1: of the map, the mapping or the debug file; "" for a map that stands in its script.
        script_sha1: of the script that a map belongs to, "" without.
        debug_id: of the object in a debug file, "" else.
    """

    kind: str
    sha1: str
    script_sha1: str = ""
    debug_id: str = ""

    @property
    def name(self) -> str:
        """Of the file."""
        parts = (self.kind, self.sha1, self.script_sha1, self.debug_id.replace("-", ""), str(_FORMATS[self.kind]))
        return ".".join(part or _NOTHING for part in parts)

    @classmethod
    def of(cls, name: str) -> FileId | None:
        """Return what a file of a name is made of, None for a name of another format."""
        parts = name.removesuffix(REFUSED).split(".")
        if len(parts) != 5 or parts[4] != str(_FORMATS.get(parts[0], "")):  # noqa: PLR2004 (as `name` has them)
            return None
        kind, sha1, script_sha1, debug_id = ("" if part == _NOTHING else part for part in parts[:4])
        return cls(kind, sha1, script_sha1, debug_id_of(debug_id))


Readable = Table | Mapping | SymbolTable


class Files:
    """What one process has open of the files. Safe for threads.

    Args:
        archive: whose uploads they are made of.
    """

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self.directory = archive.directory / DIRECTORY
        self._open: OrderedDict[FileId, Readable | SymbolError] = OrderedDict()
        self._wanted: dict[FileId, None] = {}
        self._lock = threading.Lock()

    def get(self, wanted: FileId) -> Readable:
        """Return a file, open.

        Raises:
            SymbolError: it is being made (``building``), or could not be made.
        """
        with self._lock:
            found = self._open.get(wanted)
            if found is not None:
                self._open.move_to_end(wanted)
        if found is None:
            found = self._opened(wanted)
        if isinstance(found, SymbolError):
            raise found
        return found

    def take_wanted(self) -> list[FileId]:
        """Return what was asked for since the last call, and is not there."""
        with self._lock:
            found, self._wanted = list(self._wanted), {}
        return [one for one in found if not self.is_made(one)]

    def _opened(self, wanted: FileId) -> Readable | SymbolError:
        path = self.directory / wanted.name
        found: Readable | SymbolError
        try:
            os.utime(path)
            found = _read(wanted.kind, path)
        except FileNotFoundError:
            refused = refusal(self.directory, wanted)
            if refused is None:
                return self._request(wanted, "it was uploaded just now, and is being read")
            found = refused
        except (OSError, SymbolError) as exc:
            path.unlink(missing_ok=True)  # damaged: it is made again
            return self._request(wanted, f"{exc}; it is read again")
        with self._lock:
            self._open[wanted] = found
            while len(self._open) > MAX_OPEN:
                # Not closed: another thread may read it. The last reference unmaps it.
                self._open.popitem(last=False)
        return found

    def _request(self, wanted: FileId, message: str) -> SymbolError:
        with self._lock:
            if len(self._wanted) < MAX_WANTED:
                self._wanted[wanted] = None
        return SymbolError("building", message)

    def is_made(self, wanted: FileId) -> bool:
        """Whether a file is there, or the reason why it can't be made."""
        path = self.directory / wanted.name
        return path.exists() or path.with_name(path.name + REFUSED).exists()


def refusal(directory: Path, wanted: FileId) -> SymbolError | None:
    """Return why a file could not be made, None where nobody tried."""
    try:
        reason, _, message = (directory / (wanted.name + REFUSED)).read_text(encoding="utf-8").partition("\n")
    except OSError:
        return None
    return SymbolError(reason, message)


def sweep(archive: Archive, stored_limit_bytes: int = STORED_LIMIT_BYTES) -> int:
    """Remove files whose uploads are gone, those of other formats, the least used of too many; return how many.

    Raises:
        StoreError: the uploads can't be listed.
        OSError: a file can't be removed.
    """
    kept = set(archive.index.digests())
    found: list[tuple[float, int, Path]] = []
    gone = 0
    for path, size, used in _files(archive.directory / DIRECTORY):
        wanted = FileId.of(path.name)
        is_draft = path.name.startswith("tmp")
        if is_draft and used > time.time() - DRAFT_SECONDS:
            continue
        if wanted is None or not {wanted.sha1, wanted.script_sha1} - {""} <= kept:
            path.unlink(missing_ok=True)
            gone += 1
        else:
            found.append((used, size, path))
    total = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if total <= stored_limit_bytes:
            break
        path.unlink(missing_ok=True)
        total -= size
        gone += 1
    return gone


def _read(kind: str, path: Path) -> Readable:
    if kind == JAVASCRIPT:
        return Table(path)
    return Mapping(path) if kind == JVM else SymbolTable(path)


def _files(directory: Path) -> Iterator[tuple[Path, int, float]]:
    try:
        entries = list(os.scandir(directory))
    except FileNotFoundError:
        return
    for entry in entries:
        if entry.name != LOCK_NAME:
            known = entry.stat()
            yield Path(entry.path), known.st_size, known.st_mtime
