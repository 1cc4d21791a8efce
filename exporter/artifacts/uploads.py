"""What takes uploads: the archive, the pieces that wait, and what puts them together, with the limits of all."""

from __future__ import annotations

import shutil
import time
from hashlib import sha1
from typing import TYPE_CHECKING, Final

from errtally import names
from errtally.errors import RejectedError, StoreError, TooLargeError
from errtally.exporter.artifacts import members
from errtally.exporter.artifacts.archive import Archive
from errtally.exporter.artifacts.artifact import url_of
from errtally.exporter.artifacts.assembling import Assembler, enter, keep_debug_file
from errtally.exporter.artifacts.chunks import Chunks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from errtally.exporter.artifacts.artifact import Artifact
    from errtally.exporter.artifacts.bundle import Entry
    from errtally.exporter.artifacts.debug_files import DebugFile
    from errtally.exporter.config import ExporterConfig


CHUNKS: Final = "chunks"
"""The folder of the pieces, in the archive's directory."""


class Uploads:
    """Takes uploads of one exporter. Safe for threads.

    Args:
        config: where the data lie, and what an upload may hold.
        count: adds to a counter: the metric, its labels, how much.
        archive: the files; None for those of the data directory.
        chunks: the pieces; None for those of the data directory.

    Attributes:
        archive: the files that were taken.
        settings: what an upload may hold.
        chunks: the pieces that wait.
        assembler: puts them together.
    """

    def __init__(
        self,
        config: ExporterConfig,
        count: Callable[[names.Metric, tuple[str, ...], float], None],
        archive: Archive | None = None,
        chunks: Chunks | None = None,
    ) -> None:
        self._data_dir = config.data_dir
        self._min_free_bytes = config.limits.min_free_bytes
        self._count = count
        self.settings = config.artifacts
        self.archive = archive or Archive(config.data_dir)
        self.chunks = chunks or Chunks(self.archive.directory / CHUNKS, config.artifacts.stored_bytes)
        self.assembler = Assembler(self.archive, self.chunks, config.artifacts, count)

    def check_room(self) -> None:
        """See whether there is room for an upload on the disk.

        Raises:
            TooLargeError: there is not.
            StoreError: the disk can't be looked at.
        """
        try:
            free = shutil.disk_usage(self._data_dir).free
        except OSError as exc:
            raise StoreError(f"{self._data_dir}: {exc}") from exc
        if free < self._min_free_bytes:
            raise TooLargeError("no_room", f"the exporter's disk has {free} bytes left: no room for uploads")

    def take(
        self, files: Sequence[tuple[Entry, bytes]], projects: Sequence[str], *, release: str, dist: str = ""
    ) -> list[Artifact]:
        """Take scripts and source maps that came whole.

        Args:
            files: each with its content.
            projects: whose events they are for.
            release: that they belong to.
            dist: of the release; "" serves all.

        Returns:
            The files, without a project.

        Raises:
            TooLargeError: one is too large, or there is no room.
            StoreError: one can't be written.
        """
        self.check_room()
        for entry, content in files:
            self.check_size(entry.url, content)
        kept = members.keep(files, self.archive, release=release, dist=dist, now=time.time())
        enter(self.archive, kept, projects, self._count)
        return kept

    def check_new(self, files: Sequence[tuple[Entry, bytes]], project: str, release: str) -> None:
        """See that no file takes the place of another one.

        Raises:
            RejectedError: one does (409).
            StoreError: the index can't be read.
        """
        self.archive.refresh()
        known = {(one.kind, one.url): one.sha1 for one in self.archive.of_release(project, release)}
        for entry, content in files:
            found = known.get((entry.kind, url_of(entry.url)))
            if found not in {None, sha1(content, usedforsecurity=False).hexdigest()}:
                raise RejectedError(
                    "duplicate", f"{entry.url[:200]!r} was uploaded before with another content", status=409
                )

    def take_debug_file(self, name: str, content: bytes, project: str) -> list[DebugFile]:
        """Take a debug file that came whole, and say what it is.

        Raises:
            MalformedError, NotServedError: as `debug_files.identify`.
            TooLargeError: it is too large, or there is no room.
            StoreError: it can't be written.
        """
        self.check_room()
        self.check_size(name, content)
        return keep_debug_file(self.archive, name, content, (project,), self._count)

    def check_size(self, name: str, content: bytes) -> None:
        """Look at the size of one file.

        Raises:
            TooLargeError: it is too large.
        """
        limit = self.settings.file_bytes
        if len(content) > limit:
            raise TooLargeError("file_too_large", f"{name[:200]!r} has {len(content)} bytes; the limit is {limit}")

    def refused(self, reason: str) -> None:
        """Count an upload that was not taken."""
        self._count(names.ARTIFACT_UPLOADS_REFUSED, (reason,), 1)

    def sweep(self, now: float) -> None:
        """Let go of what is kept no longer; ``now`` in seconds since the epoch.

        Raises:
            StoreError: something can't be read or written.
        """
        self.chunks.sweep(now)
        self.archive.sweep(now, kept_days=self.settings.idle_days, stored_limit_bytes=self.settings.stored_bytes)

    def close(self) -> None:
        """Finish what is being put together, and close the archive."""
        self.assembler.close()
        self.archive.close()
        self.chunks.close()
