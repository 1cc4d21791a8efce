"""The pieces of uploads that come in pieces: kept by their SHA-1 until the upload is put together."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import suppress
from hashlib import sha1
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from errtally.errors import MalformedError, StoreError, TooLargeError
from errtally.exporter.artifacts.contents import DIGEST

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CHUNK_BYTES: Final = 8 * 1024 * 1024
"""As Sentry's own server has it; older clients insist on a power of two."""

KEPT_SECONDS: Final = 86_400.0
"""How long a piece waits for the rest of its upload."""

SPARED_SECONDS: Final = 600.0
"""How long a piece of an upload that is done is kept, for others that have it as well."""


class Chunks:
    """A folder of pieces. Safe for threads and processes.

    Args:
        directory: made with the first piece.
        stored_limit_bytes: what all pieces may take on the disk.
    """

    def __init__(self, directory: Path, stored_limit_bytes: int) -> None:
        self._directory = directory
        self._stored_limit_bytes = stored_limit_bytes

    def keep(self, named: str, content: bytes) -> None:
        """Keep a piece, once however often it comes.

        Args:
            named: the SHA-1 that it came under.
            content: the piece.

        Raises:
            MalformedError: it has another SHA-1, or came under what is none.
            TooLargeError: it is larger than a piece may be, or there is no room for it.
            StoreError: it can't be written.
        """
        digest = named.lower()
        if DIGEST.fullmatch(digest) is None:
            raise MalformedError("bad_checksum", f"{named[:60]!r}: a chunk's file name has to be its SHA-1")
        if len(content) > CHUNK_BYTES:
            raise TooLargeError("chunk_too_large", f"a chunk of {len(content)} bytes; the limit is {CHUNK_BYTES}")
        found = sha1(content, usedforsecurity=False).hexdigest()
        if found != digest:
            raise MalformedError("bad_checksum", f"the chunk named {digest} has the SHA-1 {found}")
        self._keep(digest, content)

    def _keep(self, digest: str, content: bytes) -> None:
        path = self._directory / digest
        try:
            if path.exists():
                os.utime(path)
                return
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._check_room(sum(known.st_size for _, known in self._files()), content)
            with tempfile.NamedTemporaryFile(dir=self._directory, delete=False) as draft:
                draft.write(content)
            Path(draft.name).rename(path)
        except OSError as exc:
            raise StoreError(f"{path}: {exc}") from exc

    def _check_room(self, stored: int, content: bytes) -> None:
        if stored + len(content) > self._stored_limit_bytes:
            raise TooLargeError("no_room", f"chunks of {stored} bytes wait to be assembled: no room for more")

    def missing(self, digests: Sequence[str]) -> list[str]:
        """Return those pieces that are not here, each once."""
        return [digest for digest in dict.fromkeys(digests) if not (self._directory / digest).exists()]

    def join(self, digests: Sequence[str], checksum: str, limit_bytes: int) -> Path:
        """Put pieces together in a new file, which is the caller's to remove.

        Args:
            digests: the pieces in their order.
            checksum: the SHA-1 that they have to have together.
            limit_bytes: how large they may be together.

        Raises:
            MalformedError: they have another SHA-1.
            TooLargeError: they are larger.
            StoreError: one is not here any more, or the file can't be written.
        """
        try:
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.NamedTemporaryFile(dir=self._directory, prefix="joined-", delete=False) as file:
                path = Path(file.name)
                try:
                    found = self._copy(digests, file, limit_bytes)
                except BaseException:
                    path.unlink(missing_ok=True)
                    raise
        except OSError as exc:
            raise StoreError(f"{self._directory}: {exc}") from exc
        if found != checksum:
            path.unlink(missing_ok=True)
            raise MalformedError("bad_checksum", f"checksum mismatch: the chunks together have {found}, not {checksum}")
        return path

    def _copy(self, digests: Sequence[str], file: IO[bytes], limit_bytes: int) -> str:
        """Write pieces to a file; return the SHA-1 that they have together."""
        whole, size = sha1(usedforsecurity=False), 0
        for digest in digests:
            part = self._part(digest)
            size += len(part)
            if size > limit_bytes:
                raise TooLargeError("upload_too_large", f"more than {limit_bytes} bytes")
            whole.update(part)
            file.write(part)
        return whole.hexdigest()

    def _part(self, digest: str) -> bytes:
        return (self._directory / digest).read_bytes()

    def release(self, digests: Sequence[str]) -> None:
        """Let pieces go soon that are needed no longer: not at once, since another upload may have them too.

        Raises:
            StoreError: one can't be touched.
        """
        moment = time.time() - KEPT_SECONDS + SPARED_SECONDS
        try:
            for digest in digests:
                with suppress(FileNotFoundError):
                    os.utime(self._directory / digest, (moment, moment))
        except OSError as exc:
            raise StoreError(f"{self._directory}: {exc}") from exc

    def sweep(self, now: float) -> None:
        """Remove what waits for too long; ``now`` in seconds since the epoch.

        Raises:
            StoreError: the folder can't be read, or a file can't be removed.
        """
        if not self._directory.exists():
            return
        try:
            for path, known in self._files():
                if known.st_mtime < now - KEPT_SECONDS:
                    path.unlink(missing_ok=True)
        except OSError as exc:
            raise StoreError(f"{self._directory}: {exc}") from exc

    def close(self) -> None:
        """Close what is open: nothing is."""

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        """Yield what waits; other uploads take theirs away meanwhile."""
        for entry in os.scandir(self._directory):
            with suppress(FileNotFoundError):
                yield Path(entry.path), entry.stat()
