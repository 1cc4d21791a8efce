"""The version of errtally that comes after this one, as far as a store notices: a step more for its schema."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from errtally.exporter.store import sqlite, upgrades
from errtally.exporter.store.postgres import connection, preparing
from errtally.exporter.store.upgrades import SCHEMA_VERSION, STEPS, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

STEP = Step(
    "ALTER TABLE issues ADD COLUMN mood REAL NOT NULL DEFAULT 0; CREATE TABLE moods (id INTEGER PRIMARY KEY, b BLOB)",
    sqlite="UPDATE issues SET mood = 1",
    postgres="UPDATE issues SET mood = 2",
)


@contextmanager
def next_version(step: Step = STEP) -> Iterator[None]:
    """Have all that is opened until the block ends opened by the next version."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(STEPS, SCHEMA_VERSION, step)
        for module in (upgrades, sqlite, connection, preparing):
            patch.setattr(module, "SCHEMA_VERSION", SCHEMA_VERSION + 1)
        yield
