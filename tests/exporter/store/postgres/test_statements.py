"""Statements and values on their way to PostgreSQL."""

from __future__ import annotations

from contextlib import closing

import pytest
from tests.exporter.databases import POSTGRES, database_at

from errtally.errors import StoreError
from errtally.exporter.store.connection import DatabaseError
from errtally.exporter.store.postgres.database import PostgresDatabase
from errtally.exporter.store.postgres.schema import statements
from errtally.exporter.store.postgres.statements import translate
from errtally.exporter.store.sqlite import SqliteDatabase


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        pytest.param("SELECT ? + ?", "SELECT %s + %s", id="marks"),
        pytest.param("SELECT :one, :two", "SELECT %(one)s, %(two)s", id="names"),
        pytest.param("SELECT 'a?b:c' || ?", "SELECT 'a?b:c' || %s", id="nothing in a text is a placeholder"),
        pytest.param("SELECT 'it''s ?', ?", "SELECT 'it''s ?', %s", id="a quote in a text"),
        pytest.param("SELECT 5 % ?, 'x%'", "SELECT 5 %% %s, 'x%%'", id="percents stand for themselves"),
        pytest.param("SELECT '$.a' :: text, ?", "SELECT '$.a' :: text, %s", id="a cast is no name"),
        pytest.param("SELECT 1 WHERE 1 IN ()", "SELECT 1 WHERE 1 IN (NULL)", id="a list of nothing"),
        pytest.param("BEGIN IMMEDIATE", "BEGIN", id="a writing transaction"),
        pytest.param("SELECT 1 FROM a b INDEXED BY c WHERE d", "SELECT 1 FROM a b WHERE d", id="the index to go by"),
        pytest.param(
            "SELECT 1 FROM a b CROSS JOIN c d ON d.e = b.e",
            "SELECT 1 FROM a b JOIN c d ON d.e = b.e",
            id="the order of tables",
        ),
        pytest.param("SELECT a + b.c WHERE +b.d = (+b.e)", "SELECT a + b.c WHERE b.d = (b.e)", id="no index to go by"),
        pytest.param(
            "SELECT 1 FROM a b CROSS JOIN c d WHERE e", "SELECT 1 FROM a b CROSS JOIN c d WHERE e", id="all with all"
        ),
    ],
)
def test_a_statement_has_the_placeholders_of_psycopg(ours, theirs):
    assert translate(ours) == theirs


def test_there_is_nothing_of_sqlite_in_the_schema():
    made = statements("public")
    assert not [one for one in ("WITHOUT ROWID", "fts5", "CREATE TRIGGER", "BLOB", " REAL") if one in made]


@pytest.fixture
def both(postgres, monkeypatch, tmp_path):
    """Connections to two empty stores."""
    with closing(SqliteDatabase(tmp_path).writer()) as file:
        monkeypatch.setenv(POSTGRES, postgres)
        with closing(database_at(tmp_path).writer()) as server:
            yield file, server


def test_both_databases_have_the_same_tables_and_columns(both):
    file, server = both
    own = {
        name: {column for (column,) in file.execute("SELECT name FROM pragma_table_info(?)", (name,))}
        for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        if not name.startswith("sqlite") and "trigrams" not in name
    }
    theirs: dict[str, set[str]] = {}
    for table, column in server.execute(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()"
    ):
        theirs.setdefault(table, set()).add(column)
    assert {name: theirs.get(name) for name in own} == own
    assert {name for name in theirs.keys() - own.keys() if not name.startswith("artifact")} == {
        "journal", "writers", "shippers", "committers", "secrets", "tokens", "quotas", "failed_logins",
    }  # fmt: skip


VALUES = [
    pytest.param("SELECT ?", ("x",), "x", id="a text"),
    pytest.param("SELECT ?", ("\0\u00e4",), None, id="a text with NUL"),
    pytest.param("SELECT ? + 1", (True,), 2, id="a truth value is a number"),
    pytest.param("SELECT ?", (2**62,), 2**62, id="64 bits"),
    pytest.param("SELECT sum(x) FROM (SELECT CAST(? AS BIGINT) AS x) one", (7,), 7, id="a sum of whole numbers"),
    pytest.param("SELECT CAST(? AS DOUBLE PRECISION)", (float("-inf"),), float("-inf"), id="minus infinity"),
    pytest.param("SELECT max(CAST(? AS BIGINT), CAST(? AS BIGINT))", (3, 5), 5, id="the larger of two"),
    pytest.param("SELECT min(CAST(? AS BIGINT), CAST(? AS BIGINT))", (3, 5), 3, id="the smaller of two"),
    pytest.param("SELECT max(CAST(? AS BIGINT), NULL)", (3,), None, id="the larger of a number and none"),
    pytest.param("SELECT json_extract(?, '$.a')", ('{"a": "b"}',), "b", id="a value of an object"),
    pytest.param("SELECT json_extract(?, '$.x')", ('{"a": "b"}',), None, id="a value that is not there"),
    pytest.param("SELECT json_extract(?, '$[1]')", ('["a", "b"]',), "b", id="an element"),
    pytest.param("SELECT count(*) FROM json_each(?)", ("[1, 2, 3]",), 3, id="elements"),
    pytest.param("SELECT count(*) FROM json_each(?)", ('["a\\u0000", "b"]',), 2, id="NUL in a list"),
    pytest.param("SELECT 'ab_c' LIKE ? ESCAPE '\\'", ("%b\\_%",), 1, id="a pattern with an escape"),
    pytest.param("SELECT lower(substr(?, 1, 2))", ("ABC",), "ab", id="a beginning in small letters"),
]


@pytest.mark.parametrize(("statement", "values", "result"), VALUES)
def test_both_databases_answer_alike(both, statement, values, result):
    file, server = both
    if result is None and "\0" in str(values[0]):
        assert server.execute(statement, values).fetchone()[0] == "\N{REPLACEMENT CHARACTER}\u00e4"
        return
    assert file.execute(statement, values).fetchone()[0] == result
    assert server.execute(statement, values).fetchone()[0] == result


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ('"abc"', [1, 2]),
        ('"abc" AND "xyz"', [2]),
        ('"100" AND "00%"', [3]),
        ('"a_c"', [4]),
        ('"""hi"', [5]),
        ('"\\t1"', [6]),
        ('"zzz"', []),
    ],
)
def test_both_databases_find_the_same_texts_by_trigrams(both, query, found):
    for db in both:
        for text in ("abcdef", "abc xyz", "100% sure", "a_c", 'he said "hi"', "tab \\t1"):
            db.execute("INSERT INTO tag_values (tag, value, folded) VALUES ('t', ?, ?)", (text, text))
        rows = db.execute("SELECT rowid FROM tag_value_trigrams(?) ORDER BY 1", (query,)).fetchall()
        assert [row[0] for row in rows] == found


@pytest.mark.parametrize(
    ("condition", "value", "found"),
    [
        pytest.param("value = ? COLLATE NOCASE", "CAF\u00e9", ["Caf\u00e9"], id="the same but for case"),
        pytest.param("value = ? COLLATE NOCASE", "caf\u00c9", [], id="case of letters beyond ASCII counts"),
        pytest.param("value LIKE ? COLLATE NOCASE ESCAPE '\\'", "c%F_", ["Caf\u00e9"], id="a pattern"),
        pytest.param("value LIKE ? COLLATE NOCASE ESCAPE '\\'", "c%\\_", [], id="a pattern with an escape"),
    ],
)
def test_both_databases_compare_texts_without_regard_to_case(both, condition, value, found):
    for db in both:
        db.execute("INSERT INTO tag_values (tag, value, folded) VALUES ('t', 'Caf\u00e9', ''), ('t', 'tea', '')")
        rows = db.execute(f"SELECT value FROM tag_values WHERE {condition}", (value,)).fetchall()
        assert [row[0] for row in rows] == found


@pytest.mark.usefixtures("both")
def test_a_row_of_a_reader_is_known_by_names_and_by_places(tmp_path):
    with closing(database_at(tmp_path).reader()) as db:
        row = db.execute("SELECT 1 AS one, 'x' AS two").fetchone()
    assert (row["one"], row[1], tuple(row), dict(row)) == (1, "x", (1, "x"), {"one": 1, "two": "x"})


@pytest.mark.usefixtures("both")
def test_a_reader_writes_nothing(tmp_path):
    with closing(database_at(tmp_path).reader()) as db:
        db.execute("BEGIN")
        with pytest.raises(DatabaseError, match="read-only"):
            db.execute("DELETE FROM meta")


def test_a_failed_statement_is_told_by_its_first_line(both):
    with pytest.raises(DatabaseError, match=r'^relation "nothing" does not exist$'):
        both[1].execute("SELECT 1 FROM nothing")


def test_a_database_of_a_newer_schema_is_refused(both, tmp_path):
    both[1].execute("UPDATE meta SET value = '9999' WHERE name = 'schema_version'")
    with pytest.raises(StoreError, match="its schema has version 9999"):
        database_at(tmp_path).writer()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        pytest.param(
            "postgresql://who:secret@127.0.0.1:1/x", "PostgreSQL x at 127.0.0.1: .*refused", id="nobody there"
        ),
        pytest.param("postgresql://who:secret@[bad", "the database: its address is none", id="no address"),
    ],
)
def test_what_can_not_be_opened_is_named_without_its_password(address, said):
    with pytest.raises(StoreError, match=said) as caught:
        PostgresDatabase(address, "r").writer()
    assert "secret" not in str(caught.value)
