"""Moving a store between SQLite and PostgreSQL."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from click.testing import CliRunner
from tests.exporter.databases import POSTGRES, address_of, database_at
from tests.exporter.inprocess import InProcess
from tests.waiting import until

from errtally.errors import ErrtallyError, StoreError
from errtally.exporter import migration
from errtally.exporter.artifacts.archive import Archive
from errtally.exporter.artifacts.artifact import Artifact
from errtally.exporter.commands.migrate import command
from errtally.exporter.config import ExporterConfig
from errtally.exporter.digest.budget import Budget
from errtally.exporter.installation import replica_of
from errtally.exporter.metrics.view import StoreView
from errtally.exporter.replicas.lease import Lease
from errtally.exporter.store.meta import MIGRATION
from errtally.exporter.store.postgres.database import PostgresDatabase
from errtally.exporter.store.reading import StoreReader
from errtally.exporter.store.sqlite import SqliteDatabase
from errtally.exporter.store.tokens import TokenStore
from errtally.exporter.writer import Writer


def event(number):
    return {
        "message": f"part {chr(97 + number % 7) * 5} \u00e4 'x' 100%",
        "exception": {"type": f"Error{number % 7}", "value": "x"},
        "environment": ("production", "staging")[number % 2],
        "release": f"shop@1.{number % 3}",
        "user": {"id": str(number % 11)},
        "tags": {"colour": ("red", "green")[number % 2]},
    }


@pytest.fixture
def filled(tmp_path):
    """A stopped exporter's data directory, with events, users, tags and releases."""
    folder = tmp_path / "a"
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(POSTGRES, raising=False)
        exporter = InProcess(folder)
        for number in range(60):
            answer = exporter.post("/api/events", event(number))
            assert answer.status == 200, answer
        exporter.fold()
        exporter.close()
    return folder


@pytest.fixture
def server(postgres, monkeypatch, tmp_path):
    for name in ("shared", "other"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv(POSTGRES, postgres)
    return postgres


def moved(*arguments):
    return CliRunner().invoke(command, [str(one) for one in arguments], catch_exceptions=False)


def shown(database, folder):
    """What scrapes and pages tell of a store, but for its size."""
    text = StoreView(database, folder, Budget({})).render(1e10, openmetrics=False).decode()
    reader = StoreReader(database)
    issues = sorted(reader.issues(), key=lambda one: one["id"])
    return (
        re.sub(r"(?m)^errtally_(store|journal)_.*\n", "", text),
        [reader.issue(one["issue"] if "issue" in one else one["fingerprint"], one["project"]) for one in issues],
    )


@pytest.mark.usefixtures("server")
def test_a_store_that_was_moved_there_and_back_is_the_same(filled, tmp_path):
    before = shown(SqliteDatabase(filled), filled)
    TokenStore(filled).create("ci", ("read",), "ann", 5.0)
    made = TokenStore(filled).all()
    address = address_of(tmp_path / "shared")
    assert "Their number is the same in both" in moved("--to", address, "--data-dir", filled).output
    assert shown(database_at(tmp_path / "shared"), filled) == before
    back = tmp_path / "b"
    assert moved("--from", address, "--data-dir", back).exit_code == 0
    assert shown(SqliteDatabase(back), back) == before
    assert TokenStore(filled, address).all() == TokenStore(back).all() == made
    assert (back / "secret.key").read_bytes() == (filled / "secret.key").read_bytes()


@pytest.mark.usefixtures("server")
def test_uploaded_files_are_moved_there_and_back(filled, tmp_path):
    archive = Archive(filled)
    files = [
        Artifact("shop", "source_map", archive.keep(name.encode()), len(name), url=f"~/{name}.js.map", uploaded=1.0)
        for name in ("a", "b")
    ]
    archive.add(files)
    archive.close()
    address, back = address_of(tmp_path / "shared"), tmp_path / "b"
    assert "uploaded files: 2 in both" in moved("--to", address, "--data-dir", filled).stderr
    assert "uploaded files: 2 in both" in moved("--from", address, "--data-dir", back).stderr
    archive = Archive(back)
    assert sorted(archive.of_project("shop"), key=lambda one: one.url) == files
    assert [archive.content(one.sha1) for one in files] == [b"a", b"b"]
    archive.close()


@pytest.mark.usefixtures("server")
def test_an_exporter_goes_on_from_a_store_that_was_moved(filled, tmp_path, monkeypatch):
    monkeypatch.setattr(migration, "STEP_ROWS", 7)
    address = address_of(tmp_path / "shared")
    moved("--to", address, "--data-dir", filled)
    with closing(database_at(tmp_path / "shared").reader()) as db:
        (events,) = db.execute("SELECT sum(events) FROM issues").fetchone()
    assert events == 60
    exporter = InProcess(tmp_path / "shared", ExporterConfig())
    exporter.post("/api/events", event(1))
    exporter.fold()
    with closing(database_at(tmp_path / "shared").reader()) as db:
        (events,) = db.execute("SELECT sum(events) FROM issues").fetchone()
    exporter.close()
    assert events == 61


def test_an_interrupted_move_goes_on_and_until_then_no_exporter_starts(filled, server, tmp_path, monkeypatch):
    monkeypatch.setattr(migration, "STEP_ROWS", 5)
    steps = []

    def interrupted(progress):
        steps.append(progress)
        if len(steps) == 9:
            raise RuntimeError("interrupted")

    monkeypatch.setattr("errtally.exporter.commands.migrate._say", interrupted)
    address = address_of(tmp_path / "shared")
    with pytest.raises(RuntimeError):
        moved("--to", address, "--data-dir", filled)
    with pytest.raises(StoreError, match="run `errtally migrate` again"):
        Writer(ExporterConfig(data_dir=tmp_path / "other", database=address))
    monkeypatch.undo()
    monkeypatch.setenv(POSTGRES, server)
    assert "the same in both" in moved("--to", address, "--data-dir", filled).output
    assert shown(database_at(tmp_path / "shared"), filled) == shown(SqliteDatabase(filled), filled)
    with closing(database_at(tmp_path / "shared").reader()) as db:
        assert db.execute("SELECT 1 FROM meta WHERE name = ?", (MIGRATION,)).fetchone() is None


_KILLED = """import os, sys
from errtally.exporter.artifacts.archive import Archive
from errtally.exporter.artifacts.artifact import Artifact
from errtally.exporter.commands.migrate import command
from errtally.exporter.store.postgres.connection import PostgresConnection
from errtally.exporter.store.postgres.database import PostgresDatabase

settle = PostgresDatabase.settle_numbers
execute = PostgresConnection.execute

def settle_and_die(self, db):
    if sys.argv[1] == "before":
        os._exit(9)
    settle(self, db)
    if sys.argv[1] == "after":
        os._exit(9)
    PostgresConnection.execute = die_behind_commit

def die_behind_commit(self, *arguments):
    execute(self, *arguments)
    os._exit(9)

PostgresDatabase.settle_numbers = settle_and_die
command(sys.argv[2:])
"""


@pytest.mark.parametrize(
    ("at", "is_whole"),
    [
        pytest.param("before", False, id="before numbers are settled"),
        pytest.param("after", False, id="after that"),
        pytest.param("committed", True, id="when all is stored"),
    ],
)
@pytest.mark.usefixtures("server")
def test_one_that_is_killed_at_its_end_leaves_a_store_that_is_whole_or_waits_for_the_rest(
    filled, tmp_path, at, is_whole
):
    address = address_of(tmp_path / "shared")
    arguments = ["--to", address, "--data-dir", str(filled)]
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, at, *arguments], capture_output=True, check=False, timeout=60
    )
    assert killed.returncode == 9, killed.stderr
    if not is_whole:
        with pytest.raises(StoreError, match="run `errtally migrate` again"):
            Writer(ExporterConfig(data_dir=tmp_path / "other", database=address))
        until(lambda: _is_free(address))
        assert moved(*arguments).exit_code == 0
    exporter = InProcess(tmp_path / "shared", ExporterConfig())
    exporter.post("/api/events", event(1) | {"message": "another one", "type": "NeverSeen"})
    exporter.fold()
    exporter.close()
    with closing(database_at(tmp_path / "shared").reader()) as db:
        assert db.execute("SELECT sum(events) FROM issues").fetchone() == (61,)
        assert db.execute("SELECT count(*) = count(DISTINCT id) FROM history").fetchone() == (True,)


def _is_free(address):
    """Whether the killed one's right to fold has ended; what it took is given back."""
    lease = Lease(PostgresDatabase(address, "waiting"), "waiting")
    is_taken = lease.take()
    lease.give_up()
    return is_taken


@pytest.mark.usefixtures("server")
def test_what_is_folded_is_known_before_the_first_row_is_there_so_that_nothing_is_shipped_again(
    filled, tmp_path, monkeypatch
):
    folded = SqliteDatabase(filled)
    with closing(folded.reader()) as db:
        positions = folded.positions(db)
    assert positions
    known = []
    address = address_of(tmp_path / "shared")

    def look(_):
        shared = PostgresDatabase(address, replica_of(filled))
        with closing(shared.reader()) as db:
            known.append(shared.positions(db))

    monkeypatch.setattr("errtally.exporter.commands.migrate._say", look)
    moved("--to", address, "--data-dir", filled)
    assert known[0] == positions
    back, told = tmp_path / "b", []

    def look_back(_):
        with closing(sqlite3.connect(back / "errtally.sqlite3")) as db:
            told.append(db.execute("SELECT count(*) FROM positions").fetchone())

    with closing(PostgresDatabase(address, "").connect()) as db:
        db.execute("INSERT INTO positions VALUES (?, ?)", (f"{_replica(back)}/here", 7))
    monkeypatch.setattr("errtally.exporter.commands.migrate._say", look_back)
    moved("--from", address, "--data-dir", back)
    assert told[0] == (1,)


def _replica(folder):
    folder.mkdir()
    return replica_of(folder)


@pytest.mark.usefixtures("server")
def test_a_store_is_not_moved_onto_another(filled, tmp_path):
    address = address_of(tmp_path / "shared")
    moved("--to", address, "--data-dir", filled)
    with pytest.raises(ErrtallyError, match="holds a store already"):
        moved("--to", address, "--data-dir", filled)


@pytest.mark.usefixtures("server")
def test_nothing_is_moved_while_an_exporter_folds(filled, tmp_path):
    address = address_of(tmp_path / "shared")
    database = PostgresDatabase(address, "another")
    database.connect().close()
    lease = Lease(database, "another")
    assert lease.take()
    try:
        with pytest.raises(ErrtallyError, match="stop all of them first"):
            moved("--to", address, "--data-dir", filled)
    finally:
        lease.give_up()


@pytest.mark.parametrize("arguments", [[], ["--to", "postgresql://a/b", "--from", "postgresql://a/b"]])
def test_one_direction_has_to_be_said(arguments):
    found = CliRunner().invoke(command, arguments)
    assert found.exit_code == 2
    assert "either --to ADDRESS or --from ADDRESS" in found.output
