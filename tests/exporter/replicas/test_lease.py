"""The right to fold goes to another exporter when its holder is gone, wherever that stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.exporter.databases import POSTGRES, address_of
from tests.waiting import until

from errtally.exporter.replicas.lease import STILL_HELD, Lease
from errtally.exporter.store.connection import DatabaseError
from errtally.exporter.store.postgres.database import PostgresDatabase

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres: str) -> str:
    monkeypatch.setenv(POSTGRES, postgres)
    return address_of(tmp_path)


def test_a_holder_that_stops_within_a_transaction_holds_nobody_up(address: str) -> None:
    former, present = PostgresDatabase(address, "former"), PostgresDatabase(address, "present")
    held, wanted = Lease(former, "former"), Lease(present, "present")
    assert held.take()
    held._stop.set()  # its process is paused: nothing renews it
    connection = former.writer()
    connection.begin_with(STILL_HELD, (held.epoch,))
    connection.execute("BEGIN IMMEDIATE")
    # Sent as a pipeline, behind which PostgreSQL's own limit of idle transactions does not hold.
    connection.executemany("INSERT INTO positions VALUES (?, ?)", [("a", 1), ("b", 2)])
    assert not wanted.take()
    until(wanted.take, "nobody takes over", seconds=30, every_seconds=0.5)
    with pytest.raises(DatabaseError):
        connection.execute("COMMIT")
    assert not connection.is_ours
    wanted.give_up()


def test_an_end_that_another_clock_has_written_does_not_keep_the_right_from_all(address: str) -> None:
    database = PostgresDatabase(address, "one")
    held = Lease(database, "one")
    assert held.take()
    held._stop.set()
    with_hours_ahead = database.connect()
    with_hours_ahead.execute("UPDATE writers SET expires = expires + 7200")
    other = Lease(database, "other")
    assert until(other.take, "nobody takes over", seconds=30)
    other.give_up()
    with_hours_ahead.close()
