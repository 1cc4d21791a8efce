"""Many rows in one statement do what one statement for each of them does, whatever is in them."""

from __future__ import annotations

import math
from contextlib import closing

import pytest

from errtally.exporter.store.connection import DatabaseError
from errtally.exporter.store.postgres.connection import PostgresConnection
from errtally.exporter.store.postgres.statements import of_rows

TABLE = (
    "CREATE TEMPORARY TABLE things (id BIGINT PRIMARY KEY, name TEXT, size DOUBLE PRECISION, page BYTEA, is_old BIGINT)"
)
INSERT = "INSERT INTO things (id, name, size, page, is_old) VALUES (?, ?, ?, ?, 0)"
ADD = f"{INSERT} ON CONFLICT (id) DO UPDATE SET size = things.size + excluded.size"

ROWS = {
    "plain values": [(1, "a", 0.5, b"x"), (2, "b", 1.5, b"")],
    "no rows": [],
    "values that are not there": [(1, None, None, None), (2, "b", 2.0, b"b"), (3, None, 3.0, None)],
    "texts with what arrays are written with": [
        (1, '{"a",\\b}', 1.0, b"\\x00"),
        (2, "NULL", 2.0, b"{}"),
        (3, "", 0.0, b""),
    ],
    "texts of many bytes a character": [(1, "größer 😀", 1.0, b"\x00\xff")],
    "a text with a NUL, which becomes another character": [(1, "a\0b", 1.0, b"\0")],
    "the ends of numbers": [(-(2**63), "", math.inf, b""), (2**63 - 1, "", 5e-324, b""), (0, "", -math.inf, b"")],
    "whole numbers and truth values where others stand": [(True, "a", 7, b"")],
}
STATEMENTS = {
    "an insertion": (INSERT, list),
    "an insertion that adds to what is there": (ADD, list),
    "a change": ("UPDATE things SET name = ?, size = ? WHERE id = ?", lambda rows: [(n, s, i) for i, n, s, _ in rows]),
    "a deletion": ("DELETE FROM things WHERE id = ?", lambda rows: [(row[0],) for row in rows]),
}


@pytest.fixture
def db(postgres):
    with closing(PostgresConnection(postgres, is_reader=False)) as opened:
        opened.execute(TABLE)
        yield opened


def found(db):
    return db.execute("SELECT * FROM things ORDER BY id").fetchall()


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("statement", STATEMENTS)
def test_rows_at_once_leave_what_rows_one_by_one_leave(db, statement, rows):
    text, values = STATEMENTS[statement]
    left = []
    for write in (db.executemany, db.write_rows):
        db.execute("DELETE FROM things")
        if text != INSERT:
            db.executemany(INSERT, ROWS[rows])
        changed = write(text, values(ROWS[rows])).rowcount
        left.append((changed, found(db)))
    assert left[0] == left[1]
    assert left[0][0] == len(ROWS[rows])


def test_texts_that_differ_in_a_nul_alone_count_in_one_row(db):
    db.execute("CREATE TEMPORARY TABLE counts (name TEXT PRIMARY KEY, events BIGINT)")
    count = "INSERT INTO counts VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET events = counts.events + excluded.events"
    db.write_rows(count, [("a\0", 1), ("a\N{REPLACEMENT CHARACTER}", 2)])
    assert db.execute("SELECT events FROM counts").fetchall() == [(3,)]


def test_a_statement_that_fails_says_so_and_changes_nothing(db):
    db.executemany(INSERT, ROWS["plain values"])
    with pytest.raises(DatabaseError, match="duplicate key"):
        db.write_rows(INSERT, [(3, "c", 1.0, b""), (2, "b", 1.0, b"")])
    assert db.is_ours
    assert len(found(db)) == 2


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("SELECT * FROM things WHERE id = ?", id="a query"),
        pytest.param("DELETE FROM things", id="one without values"),
        pytest.param(f"{ADD} + ?", id="a value behind ON CONFLICT, where rows can't be seen"),
    ],
)
def test_a_statement_that_is_not_of_rows_is_refused(statement):
    with pytest.raises(ValueError, match="many rows"):
        of_rows(statement)
