"""Which file is a store, how it is opened, and what a store that fails says."""

from __future__ import annotations

import gc
import sqlite3
import threading
import weakref

import pytest
from tests.exporter.databases import database_at

from errtally.errors import StoreError
from errtally.exporter.config import Retention
from errtally.exporter.digest.changes import Changes
from errtally.exporter.store import sqlite
from errtally.exporter.store.reading import StoreReader
from errtally.exporter.store.upgrades import SCHEMA_VERSION
from errtally.exporter.store.writing import StoreWriter


@pytest.mark.parametrize(
    ("table", "call"),
    [
        pytest.param("positions", lambda store: store.forget(["a"]), id="forget"),
        pytest.param("apdex_slots", lambda store: store.prune(0.0, Retention()), id="prune"),
        pytest.param("positions", lambda store: store.apply(Changes(), {"a": 1}), id="apply"),
        pytest.param("positions", lambda store: store.load({}), id="load"),
    ],
)
def test_a_store_that_fails_says_so(path, connections, table, call):
    connections.append(sqlite.create(path))
    store = StoreWriter(connections[0], events_per_issue=5)
    connections[0].execute(f"DROP TABLE {table}")
    with pytest.raises(StoreError):
        call(store)


def test_a_store_of_another_version_is_not_opened(path):
    sqlite.create(path).close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(StoreError, match=rf"version 99, which is newer than this errtally's \({SCHEMA_VERSION}\)"):
        sqlite.create(path)


def test_a_file_that_is_no_store_is_not_opened(path):
    path.write_bytes(b"this is a text and no database at all" * 50)
    with pytest.raises(StoreError, match="not a database"):
        sqlite.create(path)
    with pytest.raises(StoreError, match="not a database"):
        StoreReader(database_at(path.parent)).issues()


def test_a_folder_that_is_not_there_can_not_hold_a_store(tmp_path):
    with pytest.raises(StoreError, match="unable to open"):
        sqlite.create(tmp_path / "nowhere" / "x")
    with pytest.raises(StoreError, match="unable to open"):
        sqlite.read_only(tmp_path / "nowhere" / "x")


def test_a_store_that_is_not_there_is_not_made_by_reading(tmp_path):
    with pytest.raises(StoreError):
        StoreReader(database_at(tmp_path)).issues()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a?b", "a#b", "a%41b", "ä b"])
def test_a_path_with_marks_of_a_url_is_opened(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    database_at(folder).writer().close()
    assert StoreReader(database_at(folder)).issues() == []


def test_reading_can_not_change_the_store(path):
    sqlite.create(path).close()
    db = sqlite.read_only(path)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        db.execute("DELETE FROM meta")
    db.close()


def test_full_synchronous_is_set_when_asked(path):
    db = sqlite.create(path, synchronous="FULL")
    assert db.execute("PRAGMA synchronous").fetchone()[0] == 2
    db.close()


def test_a_readers_connection_is_closed_with_its_thread(open_store, path, monkeypatch):
    open_store()
    real, made = sqlite.read_only, []

    def read_only(of):
        connection = real(of)
        made.append(weakref.ref(connection))
        return connection

    monkeypatch.setattr(sqlite, "read_only", read_only)
    reader = StoreReader(database_at(path.parent))
    thread = threading.Thread(target=reader.issues)
    thread.start()
    thread.join()
    gc.collect()  # an unclosed one would be warned of here, from Python 3.13 on
    assert [connection() for connection in made] == [None]
