"""The uploaded files of one data directory: contents as files named by their SHA-1, an index beside them.

Any process writes: uploads are rare, and none of them takes part in what the writer keeps consistent.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from errtally.exporter.artifacts import index
from errtally.exporter.artifacts.contents import Contents
from errtally.exporter.artifacts.index import DAY_SECONDS, Index

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from errtally.exporter.artifacts.artifact import Artifact

DIRECTORY: Final = "artifacts"
CONTENTS: Final = "contents"
"""The folder of the contents, in that directory."""


class Archive:
    """Contents and index of the uploaded files. Safe for threads.

    Args:
        data_dir: of the exporter; nothing is made in it before the first upload.

    Attributes:
        directory: that everything of it lies in.
        index: the entries.
    """

    def __init__(self, data_dir: Path) -> None:
        self.directory = data_dir / DIRECTORY
        self.index = Index(self.directory / index.FILE_NAME)
        self._contents = Contents(self.directory / CONTENTS)
        self._lock = threading.Lock()
        self._stored: tuple[int, int] = (0, 0)

    is_shared = False
    """Whether other exporters have the same files: then a store that fails may work again in a moment."""

    def keep(self, content: bytes) -> str:
        """Keep a content, once however often it comes; return its SHA-1.

        Raises:
            StoreError: it can't be written.
        """
        return self._contents.keep(content)

    def content(self, digest: str) -> bytes:
        """Return a content by its SHA-1.

        Raises:
            StoreError: it is not there, or can't be read.
        """
        return self._contents.read(digest)

    def add(self, artifacts: Iterable[Artifact]) -> None:
        """Enter files into the index; one with the same project, debug id, kind, release, dist and URL is replaced.

        Raises:
            StoreError: the index can't be written.
        """
        self.index.add(artifacts)

    def by_debug_id(self, project: str, debug_id: str) -> list[Artifact]:
        """Return the files that have a debug id: a script and its map share one. The newest upload comes first.

        Raises:
            StoreError: the index can't be read.
        """
        return self.index.look_up("project = ? AND debug_id = ?", (project, debug_id))

    def by_url(self, project: str, release: str, dist: str, urls: Sequence[str]) -> list[Artifact]:
        """Return the files of a release under any of some URLs.

        Those whose own URL it is come first, then those whose stars cover one; those of the distribution before those
        without one; the newest upload first.

        Args:
            project: whose event it is.
            release: of the event.
            dist: of the event; files of another distribution are not found, those without one are.
            urls: as the index has them, with ``~`` for scheme and host.

        Raises:
            StoreError: the index can't be read.
        """
        marks = ", ".join("?" * len(urls))
        found = self.index.look_up(
            f"project = ? AND release = ? AND dist IN ('', ?) AND (url IN ({marks}) OR instr(url, '*') > 0)",
            (project, release, dist, *urls),
            lambda one: one.url in urls or any(map(one.covers, urls)),
        )
        return sorted(found, key=lambda one: (one.url not in urls, one.dist != dist))

    def of_release(self, project: str, release: str) -> list[Artifact]:
        """Return all files of a release.

        Raises:
            StoreError: the index can't be read.
        """
        return self.index.find("project = ? AND release = ?", (project, release))

    def of_project(self, project: str) -> list[Artifact]:
        """Return all files of a project, the newest upload first.

        Raises:
            StoreError: the index can't be read.
        """
        return self.index.find("project = ?", (project,))

    def projects_of_release(self, release: str) -> list[str]:
        """Return the projects that have files of a release.

        Raises:
            StoreError: the index can't be read.
        """
        return sorted({one.project for one in self.index.find("release = ?", (release,))})

    def assign_release(self, project: str, debug_id: str, release: str) -> None:
        """Take note of the release that the files of a debug id belong to.

        Raises:
            StoreError: the index can't be written.
        """
        found = self.index.find("project = ? AND debug_id = ?", (project, debug_id))
        self.add([replace(one, release=release) for one in found])

    def holds(self, project: str) -> bool:
        """Whether anything was uploaded for a project.

        Raises:
            StoreError: the index can't be read.
        """
        return self.index.holds(project)

    def version(self) -> int:
        """Return a number that is another one after each change of the index, and each day; 0 before the first upload.

        Who remembers what was found asks for it: it costs microseconds. Looking up again each day is what shows that a
        file is used still.

        Raises:
            StoreError: the index can't be read.
        """
        return self.index.version()

    def remove_release(self, project: str, release: str) -> int:
        """Remove the files of a release from the index; return how many. The contents go with the next `sweep`.

        Raises:
            StoreError: the index can't be written.
        """
        return self._remove("project = ? AND release = ?", (project, release))

    def remove(self, artifact: Artifact) -> int:
        """Remove one file; return how many that were.

        Raises:
            StoreError: the index can't be written.
        """
        named = ("project", "debug_id", "kind", "release", "dist", "url")
        where = " AND ".join(f"{name} = ?" for name in named)
        return self._remove(where, [getattr(artifact, name) for name in named])

    def remove_debug_id(self, project: str, debug_id: str) -> int:
        """Remove the files that have a debug id; return how many.

        Raises:
            StoreError: the index can't be written.
        """
        return self._remove("project = ? AND debug_id = ?", (project, debug_id))

    def is_assembled(self, project: str, checksum: str, release: str, dist: str, name: str = "") -> bool:
        """Whether an upload was put together before, and nothing was removed since.

        Raises:
            StoreError: the index can't be read.
        """
        return self.index.is_assembled(project, checksum, release, dist, name)

    def note_assembled(self, project: str, checksum: str, release: str, dist: str, name: str = "") -> None:
        """Note that an upload was put together.

        Raises:
            StoreError: the index can't be written.
        """
        self.index.note_assembled(project, checksum, release, dist, name)

    def refresh(self, *, waits: bool = True) -> None:
        """See what other exporters took: there are none."""

    def sweep(self, now: float, *, kept_days: float, stored_limit_bytes: int) -> int:
        """Remove what was not used for long, then, while there is too much, what was not used for longest.

        Args:
            now: seconds since the epoch.
            kept_days: since the upload or the last event that was read by a file.
            stored_limit_bytes: what all contents may take on the disk.

        Returns:
            How many entries went.

        Raises:
            StoreError: something can't be read or written.
        """
        gone = self.index.remove("used < ?", (now - kept_days * DAY_SECONDS,))
        sizes = self._contents.sizes()
        wanted = self.index.digests()
        beyond = sum(sizes.get(digest, 0) for digest in wanted) - stored_limit_bytes
        kept = set(wanted)
        for digest in wanted:
            if beyond <= 0:
                break
            gone += self.index.remove("sha1 = ?", (digest,))
            kept.discard(digest)
            beyond -= sizes.get(digest, 0)
        self._contents.sweep(kept, now)
        return gone

    def stored_bytes(self) -> int:
        """Return what all contents take on the disk, in bytes, as it was after the last change of the index.

        Raises:
            StoreError: something can't be read.
        """
        version = self.version()
        with self._lock:
            if self._stored[0] != version:
                self._stored = (version, sum(self._contents.sizes().values()))
            return self._stored[1]

    def close(self) -> None:
        """Close what all threads opened of it; it may be used again."""
        self.index.close()

    def _remove(self, where: str, values: Sequence[object]) -> int:
        return self.index.remove(where, values)
