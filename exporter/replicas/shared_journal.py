"""The journal that exporters share, for the one that folds: what it has read goes with the fold's transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.errors import JournalError, StoreLostError
from errtally.exporter.journal import frame
from errtally.exporter.journal.reader import Damage
from errtally.exporter.store.connection import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from errtally.exporter.store.connection import Connection

ROWS = 64
"""Rows that are read at once, at most; one holds up to `shipper.ROW_BYTES`."""

_READ = """SELECT id, events, frames FROM journal WHERE id IN (
  SELECT id FROM (
    SELECT id, sum(greatest(events, 1)) OVER (ORDER BY id) - greatest(events, 1) AS before FROM (
      SELECT id, events FROM journal WHERE id NOT IN ({among}) ORDER BY id LIMIT {most}) AS next) AS counted
  WHERE before < ?) ORDER BY id"""
"""Frames of no more rows than are wanted: what a row holds is far more than its numbers."""


class SharedJournal:
    """Frames in the order in which they came into the database.

    Rows become visible in another order than that of their numbers, when a transaction takes longer than one that began
    after it. So nothing is remembered of what was read but the rows themselves, until they are deleted.

    Args:
        connection: the store's: rows are deleted in its transactions.
        problem: says what keeps frames from coming, "" when nothing does.
    """

    def __init__(self, connection: Connection, problem: Callable[[], str]) -> None:
        self._db = connection
        self._problem = problem
        self._taken: list[int] = []
        self._deleted = 0
        self.damages: list[Damage] = []

    def read(self, max_events: int) -> Iterator[frame.Frame]:
        """Yield frames that are not read yet; a row is read to its end.

        Raises:
            JournalError: the database can't be asked.
            StoreLostError: it can't by this connection, now and later.
        """
        events = 0
        while events < max_events:
            among = ", ".join(map(str, self._taken)) or "0"
            try:
                rows = self._db.execute(_READ.format(among=among, most=ROWS), (max_events - events,)).fetchall()
            except DatabaseError as exc:
                if not self._db.is_ours:
                    raise StoreLostError(f"the shared journal can't be read: {exc}") from exc
                raise JournalError(f"the shared journal can't be read: {exc}") from exc
            if not rows:
                return
            for id_, count, frames in rows:
                self._taken.append(id_)
                events += max(count, 1)
                yield from self._frames(id_, count, bytes(frames))

    def positions(self) -> Mapping[str, int]:
        """Return none: positions are those of exporters' own journals."""
        return {}

    def within(self, db: Connection) -> None:
        """Delete what was read."""
        db.write_rows("DELETE FROM journal WHERE id = ?", [(id_,) for id_ in self._taken])
        self._deleted = len(self._taken)

    def settle(self) -> None:
        """Forget what was deleted, now that it is stored.

        A row that brought nothing to store, such as a damaged one, waits for the next fold, and is not read again.
        """
        del self._taken[: self._deleted]
        self._deleted = 0

    def tidy(self) -> None:
        """Do nothing: what was read is gone."""

    def problem(self) -> str:
        """Say what keeps frames from coming."""
        return self._problem()

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def _frames(self, id_: int, count: int, content: bytes) -> Iterator[frame.Frame]:
        at, found = 0, 0
        while at < len(content):
            try:
                item = frame.decode(content, at)
            except frame.DamagedFrameError as exc:
                self.damages.append(Damage(f"row {id_}", len(content) - at, max(count - found, 0), str(exc)))
                return
            if item is None:
                self.damages.append(Damage(f"row {id_}", len(content) - at, max(count - found, 0), "not whole"))
                return
            found += item.events
            at = item.end
            yield item
