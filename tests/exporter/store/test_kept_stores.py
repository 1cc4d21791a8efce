"""A store that any version has made is opened by this one, with all that it holds, and goes on from there.

`tests.exporter.keep_store` made them, each with the code that had that version.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import sqlite3
import urllib.parse
from contextlib import closing
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from tests.exporter.databases import POSTGRES, address_of, database_at
from tests.exporter.inprocess import InProcess
from tests.exporter.keep_store import ISSUES, STORES, events

from errtally import names
from errtally.exporter.config import ExporterConfig, Retention
from errtally.exporter.store import sqlite
from errtally.exporter.store.upgrades import FIRST_OF_POSTGRES, SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from errtally.exporter.store.connection import Connection

FOR_EVER = ExporterConfig(retention=Retention(event_days=1e5, resolved_event_days=1e5, idle_event_days=1e5))

KEPT = sorted(STORES.glob("*.gz"))

_SERIES = "SELECT metric, labels, part, value FROM series ORDER BY id"

_SHAPES = (
    """SELECT table_name, column_name, data_type, is_nullable, column_default, is_identity, collation_name
    FROM information_schema.columns WHERE table_schema = current_schema()""",
    r"""SELECT regexp_replace(replace(indexdef, current_schema() || '.', ''), '\w+\.gin_trgm_ops', 'gin_trgm_ops')
    FROM pg_indexes WHERE schemaname = current_schema()""",
    """SELECT conrelid::regclass, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = current_schema()::regnamespace""",
    """SELECT proname, pg_get_function_arguments(oid), prosrc FROM pg_proc
    WHERE pronamespace = current_schema()::regnamespace AND probin IS NULL""",
)
"""What tells whether two schemas of PostgreSQL are the same."""


@pytest.mark.parametrize(
    ("name", "first"),
    [
        pytest.param("version-{}.sqlite3.gz", 1, id="in SQLite"),
        pytest.param("version-{}.postgres.sql.gz", FIRST_OF_POSTGRES, id="in PostgreSQL"),
    ],
)
def test_a_store_of_every_former_version_is_kept(name: str, first: int) -> None:
    missing = {name.format(version) for version in range(first, SCHEMA_VERSION)} - {one.name for one in KEPT}
    assert not missing, "at the commit before the version was raised: python -m tests.exporter.keep_store"


@pytest.fixture(params=[pytest.param(one, id=one.name.removesuffix(".gz")) for one in KEPT])
def kept(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory with a kept store, or that leads to it."""
    content = gzip.decompress(request.param.read_bytes())
    if ".postgres." in request.param.name:
        server = request.getfixturevalue("postgres")
        _restore(content.decode(), server, tmp_path, monkeypatch)
    else:
        monkeypatch.delenv(POSTGRES, raising=False)
        (tmp_path / sqlite.FILE_NAME).write_bytes(content)
    return tmp_path


def _restore(dump: str, server: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Restore a dump into the schema of a folder, in a database of its own."""
    name = "kept" + hashlib.sha256(str(folder).encode()).hexdigest()[:20]
    with psycopg.connect(server, autocommit=True) as db:
        db.execute(f"CREATE DATABASE {name}")
    monkeypatch.setenv(POSTGRES, urllib.parse.urlsplit(server)._replace(path=f"/{name}").geturl())
    schema = address_of(folder).rpartition("%3D")[2]
    with psycopg.connect(address_of(folder), autocommit=True) as db:
        db.execute(re.sub(r"(?m)^\\.*", "", dump))  # what follows a backslash is for psql
        db.execute(f"DROP SCHEMA {schema}; ALTER SCHEMA public RENAME TO {schema}")


@pytest.fixture
def exporter(kept: Path) -> Iterator[InProcess]:
    one = InProcess(kept, FOR_EVER)
    one.fold()
    yield one
    one.close()


def _issues(exporter: InProcess, query: str = "") -> dict[str, Any]:
    return {one["type"]: one for one in exporter.get(f"/api/issues?query={query}").json()["issues"]}


def test_it_shows_what_it_counted(exporter: InProcess) -> None:
    issues = _issues(exporter)
    assert {name: one["events"] for name, one in issues.items()} == ISSUES
    assert {name: one["status"] for name, one in issues.items()} == {
        "TypeError": "unresolved", "ValueError": "unresolved", "KeyError": "resolved",
    }  # fmt: skip
    assert exporter.total(names.EVENTS.name) == sum(ISSUES.values())
    assert exporter.total(names.ISSUE_EVENTS.name) == sum(ISSUES.values())
    for one in issues.values():
        page = exporter.get(f"/issues/{one['issue']}")
        assert page.status == 200
        assert b"in the till" in page.body


def test_it_shows_the_events_it_kept(exporter: InProcess) -> None:
    shown = {one.page["event_id"]: (one.page["type"], one.page["message"]) for one in exporter.reader.kept_events()}
    assert shown == {one["event_id"]: (one["type"], one["message"]) for one in events()}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        pytest.param("till", set(ISSUES), id="a word of messages"),
        pytest.param("colour:green", {"TypeError", "ValueError"}, id="a tag"),
        pytest.param("release:shop@1.1", {"ValueError"}, id="a release"),
        pytest.param("environment:staging", {"TypeError", "ValueError"}, id="an environment"),
        pytest.param("is:resolved", {"KeyError"}, id="a status"),
    ],
)
def test_what_it_holds_is_found(exporter: InProcess, query: str, found: set[str]) -> None:
    assert _issues(exporter, query).keys() == found


def test_it_goes_on_counting_and_counts_nothing_twice(exporter: InProcess) -> None:
    for one in events():
        assert exporter.post("/api/events", one).status == 200
    exporter.fold()
    assert exporter.total(names.EVENTS.name) == sum(ISSUES.values())
    for one in events():
        assert exporter.post("/api/events", one | {"event_id": str(one["event_id"])[::-1]}).status == 200
    exporter.fold()
    assert exporter.total(names.EVENTS.name) == 2 * sum(ISSUES.values())
    issues = exporter.get("/api/issues").json()["issues"]
    counted = {name: sum(one["events"] for one in issues if one["type"] == name) for name in ISSUES}
    assert counted == {name: 2 * count for name, count in ISSUES.items()}
    assert {one["status"] for one in issues if one["type"] == "KeyError"} <= {"regressed", "unresolved"}


def test_its_series_stay_as_they_are(kept: Path, tmp_path: Path) -> None:
    database = database_at(kept)
    if isinstance(database, sqlite.SqliteDatabase):
        with closing(sqlite3.connect(database.path)) as older:
            before = older.execute(_SERIES).fetchall()
    else:
        with closing(database.reader()) as reading:
            before = [tuple(row) for row in reading.execute(_SERIES)]
    with closing(database_at(tmp_path).writer()) as db:
        assert db.execute(_SERIES).fetchall() == before
    assert len(before) > 20


def test_its_tables_become_those_of_a_new_store(kept: Path, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    with closing(database_at(kept).writer()) as db, closing(database_at(tmp_path / "new").writer()) as made:
        assert _shape(db) == _shape(made)
    database_at(kept).writer().close()


def _shape(db: Connection) -> set[str]:
    """Tables and indexes, with what their columns are called and hold."""
    if not isinstance(db, sqlite3.Connection):
        return {json.dumps([str(value) for value in row]) for ask in _SHAPES for row in db.execute(ask).fetchall()}
    found = db.execute("SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'").fetchall()
    return {
        json.dumps([kind, name, row[1:5] if kind == "table" else str(row[2])])  # an index's expression has no name
        for kind, name in found
        for row in db.execute(f"PRAGMA {kind}_info({name})").fetchall()
    }
