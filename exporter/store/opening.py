"""Which database a store lives in, by what the exporter is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.errors import StoreError
from errtally.exporter.installation import replica_of
from errtally.exporter.store.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from pathlib import Path

    from errtally.exporter.store.connection import Database


def database_of(address: str, data_dir: Path, *, synchronous: str = "NORMAL", copies: bool = True) -> Database:
    """Return the database of a store.

    Args:
        address: of a PostgreSQL database; "" for the file in the data directory.
        data_dir: of the exporter.
        synchronous: of the file, as `sqlite.create` has it.
        copies: whether the file is copied before an upgrade.

    Raises:
        StoreError: the driver is not installed.
    """
    if not address:
        return SqliteDatabase(data_dir, synchronous=synchronous, copies=copies)
    try:
        from errtally.exporter.store.postgres.database import PostgresDatabase  # noqa: PLC0415 (an extra)
    except ImportError as exc:
        raise StoreError(
            f"`database` needs the driver of PostgreSQL: install errtally with the extra postgres ({exc})"
        ) from exc
    return PostgresDatabase(address, replica_of(data_dir))
