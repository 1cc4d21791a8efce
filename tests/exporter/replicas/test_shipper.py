"""Shipping is exactly once, also when a server goes on with what nobody waits for any more."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from tests.exporter.databases import POSTGRES, address_of
from tests.waiting import until

from errtally.exporter.installation import JOURNAL_DIRECTORY, replica_of
from errtally.exporter.journal.appender import Appender
from errtally.exporter.replicas.shipper import Shipper
from errtally.exporter.store.connection import DatabaseError
from errtally.exporter.store.postgres.database import PostgresDatabase

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres: str) -> PostgresDatabase:
    monkeypatch.setenv(POSTGRES, postgres)
    return PostgresDatabase(address_of(tmp_path), replica_of(tmp_path))


def _rows(database: PostgresDatabase) -> int:
    connection = database.reader()
    try:
        return int(connection.execute("SELECT count(*) FROM journal").fetchone()[0])
    finally:
        connection.close()


def test_a_connection_that_was_given_up_ships_nothing(tmp_path: Path, database: PostgresDatabase) -> None:
    former, present = Shipper(database, tmp_path), Shipper(database, tmp_path)
    assert former.step() == 0
    assert present.step() == 0
    Appender(tmp_path / JOURNAL_DIRECTORY).append(b"frame", 1, time.time())
    assert present.step() == 1
    with pytest.raises(DatabaseError, match="another"):
        former.step()
    assert _rows(database) == 1


def test_a_transaction_that_was_given_up_is_over_before_positions_are_read_anew(
    tmp_path: Path, database: PostgresDatabase
) -> None:
    former, present = Shipper(database, tmp_path), Shipper(database, tmp_path)
    assert former.step() == 0
    Appender(tmp_path / JOURNAL_DIRECTORY).append(b"frame", 1, time.time())
    connection = former._connection
    assert connection is not None
    execute = connection.execute
    shipped: list[int] = []
    later = threading.Thread(target=lambda: shipped.append(present.step()))

    def commits_late(statement: str, values: object = ()) -> object:
        if statement == "COMMIT":
            later.start()
            later.join(0.5)
            assert later.is_alive()  # it waits
        return execute(statement, values)  # type: ignore[arg-type]

    connection.execute = commits_late  # type: ignore[method-assign, assignment]
    assert former.step() == 1
    later.join(30)
    assert shipped == [0]
    assert _rows(database) == 1


def test_what_an_exporter_does_not_ship_is_seen_by_the_others(tmp_path: Path, database: PostgresDatabase) -> None:
    shipper = Shipper(database, tmp_path)
    shipper.step()
    connection = database.connect()
    try:
        assert database.waiting(connection).oldest is None
        connection.execute("UPDATE shippers SET shipped = shipped - 100")
        oldest = database.waiting(connection).oldest
        assert oldest is not None
        assert 90 < time.time() - oldest < 200
        stop = threading.Event()
        stop.set()
        Shipper(database, tmp_path).run(stop)
        assert database.waiting(connection).oldest is None  # it has ended, and nothing is left
    finally:
        connection.close()


def test_what_nobody_folds_fills_the_database_to_a_bound_and_then_waits_where_it_was_taken(
    tmp_path: Path, database: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("errtally.exporter.replicas.shipper.MEASURE_SECONDS", 0)
    shipper, appender = Shipper(database, tmp_path, lambda: 5_000), Appender(tmp_path / JOURNAL_DIRECTORY)
    shipped = 0
    for _ in range(5):
        appender.append(b"x" * 1_000, 1, time.time())
        shipped += shipper.step()
    appender.append(b"x" * 1_000, 1, time.time())
    stop = threading.Event()
    running = threading.Thread(target=shipper.run, args=(stop,))
    running.start()
    until(lambda: shipper.problem)
    assert "5 events of all exporters wait in 5,1" in shipper.problem
    assert "`limits.journal_bytes` is 5,000" in shipper.problem
    with closing(database.connect()) as db:
        assert db.execute("SELECT sum(events) FROM journal").fetchone() == (5,)
        db.execute("DELETE FROM journal")  # somebody folds
        until(lambda: db.execute("SELECT sum(events) FROM journal").fetchone() == (1,), seconds=30)
    until(lambda: not shipper.problem)
    stop.set()
    running.join(30)
    assert shipped == 5
    appender.close()
