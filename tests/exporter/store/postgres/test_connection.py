"""A connection that was cut is known to be gone, wherever that happened: only another one goes on."""

from __future__ import annotations

import threading
import urllib.parse
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from tests.faults.wire import Wire
from tests.waiting import until

from errtally.exporter.store.connection import DatabaseError
from errtally.exporter.store.postgres.connection import PostgresConnection

if TYPE_CHECKING:
    from collections.abc import Iterator

USES = {
    "between statements": None,
    "within a statement": lambda one: one.execute("SELECT pg_sleep(3)"),
    "within many rows": lambda one: one.executemany("SELECT pg_sleep(?)", [(3,), (1,), (1,)]),
    "within a transaction": lambda one: (one.execute("BEGIN"), one.execute("SELECT pg_sleep(3)")),
    "within many rows of a transaction": lambda one: (
        one.execute("BEGIN"),
        one.executemany("SELECT pg_sleep(?), ?", [(3, "x" * 1_000_000)] * 20),
    ),
}


@pytest.fixture(params=["the end is seen at once", "the end is seen later"])
def address(postgres: str, request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "the end is seen at once":
        yield postgres
    else:
        port = urllib.parse.urlsplit(postgres).port
        assert port is not None
        wire = Wire(port, hides_ends=True)
        yield postgres.replace(str(port), str(wire.port))
        wire.close()


@pytest.mark.parametrize("use", USES)
def test_one_whose_server_process_was_ended_is_not_ours_any_more(postgres: str, address: str, use: str) -> None:
    with closing(PostgresConnection(postgres, is_reader=False)) as other:
        one = PostgresConnection(address, is_reader=False, patience_seconds=5)
        (pid,) = one.execute("SELECT pg_backend_pid()").fetchone()
        failed: list[DatabaseError] = []

        def work() -> None:
            try:
                USES[use](one)
            except DatabaseError as exc:
                failed.append(exc)

        if USES[use] is not None:
            working = threading.Thread(target=work)
            working.start()
            state = "SELECT 1 FROM pg_stat_activity WHERE pid = ? AND state = 'active' AND wait_event = 'PgSleep'"
            until(lambda: other.execute(state, (pid,)).fetchone())
        other.execute("SELECT pg_terminate_backend(?)", (pid,))
        until(lambda: other.execute("SELECT 1 FROM pg_stat_activity WHERE pid = ?", (pid,)).fetchone() is None)
        if USES[use] is not None:
            working.join(30)
            assert len(failed) == 1
        else:
            with pytest.raises(DatabaseError):
                one.execute("SELECT 1")
        assert not one.is_ours
        one.close()


def test_one_whose_statement_was_wrong_goes_on(postgres: str) -> None:
    with closing(PostgresConnection(postgres, is_reader=False)) as one:
        for wrong in (
            lambda: one.execute("SELECT 1 / 0"),
            lambda: one.executemany("SELECT 1 / CAST(? AS int)", [(1,), (0,), (1,)]),
        ):
            with pytest.raises(DatabaseError):
                wrong()
            assert one.is_ours
            assert one.execute("SELECT 1").fetchone() == (1,)
