"""The pieces of uploads in the database: a load balancer gives each of them, and the question for more, to another."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from errtally.errors import StoreError
from errtally.exporter.artifacts.chunks import KEPT_SECONDS, SPARED_SECONDS, Chunks
from errtally.exporter.store.postgres.seldom import SeldomConnection

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PATIENCE_SECONDS: Final = 20.0


class SharedChunks(Chunks):
    """Pieces that all exporters have. Safe for threads and processes.

    Args:
        directory: where uploads are put together, on this exporter's disk.
        stored_limit_bytes: what all pieces may hold.
        address: of the database.
    """

    def __init__(self, directory: Path, stored_limit_bytes: int, address: str) -> None:
        super().__init__(directory, stored_limit_bytes)
        self._shared = SeldomConnection(address, PATIENCE_SECONDS)

    def missing(self, digests: Sequence[str]) -> list[str]:
        """Return those pieces that no exporter took, each once.

        Raises:
            StoreError: the database can't be asked.
        """
        with self._shared.opened() as db:
            rows = db.execute("SELECT sha1 FROM artifact_chunks WHERE sha1 = ANY(?)", (list(digests),)).fetchall()
        known = {row[0] for row in rows}
        return [digest for digest in dict.fromkeys(digests) if digest not in known]

    def release(self, digests: Sequence[str]) -> None:
        """Let pieces go soon; as `Chunks.release`."""
        moment = time.time() - KEPT_SECONDS + SPARED_SECONDS
        with self._shared.opened() as db:
            db.execute("UPDATE artifact_chunks SET kept = ? WHERE sha1 = ANY(?)", (moment, list(digests)))

    def sweep(self, now: float) -> None:
        """Remove what waits for too long; as `Chunks.sweep`."""
        super().sweep(now)
        with self._shared.opened() as db:
            db.execute("DELETE FROM artifact_chunks WHERE kept < ?", (now - KEPT_SECONDS,))

    def close(self) -> None:
        """Close what is open; it may be used again."""
        self._shared.close()

    def _keep(self, digest: str, content: bytes) -> None:
        now = time.time()
        with self._shared.opened() as db:
            if db.execute("UPDATE artifact_chunks SET kept = ? WHERE sha1 = ?", (now, digest)).rowcount:
                return
            (stored,) = db.execute("SELECT coalesce(sum(octet_length(content)), 0) FROM artifact_chunks").fetchone()
            self._check_room(int(stored), content)
            db.execute(
                "INSERT INTO artifact_chunks VALUES (?, ?, ?) ON CONFLICT (sha1) DO NOTHING", (digest, now, content)
            )

    def _part(self, digest: str) -> bytes:
        with self._shared.opened() as db:
            row = db.execute("SELECT content FROM artifact_chunks WHERE sha1 = ?", (digest,)).fetchone()
        if row is None:
            raise StoreError(f"the chunk {digest} is gone: it has to come again")
        return bytes(row[0])
