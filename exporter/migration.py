"""Moves a store from SQLite to PostgreSQL, or back: table by table, in steps that a later run goes on behind.

The tables are the same in both (see `store.postgres.schema`), so rows go over as they are. Each step is one transaction
of the target that also says how far it came. When all is there, the counts of both are compared; until then no exporter
starts on the target.
"""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from errtally.errors import ErrtallyError
from errtally.exporter.store.connection import ERRORS
from errtally.exporter.store.meta import MIGRATION

if TYPE_CHECKING:
    from collections.abc import Callable

    from errtally.exporter.store.connection import Connection, Database

STEP_ROWS = 2_000
"""Rows of one step: some tens of milliseconds."""


class MigrationError(ErrtallyError):
    """The store can't be moved; what was moved until then stays, and the next run goes on."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is.

    Attributes:
        table: that is being moved.
        moved: rows of it that are in the target.
        rows: rows of it in all.
    """

    table: str
    moved: int
    rows: int


@dataclass(frozen=True, slots=True)
class _Table:
    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]

    @property
    def listed(self) -> str:
        return _quoted(self.columns)


def migrate(
    source: Database,
    target: Database,
    tables: Connection,
    on_step: Callable[[Progress], None],
    on_end: Callable[[Connection], None] = lambda _: None,
) -> int:
    """Move all tables of a store; nobody else may use either of them meanwhile.

    Args:
        source: what is read, and stays as it is.
        target: an empty store, or one that an earlier run began to fill.
        tables: a connection to the one of both that is SQLite's, which knows what tables there are.
        on_step: told after each step.
        on_end: does what belongs to the target's last transaction, after which it is whole.

    Returns:
        How many rows there are in the target.

    Raises:
        MigrationError: the target holds a store, or after all a table has another number of rows than in the source.
        StoreError: one of them can't be opened.
    """
    known = _tables(tables)
    total = 0
    with closing(source.reader()) as old, closing(target.writer()) as new:
        try:
            mark = _begin(new, target.name)
            for place, table in enumerate(known):
                begun, last = mark or (0, ())
                if place >= begun:
                    _move(old, new, place, table, last if place == begun else (), on_step)
            for table in known:
                there, here = _count(old, table.name), _count(new, table.name)
                if there != here:
                    raise MigrationError(f"{table.name}: {here:,} rows in {target.name}, {there:,} in {source.name}")
                total += here
            _end(old, new, on_end)
        except ERRORS as exc:
            raise MigrationError(f"the store can't be moved: {exc}; run it again to go on") from exc
    return total


def _tables(db: Connection) -> list[_Table]:
    """Return the tables that are moved as they are, each behind those that it refers to."""
    names = db.execute(
        """SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'
          AND name NOT LIKE '%trigrams%' AND name NOT IN ('meta', 'positions') ORDER BY rowid"""
    ).fetchall()
    found = []
    for (name,) in map(tuple, names):
        columns = [tuple(row) for row in db.execute("SELECT name, pk FROM pragma_table_info(?) ORDER BY cid", (name,))]
        key = sorted((place, column) for column, place in columns if place)
        found.append(_Table(name, tuple(column for column, _ in columns), tuple(column for _, column in key)))
    return found


def _begin(new: Connection, name: str) -> tuple[int, tuple[object, ...]] | None:
    """Return where an earlier run ended; None where this is the first."""
    row = new.execute("SELECT value FROM meta WHERE name = ?", (MIGRATION,)).fetchone()
    if row is not None:
        place, last = json.loads(row[0])
        return place, tuple(last)
    if any(new.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() for table in ("series", "issues")):  # noqa: S608
        raise MigrationError(f"{name} holds a store already: give one that is empty")
    new.execute("INSERT INTO meta VALUES (?, ?)", (MIGRATION, json.dumps([0, []])))
    return None


def _move(
    old: Connection,
    new: Connection,
    place: int,
    table: _Table,
    last: tuple[object, ...],
    on_step: Callable[[Progress], None],
) -> None:
    """Move the rows of a table that stand behind a key."""
    rows, moved = _count(old, table.name), _count(new, table.name)
    key = _quoted(table.key)
    marks = ", ".join("?" * len(table.key))
    insert = f"INSERT INTO {table.name} ({table.listed}) VALUES ({', '.join('?' * len(table.columns))})"  # noqa: S608
    places = [table.columns.index(column) for column in table.key]
    while True:
        behind = f"WHERE ({key}) > ({marks})" if last else ""
        found = old.execute(
            f"SELECT {table.listed} FROM {table.name} {behind} ORDER BY {key} LIMIT ?",  # noqa: S608 (names of the schema)
            (*last, STEP_ROWS),
        ).fetchall()
        if found:
            last = tuple(found[-1][one] for one in places)
        new.execute("BEGIN IMMEDIATE")
        new.executemany(insert, [tuple(row) for row in found])
        reached = [place, last] if len(found) == STEP_ROWS else [place + 1, []]
        new.execute("UPDATE meta SET value = ? WHERE name = ?", (json.dumps(reached), MIGRATION))
        new.execute("COMMIT")
        moved += len(found)
        on_step(Progress(table.name, moved, rows))
        if len(found) < STEP_ROWS:
            return


def _end(old: Connection, new: Connection, on_end: Callable[[Connection], None]) -> None:
    """Take over what meta says, and forget that anything was moved."""
    own = ("schema_version", MIGRATION)
    kept = [tuple(row) for row in old.execute("SELECT name, value FROM meta WHERE name NOT IN (?, ?)", own)]
    new.execute("BEGIN IMMEDIATE")
    new.executemany("INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", kept)
    new.execute("DELETE FROM meta WHERE name = ?", (MIGRATION,))
    on_end(new)
    new.execute("COMMIT")


def _count(db: Connection, table: str) -> int:
    count: int = db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 (a name of the schema)
    return count


def _quoted(columns: tuple[str, ...]) -> str:
    return ", ".join(f'"{column}"' for column in columns)
