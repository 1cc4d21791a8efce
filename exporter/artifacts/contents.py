"""The contents of uploaded files: each once, compressed with Zstandard, in a file named by its SHA-1."""

from __future__ import annotations

import os
import re
import tempfile
from hashlib import sha1
from pathlib import Path
from typing import TYPE_CHECKING, Final

import zstandard

from errtally.errors import StoreError
from errtally.exporter.journal.syncing import sync_directory

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

SUFFIX: Final = ".zst"
DIGEST: Final = re.compile(r"[0-9a-f]{40}")
"""A SHA-1 as it is written everywhere here."""

YOUNG_SECONDS: Final = 3600.0
"""What was kept so lately may not have come into the index yet."""


class Contents:
    """A folder of contents. Safe for threads and processes.

    Args:
        directory: made with the first content.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def keep(self, content: bytes) -> str:
        """Keep a content, once however often it comes; return its SHA-1.

        Raises:
            StoreError: it can't be written.
        """
        digest = sha1(content, usedforsecurity=False).hexdigest()
        path = self._path(digest)
        try:
            if path.exists():
                os.utime(path)  # it is wanted again, so it is young
                self._sync_names(path)
                return digest
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as draft:
                try:
                    draft.write(zstandard.compress(content))
                    draft.flush()
                    os.fsync(draft.fileno())
                    Path(draft.name).rename(path)
                except OSError:
                    Path(draft.name).unlink(missing_ok=True)
                    raise
            self._sync_names(path)
        except OSError as exc:
            raise StoreError(f"{path}: {exc}") from exc
        return digest

    def take(self, digest: str, size: int, parts: Iterable[bytes]) -> bool:
        """Keep a content that comes compressed, in parts; whether it was whole.

        Args:
            digest: its SHA-1.
            size: of all parts, in bytes.
            parts: in order.

        Raises:
            StoreError: it can't be written.
        """
        path = self._path(digest)
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as draft:
                try:
                    written = sum(draft.write(part) for part in parts)
                    draft.flush()
                    os.fsync(draft.fileno())
                    if written == size:
                        Path(draft.name).rename(path)
                finally:
                    Path(draft.name).unlink(missing_ok=True)
            self._sync_names(path)
        except OSError as exc:
            raise StoreError(f"{path}: {exc}") from exc
        return written == size

    def parts(self, digest: str, part_bytes: int) -> Iterator[bytes]:
        """Yield a content as it is kept, compressed.

        Raises:
            StoreError: it is not there, or can't be read.
        """
        path = self._path(digest)
        try:
            with path.open("rb") as file:
                while part := file.read(part_bytes):
                    yield part
        except OSError as exc:
            raise StoreError(f"{path}: {exc}") from exc

    def size(self, digest: str) -> int:
        """Return what a content takes on the disk, in bytes.

        Raises:
            StoreError: it is not there.
        """
        path = self._path(digest)
        try:
            return path.stat().st_size
        except OSError as exc:
            raise StoreError(f"{path}: {exc}") from exc

    def has(self, digest: str) -> bool:
        """Whether a content is kept."""
        return self._path(digest).exists()

    def drop(self, digest: str) -> None:
        """Forget a content, which may be damaged.

        Raises:
            StoreError: it can't be removed.
        """
        path = self._path(digest)
        try:
            path.unlink(missing_ok=True)
        except OSError as exc:
            raise StoreError(f"{path}: {exc}") from exc

    def _sync_names(self, path: Path) -> None:
        """Bring the names on the way to a content to the disk, up to the data directory, before the index has it."""
        for directory in (path.parent, self.directory, self.directory.parent, self.directory.parent.parent):
            sync_directory(directory)

    def read(self, digest: str) -> bytes:
        """Return a content by its SHA-1.

        Raises:
            StoreError: it is not there, or can't be read.
        """
        path = self._path(digest)
        try:
            return zstandard.decompress(path.read_bytes())
        except (OSError, zstandard.ZstdError) as exc:
            raise StoreError(f"{path}: {exc}") from exc

    def sizes(self) -> dict[str, int]:
        """Return what each content takes on the disk, in bytes, by its SHA-1.

        Raises:
            StoreError: the folder can't be read.
        """
        try:
            return {path.stem: size for path, size, _ in self._files() if path.suffix == SUFFIX}
        except OSError as exc:
            raise StoreError(f"{self.directory}: {exc}") from exc

    def sweep(self, wanted: Collection[str], now: float) -> int:
        """Remove contents that nothing names any more, and drafts that a killed process left; return how many.

        Args:
            wanted: the SHA-1 of those that stay.
            now: seconds since the epoch; what was kept within `YOUNG_SECONDS` before it stays.

        Raises:
            StoreError: the folder can't be read, or a file can't be removed.
        """
        removed = 0
        try:
            for path, _, modified in self._files():
                if modified <= now - YOUNG_SECONDS and (path.suffix != SUFFIX or path.stem not in wanted):
                    path.unlink(missing_ok=True)
                    removed += 1
        except OSError as exc:
            raise StoreError(f"{self.directory}: {exc}") from exc
        return removed

    def _files(self) -> Iterator[tuple[Path, int, float]]:
        """Yield each file with its size and when it was last wanted."""
        try:
            folders = [entry for entry in os.scandir(self.directory) if entry.is_dir()]
        except FileNotFoundError:  # nothing was uploaded yet
            return
        for folder in folders:
            for entry in os.scandir(folder):
                try:
                    known = entry.stat()
                except FileNotFoundError:  # another process sweeps
                    continue
                yield Path(entry.path), known.st_size, known.st_mtime

    def _path(self, digest: str) -> Path:
        if DIGEST.fullmatch(digest) is None:
            raise StoreError(f"{digest[:60]!r} is no SHA-1")
        return self.directory / digest[:2] / f"{digest}{SUFFIX}"
