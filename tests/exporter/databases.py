"""Databases for stores in tests: a file for each folder, or a schema of a PostgreSQL server that the tests start."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from errtally.exporter.store.opening import database_of

if TYPE_CHECKING:
    from pathlib import Path

    from errtally.exporter.store.connection import Database

POSTGRES = "ERRTALLY_TEST_POSTGRES"
"""Address of the server that stores are in while this variable is set; else they are files."""


def address_of(folder: Path) -> str:
    """Return the address of a folder's schema on the server, which is made; "" for a file."""
    server = os.environ.get(POSTGRES, "")
    if not server:
        return ""
    schema = "t" + hashlib.sha256(str(folder).encode()).hexdigest()[:20]
    import psycopg  # noqa: PLC0415 (an extra)

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    return f"{server}?options=-csearch_path%3D{schema}"


def database_at(folder: Path) -> Database:
    """Return the database of a store that belongs to a folder."""
    return database_of(address_of(folder), folder)
