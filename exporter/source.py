"""Where the writer's frames come from: the journal of its own data directory, or one that exporters share."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

from errtally.exporter.installation import JOURNAL_DIRECTORY
from errtally.exporter.journal.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from errtally.exporter.journal.frame import Frame
    from errtally.exporter.journal.reader import Damage
    from errtally.exporter.store.connection import Connection, Place
    from errtally.exporter.store.writing import StoreWriter


class Source(Protocol):
    """Frames in the order in which they are folded.

    Attributes:
        damages: what could not be read since somebody looked, who clears it.
    """

    damages: list[Damage]

    def read(self, max_events: int) -> Iterator[Frame]:
        """Yield frames that are not read yet, until about so many events came.

        Raises:
            JournalError: they can't be read; what was yielded until then was read in order.
        """

    def positions(self) -> Mapping[str, int]:
        """Return up to where segments were read: what to store with the fold."""

    def within(self, db: Connection) -> None:
        """Note in the fold's transaction what was read; what of it the positions do not say."""

    def settle(self) -> None:
        """Let go of what is stored by now.

        Raises:
            StoreError: it is not sure to be on the disk; it is kept.
            JournalError: it can't be removed.
        """

    def tidy(self) -> None:
        """Remove from the store what it need not know any more.

        Raises:
            StoreError: the store can't be written; the next call tries again.
        """

    def problem(self) -> str:
        """Say what keeps frames from coming, "" when nothing does."""

    def close(self) -> None: ...  # noqa: D102


class LocalJournal:
    """The journal of one data directory.

    Args:
        data_dir: of the exporter.
        positions: what the store says is folded.
        store: where positions are kept.
        place: tells when what was stored is on the disk.
    """

    def __init__(self, data_dir: Path, positions: Mapping[str, int], store: StoreWriter, place: Place) -> None:
        self._directory = data_dir / JOURNAL_DIRECTORY
        self._reader = Reader(self._directory, positions)
        self._store = store
        self._place = place
        self._forgotten = [name for name in positions if not (self._directory / name).exists()]
        self.damages = self._reader.damages

    def read(self, max_events: int) -> Iterator[Frame]:
        """Yield frames, as `journal.reader.Reader.read`."""
        return self._reader.read(max_events)

    def positions(self) -> Mapping[str, int]:
        """Return up to where segments were read."""
        return self._reader.positions()

    def within(self, db: Connection) -> None:
        """Note nothing: the positions say it."""

    def settle(self) -> None:
        """Remove segments that were read to their ends: what was in them is stored, once that is on the disk.

        Raises:
            StoreError: it is not sure to be on the disk.
            JournalError: one can't be removed.
        """
        if finished := self._reader.finished():
            self._place.sync()
            self._reader.forget(finished)
            self._forgotten += finished

    def tidy(self) -> None:
        """Remove the positions of segments that are gone; they do no harm until it succeeds."""
        if self._forgotten:
            self._store.forget(self._forgotten)
            self._forgotten = []

    def problem(self) -> str:
        """Say whether the journal is still there."""
        try:
            with os.scandir(self._directory):
                return ""
        except OSError as exc:
            return f"the journal can't be read: {exc}"

    def close(self) -> None:
        """Close all segments."""
        self._reader.close()
