"""Which database a store lives in, by what the exporter is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.errors import StoreError
from errtally.exporter.artifacts.uploads import CHUNKS, Uploads
from errtally.exporter.installation import replica_of
from errtally.exporter.store.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from errtally import names
    from errtally.exporter.config import ExporterConfig
    from errtally.exporter.store.connection import Database
    from errtally.exporter.store.postgres.limits import SharedLimits


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


def uploads_of(config: ExporterConfig, count: Callable[[names.Metric, tuple[str, ...], float], None]) -> Uploads:
    """Return what takes uploads: for the data directory, or for all exporters on a database.

    Args:
        config: the settings.
        count: as `Uploads` has it.
    """
    if not config.database:
        return Uploads(config, count)
    from errtally.exporter.store.postgres.archive import SharedArchive  # noqa: PLC0415 (an extra)
    from errtally.exporter.store.postgres.chunks import SharedChunks  # noqa: PLC0415 (an extra)

    archive = SharedArchive(config.data_dir, config.database, config.limits.min_free_bytes)
    chunks = SharedChunks(archive.directory / CHUNKS, config.artifacts.stored_bytes, config.database)
    return Uploads(config, count, archive, chunks)


def shared_limits(address: str) -> SharedLimits | None:
    """Return what workers of exporters on a database tell each other of limits; None where there is none.

    Args:
        address: of the database; "" for none.
    """
    if not address:
        return None
    from errtally.exporter.store.postgres.limits import SharedLimits  # noqa: PLC0415 (an extra)

    return SharedLimits(address)
