"""The tables of a store in PostgreSQL: made once, and brought to the newest version by the first exporter that has it.

Exporters of the version before may run meanwhile. The transaction that changes the tables waits for those of theirs
that fold or ship, and makes them invalid: the epochs of the one that folds and of all that ship grow, so their next
transactions find that they are not theirs any more. Whoever then begins anew is told the version (see `check`).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import structlog

from errtally.errors import StoreError, StoreVersionError
from errtally.exporter.store.meta import VERSION
from errtally.exporter.store.postgres import schema
from errtally.exporter.store.upgrades import SCHEMA_VERSION, STEPS, refusal

if TYPE_CHECKING:
    from errtally.exporter.store.connection import Connection
    from errtally.exporter.store.postgres.connection import PostgresConnection

UPGRADE_SECONDS = 3600.0
"""How long the server may be at one step: it says nothing while it makes an index."""

LOCK_SECONDS = 20
"""How long an upgrade waits for those who use a table, and all others for it; then it is tried again later."""

_LOCK = 0x65727274616C6C79
"""Of everybody who makes or changes tables, for a transaction: the bytes of our name."""

_IS_THERE = "SELECT 1 FROM pg_class WHERE relname = 'meta' AND relnamespace = current_schema()::regnamespace"

_TRIGRAMS = """SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname = 'pg_trgm'"""

_log = structlog.get_logger(__name__)


def make(db: PostgresConnection) -> None:
    """Make all tables where there are none.

    Raises:
        DatabaseError: the database can't be asked, or refuses.
    """
    if db.execute(_IS_THERE).fetchone() is not None:
        return
    db.execute("BEGIN")
    db.execute("SELECT pg_advisory_xact_lock(?)", (_LOCK,))
    if db.execute(_IS_THERE).fetchone() is None:
        db.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        db.script(schema.statements(_trigrams(db)))
        db.executemany(
            "INSERT INTO meta VALUES (?, ?)",
            [("created", str(time.time())), ("change", "0"), ("schema_version", str(SCHEMA_VERSION))],
        )
    db.execute("COMMIT")


def is_older(db: Connection) -> bool:
    """Whether the tables are to be brought up to date.

    Raises:
        DatabaseError: the database can't be asked.
    """
    return _version(db) < SCHEMA_VERSION


def check(db: Connection, name: str) -> None:
    """See that the tables are of this version.

    Args:
        db: the database.
        name: what messages call it.

    Raises:
        StoreVersionError: they are not.
        DatabaseError: the database can't be asked.
    """
    if (version := _version(db)) != SCHEMA_VERSION:
        raise StoreVersionError(f"{name}: {refusal(version)}")


def upgrade(db: PostgresConnection, name: str) -> None:
    """Bring the tables up to date, in one transaction: whole, or not at all.

    Of several that want to, one does.

    Args:
        db: a connection whose server may say nothing for `UPGRADE_SECONDS`.
        name: what messages call the database.

    Raises:
        StoreError: another exporter is at it.
        DatabaseError: the database can't be asked, or somebody uses a table for too long.
    """
    db.execute("BEGIN")
    if not db.execute("SELECT pg_try_advisory_xact_lock(?)", (_LOCK,)).fetchone()[0]:
        raise StoreError(f"{name}: another exporter brings its schema up to date")
    began, version = time.monotonic(), _version(db)
    if version >= SCHEMA_VERSION:
        db.execute("COMMIT")
        return
    _log.info("the schema is brought up to date", database=name, version=version, to=SCHEMA_VERSION)
    db.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
    db.execute("LOCK TABLE writers, shippers IN EXCLUSIVE MODE")
    db.execute("UPDATE writers SET epoch = epoch + 1, expires = 0")
    db.execute("UPDATE shippers SET epoch = epoch + 1")
    trigrams = _trigrams(db)
    for older in range(version, SCHEMA_VERSION):
        db.script(schema.upgrade(STEPS[older], trigrams))
    db.execute("UPDATE meta SET value = ? WHERE name = 'schema_version'", (str(SCHEMA_VERSION),))
    db.execute("COMMIT")
    _log.info("the schema is up to date", database=name, seconds=round(time.monotonic() - began, 3))


def _version(db: Connection) -> int:
    return int(db.execute(VERSION).fetchone()[0])


def _trigrams(db: Connection) -> str:
    """Return the name of the schema that pg_trgm is in, quoted."""
    name: str = db.execute(_TRIGRAMS).fetchone()[0]
    return name
