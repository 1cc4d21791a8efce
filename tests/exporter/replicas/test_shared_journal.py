"""The journal that exporters share, read by the one that folds."""

from __future__ import annotations

from contextlib import closing

import pytest
from tests.exporter.databases import POSTGRES, database_at

from errtally.exporter.journal import frame
from errtally.exporter.replicas.shared_journal import SharedJournal


@pytest.fixture
def db(postgres, monkeypatch, tmp_path):
    monkeypatch.setenv(POSTGRES, postgres)
    with closing(database_at(tmp_path).writer()) as opened:
        yield opened


def ship(db, *payloads, content=None):
    frames = b"".join(frame.encode(payload, 1, 5.0) for payload in payloads)
    db.execute(
        "INSERT INTO journal (events, received, frames) VALUES (?, ?, ?)",
        (len(payloads) or 1, 5.0, frames if content is None else content),
    )


def rows(db):
    return db.execute("SELECT count(*) FROM journal").fetchone()[0]


def read(journal, most=100):
    return [one.payload for one in journal.read(most)]


def test_frames_come_in_the_order_of_rows_and_go_with_the_transaction_that_stores_them(db):
    journal = SharedJournal(db, str)
    ship(db, b"a", b"b")
    ship(db, b"c")
    assert read(journal) == [b"a", b"b", b"c"]
    db.execute("BEGIN IMMEDIATE")
    journal.within(db)
    db.execute("COMMIT")
    journal.settle()
    assert rows(db) == 0


def test_what_was_read_and_could_not_be_stored_is_not_read_twice_and_not_lost(db):
    journal = SharedJournal(db, str)
    ship(db, b"a")
    assert read(journal) == [b"a"]
    db.execute("BEGIN IMMEDIATE")
    journal.within(db)
    db.execute("ROLLBACK")
    assert read(journal) == []
    assert read(SharedJournal(db, str)) == [b"a"]


def test_a_row_with_a_lower_number_that_comes_later_is_read(db):
    journal = SharedJournal(db, str)
    db.execute("INSERT INTO journal VALUES (9, 1, 5.0, ?)", (frame.encode(b"nine", 1, 5.0),))
    assert read(journal) == [b"nine"]
    db.execute("INSERT INTO journal VALUES (3, 1, 5.0, ?)", (frame.encode(b"three", 1, 5.0),))
    assert read(journal) == [b"three"]


def test_a_row_is_read_to_its_end_and_then_no_further_than_was_asked(db):
    journal = SharedJournal(db, str)
    ship(db, b"a", b"b")
    ship(db, b"c")
    assert read(journal, most=1) == [b"a", b"b"]
    assert read(journal, most=1) == [b"c"]


@pytest.mark.parametrize(
    ("content", "before", "message"),
    [
        pytest.param(frame.encode(b"a", 1, 5.0) + b"\0" * 30, [b"a"], "checksum", id="behind a whole frame"),
        pytest.param(frame.encode(b"abc", 1, 5.0)[:-1], [], "not whole", id="cut short"),
    ],
)
def test_damage_is_told_once_also_when_nothing_else_comes(db, content, before, message):
    journal = SharedJournal(db, str)
    ship(db, content=content)
    assert read(journal) == before
    [damage] = journal.damages
    assert message in damage.message
    journal.damages.clear()
    journal.settle()  # of a fold that had nothing to store
    assert read(journal) == []
    assert journal.damages == []
    db.execute("BEGIN IMMEDIATE")
    journal.within(db)
    db.execute("COMMIT")
    assert rows(db) == 0
