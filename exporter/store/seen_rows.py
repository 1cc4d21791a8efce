"""Hashes of what must not be counted again, one row for each fold."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from errtally.exporter.digest.seen import CAPACITY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from errtally.exporter.store.connection import Connection


class SeenRows:
    """Writes hashes, and knows how many of them are in which row.

    Attributes:
        rows: number of each row, and how many hashes it has; a new one is added when its transaction is through.
    """

    def __init__(self, db: Connection) -> None:
        self._db = db
        self.rows: list[tuple[int, int]] = []

    def load(self) -> list[int]:
        """Return all hashes, the oldest first."""
        hashes: list[int] = []
        for id_, blob in self._db.execute("SELECT id, hashes FROM seen ORDER BY id"):
            row = struct.unpack(f"<{len(blob) // 8}Q", blob)
            self.rows.append((id_, len(row)))
            hashes += row
        return hashes

    def add(self, hashes: Sequence[int]) -> tuple[int, int] | None:
        """Write a row; return its number and how many hashes it has, None where there are none."""
        if not hashes:
            return None
        packed = struct.pack(f"<{len(hashes)}Q", *hashes)
        (row,) = self._db.execute("INSERT INTO seen (hashes) VALUES (?) RETURNING id", (packed,)).fetchone()
        return row, len(hashes)

    def prune(self) -> None:
        """Remove the oldest rows beyond what the fold remembers."""
        kept = sum(count for _, count in self.rows)
        while self.rows and kept - self.rows[0][1] >= 2 * CAPACITY:
            row, count = self.rows.pop(0)
            kept -= count
            self._db.execute("DELETE FROM seen WHERE id = ?", (row,))
