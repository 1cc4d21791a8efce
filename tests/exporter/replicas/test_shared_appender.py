"""With `durability: shared` a record is acknowledged when PostgreSQL has committed it, and is there once."""

from __future__ import annotations

import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psycopg
import pytest
from tests.exporter.databases import POSTGRES, address_of
from tests.exporter.next_version import next_version
from tests.exporter.postgres import Server, data_folder
from tests.exporter.replicas.standby import wait_for_standby
from tests.waiting import until

from errtally.errors import JournalError, JournalFullError
from errtally.exporter.journal import frame
from errtally.exporter.replicas import shared_appender as module
from errtally.exporter.replicas.committing import Committing
from errtally.exporter.replicas.shared_appender import SharedAppender
from errtally.exporter.store.connection import DatabaseError
from errtally.exporter.store.postgres.database import PostgresDatabase

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = 1_700_000_000.0
NO_LIMIT = 1 << 60


@pytest.fixture
def address(postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(POSTGRES, postgres)
    return address_of(tmp_path)


@pytest.fixture
def appender(address: str) -> Iterator[SharedAppender]:
    made = SharedAppender(PostgresDatabase(address, ""), NO_LIMIT)
    yield made
    made.close()


def _rows(address: str) -> list[tuple[int, float, bytes]]:
    with psycopg.connect(address) as db:
        return db.execute("SELECT events, received, frames FROM journal ORDER BY id").fetchall()


def _payloads(address: str) -> list[bytes]:
    found, rows = [], _rows(address)
    for _, _, frames in rows:
        at = 0
        while at < len(frames):
            one = frame.decode(frames, at)
            assert one is not None
            found.append(bytes(one.payload))
            at = one.end
    return found


def test_what_was_appended_is_in_the_journal_of_all(appender: SharedAppender, address: str) -> None:
    appender.append(b"one", 3, NOW)
    appender.append_all([(b"two", 1), (b"three", 0)], NOW + 1)
    assert _payloads(address) == [b"one", b"two", b"three"]
    assert [(events, received) for events, received, _ in _rows(address)] == [(3, NOW), (1, NOW + 1)]


def test_many_that_wait_share_a_transaction_and_none_is_lost_or_doubled(appender: SharedAppender, address: str) -> None:
    with ThreadPoolExecutor(32) as pool:
        list(pool.map(lambda number: appender.append(b"%d" % number, 1, NOW), range(500)))
    assert sorted(map(int, _payloads(address))) == list(range(500))
    with psycopg.connect(address) as db:
        row = db.execute("SELECT number FROM committers").fetchone()
    assert row is not None
    assert 500 / 32 <= row[0] <= 250


class _Unheard:
    """A connection whose answers to what is appended are lost."""

    def __init__(self, real: object, *, is_done: bool) -> None:
        self._real = real
        self._is_done = is_done

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)

    def execute(self, statement: str, values: tuple[object, ...] = ()) -> object:
        if "INSERT INTO journal" in statement:
            if self._is_done:
                self._real.execute(statement, values)  # type: ignore[attr-defined]
            raise DatabaseError("the connection is gone")
        return self._real.execute(statement, values)  # type: ignore[attr-defined]


@pytest.mark.parametrize("is_done", [pytest.param(True, id="it was done"), pytest.param(False, id="it was not done")])
def test_a_commit_whose_answer_is_lost_is_found_out_and_is_there_once(
    appender: SharedAppender, address: str, *, is_done: bool
) -> None:
    appender.append(b"before", 1, NOW)
    own = appender._committing
    own._connection = _Unheard(own._connection, is_done=is_done)  # type: ignore[assignment]
    appender.append(b"unheard", 1, NOW)
    appender.append(b"after", 1, NOW)
    assert _payloads(address) == [b"before", b"unheard", b"after"]


def test_a_statement_that_comes_late_does_nothing(address: str) -> None:
    late, rows = Committing(PostgresDatabase(address, "")), [(1, NOW, frame.encode(b"late", 1, NOW))]
    late.append(rows)
    sent = late._connection  # what it is at the server when its client has given it up
    before = late._number
    late._connection = None
    assert not late.was_appended()
    after = late._number
    late._connection, late._number = sent, before
    with pytest.raises(Exception, match="begins anew"):
        late.append(rows)
    assert after > before
    assert _payloads(address) == [b"late"]


def test_a_statement_that_the_server_is_still_at_is_waited_for(address: str) -> None:
    one = Committing(PostgresDatabase(address, ""))
    rows = [(1, NOW, frame.encode(b"slow", 1, NOW))]
    one.append(rows)
    with psycopg.connect(address) as blocking:
        blocking.execute("LOCK TABLE journal IN SHARE MODE")  # it has its row, and waits for the table
        sent = one._connection
        assert sent is not None
        failed: list[BaseException] = []

        def append() -> None:
            try:
                one.append(rows)
            except DatabaseError as exc:
                failed.append(exc)

        thread = threading.Thread(target=append)
        thread.start()
        thread.join(20)  # it is given up, by its limit of waiting for a lock
        assert failed
        blocking.rollback()
    assert not one.was_appended()
    assert _payloads(address) == [b"slow"]


def test_while_the_database_is_away_nothing_is_taken_and_then_again() -> None:
    with data_folder() as folder:
        server = Server(folder)
        server.start()
        appender = SharedAppender(PostgresDatabase(server.address, ""), NO_LIMIT)
        appender.append(b"before", 1, NOW)
        server.stop(signal.SIGQUIT)
        for _ in range(3):
            began = time.monotonic()
            with pytest.raises(JournalError):
                appender.append(b"lost?", 1, NOW)
            assert time.monotonic() - began < module.WAIT_SECONDS + 2
        assert appender.problem()
        server.start()
        until(lambda: appender.problem() is None)
        appender.append(b"after", 1, NOW)
        assert _payloads(server.address) == [b"before", b"after"]
        appender.close()
        server.stop(signal.SIGQUIT)


def test_a_database_that_hangs_is_answered_for_within_a_bound() -> None:
    with data_folder() as folder:
        server = Server(folder)
        server.start()
        appender = SharedAppender(PostgresDatabase(server.address, ""), NO_LIMIT)
        appender.append(b"before", 1, NOW)
        server.pause()
        began = time.monotonic()
        with pytest.raises(JournalError, match=r"not committed within|no answer within"):
            appender.append(b"unknown", 1, NOW)
        assert time.monotonic() - began < module.WAIT_SECONDS + 2
        known: list[bool] = []

        def patient() -> None:
            try:
                appender.append(b"patient", 0, NOW, until_known=True)
            except JournalError:
                known.append(False)
            else:
                known.append(True)

        patient()  # nothing is sent, so that is known at once
        assert known == [False]
        server.resume()
        until(lambda: appender.problem() is None)
        appender.append(b"after", 1, NOW)
        found = _payloads(server.address)
        assert found.count(b"unknown") <= 1
        assert [one for one in found if one != b"unknown"] == [b"before", b"after"]
        appender.close()
        server.stop(signal.SIGQUIT)


def test_a_journal_that_is_full_takes_nothing_until_it_has_room(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MEASURE_SECONDS", 0.0)
    appender = SharedAppender(PostgresDatabase(address, ""), 1000)
    appender.append(b"x" * 1000, 1, NOW)
    until(lambda: appender.refusal() is not None)
    with pytest.raises(JournalFullError, match="journal_bytes"):
        appender.append(b"more", 1, NOW)
    with psycopg.connect(address) as db:
        db.execute("DELETE FROM journal")
    until(lambda: appender.refusal() is None)
    appender.append(b"more", 1, NOW)
    appender.close()


def test_an_older_exporter_appends_nothing_to_newer_tables(appender: SharedAppender, address: str) -> None:
    appender.append(b"before", 1, NOW)
    with next_version():
        PostgresDatabase(address, "").writer().close()
    with pytest.raises(JournalError):
        appender.append(b"after", 1, NOW)
    until(lambda: "newer" in (appender.problem() or ""))
    assert _payloads(address) == [b"before"]


def test_what_the_standby_has_not_is_not_acknowledged() -> None:
    with data_folder() as folder:
        server = Server(folder)
        server.start()
        appender = SharedAppender(PostgresDatabase(server.address, ""), NO_LIMIT)
        appender.append(b"before", 1, NOW)
        wait_for_standby(server, "gone")
        with pytest.raises(JournalError):
            appender.append(b"unknown", 1, NOW)
        time.sleep(2 * module.WAIT_SECONDS)  # longer than any limit that one might have set
        assert appender.problem()
        wait_for_standby(server, "")
        until(lambda: appender.problem() is None)
        appender.append(b"after", 1, NOW)
        found = _payloads(server.address)
        assert found.count(b"unknown") <= 1
        assert [one for one in found if one != b"unknown"] == [b"before", b"after"]
        appender.close()
        server.stop(signal.SIGQUIT)
