"""What more than one module knows of small tables: names of entries of meta, how a position is written."""

from __future__ import annotations

REQUEST_BOUNDS = "request_duration_bounds"
"""The bounds of buckets of request durations."""

HELD_REQUESTS = "held_requests"
"""The requests that are not counted yet (see digest/requests.py)."""

PUT_POSITION = 'INSERT INTO positions VALUES (?, ?) ON CONFLICT (segment) DO UPDATE SET "offset" = excluded."offset"'

MIGRATION = "migration"
"""Up to where rows were moved here from another database; gone when all are."""

VERSION = "SELECT value FROM meta WHERE name = 'schema_version'"
"""Of the tables in PostgreSQL; SQLite keeps the number of its own beside them."""
