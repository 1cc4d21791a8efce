"""Moving a store between SQLite and PostgreSQL."""

from __future__ import annotations

import re
from contextlib import closing

import pytest
from click.testing import CliRunner
from tests.exporter.databases import POSTGRES, address_of, database_at
from tests.exporter.inprocess import InProcess

from errtally.errors import ErrtallyError, StoreError
from errtally.exporter import migration
from errtally.exporter.commands.migrate import command
from errtally.exporter.config import ExporterConfig
from errtally.exporter.digest.budget import Budget
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
