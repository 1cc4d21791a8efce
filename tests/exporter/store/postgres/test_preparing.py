"""Tables in PostgreSQL are brought to a newer version once and whole; older exporters leave them alone from then on."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from tests.exporter.databases import POSTGRES, address_of
from tests.exporter.next_version import STEP, next_version
from tests.waiting import until

from errtally.errors import StoreError, StoreVersionError
from errtally.exporter.installation import JOURNAL_DIRECTORY, replica_of
from errtally.exporter.journal.appender import Appender
from errtally.exporter.replicas.lease import STILL_HELD, Lease
from errtally.exporter.replicas.shipper import Shipper
from errtally.exporter.store.connection import DatabaseError
from errtally.exporter.store.postgres import preparing
from errtally.exporter.store.postgres.database import PostgresDatabase
from errtally.exporter.store.reading import StoreReader
from errtally.exporter.store.tokens import TokenStore
from errtally.exporter.store.upgrades import SCHEMA_VERSION, Step

if TYPE_CHECKING:
    from pathlib import Path

NEWER = rf"version {SCHEMA_VERSION + 1}, which is newer than this errtally's \({SCHEMA_VERSION}\)"


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres: str) -> PostgresDatabase:
    """One with tables of this version, and an issue."""
    monkeypatch.setenv(POSTGRES, postgres)
    one = PostgresDatabase(address_of(tmp_path), replica_of(tmp_path))
    with closing(one.writer()) as db:
        db.execute(
            """INSERT INTO issues (project, fingerprint, type, title, culprit, pattern, scope, platform, why, status,
              level, events, first_seen, last_seen, first_release, last_release, change)
            VALUES ('p', 'f', 'T', '', '', '', '', '', '[]', 'unresolved', 'error', 3, 1, 2, '', '', 1)"""
        )
    return one


def upgraded(database: PostgresDatabase, step: Step = STEP) -> None:
    with next_version(step):
        database.connect().close()


def asked(database: PostgresDatabase, statement: str) -> list[tuple[object, ...]]:
    with closing(database.reader()) as db:
        return [tuple(row) for row in db.execute(statement)]


def test_an_older_store_is_brought_up_to_date_with_all_it_holds(database: PostgresDatabase) -> None:
    upgraded(database)
    assert asked(database, "SELECT fingerprint, events, mood FROM issues") == [("f", 3, 2.0)]
    assert asked(database, "SELECT value FROM meta WHERE name = 'schema_version'") == [(str(SCHEMA_VERSION + 1),)]
    assert asked(
        database,
        """SELECT column_name, data_type, is_identity FROM information_schema.columns
        WHERE table_schema = current_schema() AND table_name = 'moods' ORDER BY 1""",
    ) == [("b", "bytea", "NO"), ("id", "bigint", "YES")]


def test_what_only_sqlite_has_is_left_out_of_a_step(database: PostgresDatabase) -> None:
    step = Step(
        """CREATE TABLE one (a TEXT PRIMARY KEY) WITHOUT ROWID;
        CREATE VIRTUAL TABLE two USING fts5 (a);
        CREATE TRIGGER three AFTER INSERT ON one BEGIN INSERT INTO two VALUES (new.a); END;
        INSERT INTO one VALUES ('b')""",
        sqlite="nothing that PostgreSQL knows",
    )
    upgraded(database, step)
    assert asked(database, "SELECT a FROM one") == [("b",)]
    assert asked(database, "SELECT 1 FROM pg_class WHERE relname = 'two'") == []


def test_a_step_that_fails_changes_nothing(database: PostgresDatabase) -> None:
    lease = Lease(database, "older")
    assert lease.take()
    with pytest.raises(StoreError, match="nowhere"):
        upgraded(database, Step(STEP.sql, postgres="DELETE FROM issues; DELETE FROM nowhere"))
    assert asked(database, "SELECT events FROM issues") == [(3,)]
    assert asked(database, "SELECT epoch FROM writers") == [(lease.epoch,)]
    with closing(database.connect()) as db:
        db.begin_with(STILL_HELD, (lease.epoch,))
        db.execute("BEGIN IMMEDIATE")
        db.execute("COMMIT")
    lease.give_up()


def test_one_of_many_does_it(database: PostgresDatabase) -> None:
    step = Step("CREATE TABLE IF NOT EXISTS done (at REAL); INSERT INTO done VALUES (1)", postgres="SELECT pg_sleep(1)")
    with next_version(step), ThreadPoolExecutor(8) as pool:
        tries = [pool.submit(database.connect) for _ in range(8)]
        others = [one.exception() for one in tries]
        for one in tries:
            if one.exception() is None:
                one.result().close()
    assert None in others
    assert {str(one) for one in others if one is not None} <= {
        f"{database.name}: another exporter brings its schema up to date"
    }
    assert asked(database, "SELECT count(*) FROM done") == [(1,)]


def test_it_waits_for_a_fold_of_an_older_exporter_and_makes_the_next_one_impossible(database: PostgresDatabase) -> None:
    lease = Lease(database, "older")
    assert lease.take()
    with closing(database.writer()) as older:
        older.begin_with(STILL_HELD, (lease.epoch,))
        older.execute("BEGIN IMMEDIATE")
        older.execute("UPDATE issues SET events = 4")
        upgrading = threading.Thread(
            target=upgraded, args=(database, Step("", postgres="UPDATE issues SET level = events"))
        )
        upgrading.start()
        waits = "SELECT 1 FROM pg_locks WHERE relation = 'writers'::regclass AND NOT granted"
        until(lambda: asked(database, waits))
        older.execute("COMMIT")
        upgrading.join(30)
        assert asked(database, "SELECT events, level FROM issues") == [(4, "4")]
        with pytest.raises(DatabaseError, match="another exporter"):
            older.execute("BEGIN IMMEDIATE")
        assert not older.is_ours
    # One that waited for the right to fold since before may get it once more; it then finds that it can't.
    assert lease.take()
    with pytest.raises(StoreVersionError, match=NEWER):
        database.writer()
    lease.give_up()
    with pytest.raises(StoreVersionError, match=NEWER):
        lease.take()


@pytest.mark.parametrize("frames", [pytest.param(1, id="with a frame"), pytest.param(0, id="with nothing to ship")])
def test_an_older_exporter_ships_nothing_more_and_keeps_what_it_took(
    tmp_path: Path, database: PostgresDatabase, monkeypatch: pytest.MonkeyPatch, frames: int
) -> None:
    monkeypatch.setattr("errtally.exporter.replicas.shipper.SAY_SECONDS", 0)
    older, appender = Shipper(database, tmp_path), Appender(tmp_path / JOURNAL_DIRECTORY)
    assert older.step() == 0
    upgraded(database)
    if frames:
        appender.append(b"frame", 1, time.time())
    with pytest.raises((StoreError, DatabaseError)):
        older.step()
    older._forget()
    with pytest.raises(StoreVersionError, match=NEWER):
        older.step()
    assert asked(database, "SELECT count(*) FROM journal") == [(0,)]
    with next_version():
        newer = Shipper(database, tmp_path)
        assert newer.step() == frames
    assert asked(database, "SELECT count(*) FROM journal") == [(frames,)]
    newer._forget()
    appender.close()


def test_one_that_begins_to_ship_while_the_tables_change_is_told(
    tmp_path: Path, database: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    older, appender = Shipper(database, tmp_path), Appender(tmp_path / JOURNAL_DIRECTORY)
    appender.append(b"frame", 1, time.time())
    begin = PostgresDatabase.end_abandoned

    def late(self: PostgresDatabase, db: object) -> None:
        begin(self, db)  # type: ignore[arg-type]
        upgraded(database)

    monkeypatch.setattr(PostgresDatabase, "end_abandoned", late)
    with pytest.raises(StoreVersionError, match=NEWER):
        older.step()
    assert asked(database, "SELECT count(*) FROM journal") == [(0,)]
    appender.close()


_SLOW = """import sys
from tests.exporter.next_version import next_version
from errtally.exporter.store.postgres.database import PostgresDatabase
from errtally.exporter.store.upgrades import Step

with next_version(Step("", postgres="SELECT pg_sleep(2)")):
    PostgresDatabase(sys.argv[1], "newer").connect().close()
"""


def test_one_that_is_new_while_the_tables_change_waits_and_is_told(tmp_path: Path, database: PostgresDatabase) -> None:
    older, appender = Shipper(database, tmp_path), Appender(tmp_path / JOURNAL_DIRECTORY)
    appender.append(b"frame", 1, time.time())
    newer = subprocess.Popen([sys.executable, "-c", _SLOW, database.address])
    until(lambda: asked(database, "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"))
    with pytest.raises(StoreVersionError, match=NEWER):
        older.step()
    assert newer.wait(30) == 0
    assert asked(database, "SELECT count(*) FROM journal") == [(0,)]
    appender.close()


def test_an_older_exporter_shows_no_pages_of_newer_tables(database: PostgresDatabase) -> None:
    reader = StoreReader(database)
    assert [one["fingerprint"] for one in reader.issues()] == ["f"]
    upgraded(database)
    for _ in range(2):
        with pytest.raises(StoreError, match=NEWER):
            reader.issues()


def test_a_newer_exporter_shows_no_pages_of_tables_that_are_not_up_to_date(database: PostgresDatabase) -> None:
    said = (
        rf"version {SCHEMA_VERSION}, which is older than this errtally's \({SCHEMA_VERSION + 1}\).*brings it up to date"
    )
    with next_version(), pytest.raises(StoreError, match=said):
        StoreReader(database).issues()


def test_a_command_of_a_newer_version_leaves_the_tables_to_exporters(
    tmp_path: Path, database: PostgresDatabase
) -> None:
    with next_version(), pytest.raises(StoreVersionError, match="which is older"):
        TokenStore(tmp_path, database.address).all()
    assert TokenStore(tmp_path, database.address).all() == []


def test_a_table_that_somebody_reads_for_long_is_waited_for_and_tried_again_later(
    database: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "LOCK_SECONDS", 1)
    with closing(database.reader()) as reading:
        reading.execute("BEGIN")
        reading.execute("SELECT 1 FROM issues")
        with pytest.raises(StoreError, match="lock timeout"):
            upgraded(database)
    upgraded(database)
    assert asked(database, "SELECT mood FROM issues") == [(2.0,)]
