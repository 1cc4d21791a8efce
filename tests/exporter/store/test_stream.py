"""The live stream's ring: numbers without a hole, bounded, part of the fold's transaction."""

from __future__ import annotations

from contextlib import closing

import pytest
from tests.exporter.databases import database_at

from errtally.errors import StoreError
from errtally.exporter.digest.changes import Changes
from errtally.exporter.digest.stream import StreamItem
from errtally.exporter.store import stream
from errtally.exporter.store.stream import StreamReader
from errtally.exporter.store.writing import StoreWriter

pytestmark = pytest.mark.usefixtures("any_database")


def changes(events=1, items=1):
    made = Changes(events=events)
    made.stream.items = [
        StreamItem(place + 1, "p", "prod", "error", "f1", f"{place:032x}", 1.0, "", "t", "", "", "")
        for place in range(items)
    ]
    return made


@pytest.fixture
def connection(tmp_path):
    with closing(database_at(tmp_path).writer()) as opened:
        yield opened


@pytest.fixture
def writer(connection):
    made = StoreWriter(connection, events_per_issue=50)
    made.load({})
    return made


def test_events_are_numbered_on_from_fold_to_fold(writer, tmp_path):
    reader = StreamReader(database_at(tmp_path))
    assert (reader.ends().first, reader.ends().last) == (1, 0)
    for events, items in [(3, 1), (1, 1), (7, 0)]:
        writer.apply(changes(events, items), {})
    assert [(told.first, told.last, len(told.batch.items)) for told in reader.after(0, folds=9)] == [
        (1, 3, 1), (4, 4, 1), (5, 11, 0),
    ]  # fmt: skip
    assert (reader.ends().first, reader.ends().last) == (1, 11)
    assert [told.last for told in reader.after(3, folds=1)] == [4]
    assert [told.last for told in reader.after(2, folds=1)] == [3]
    assert reader.after(11, folds=1) == []
    assert [told.last for told in reader.backwards(folds=2)] == [11, 4, 3]


def test_a_fold_without_events_leaves_no_row(writer, tmp_path):
    writer.apply(changes(0, 0), {})
    assert StreamReader(database_at(tmp_path)).after(0, folds=9) == []


def test_numbers_go_on_after_a_restart(writer, connection, tmp_path):
    writer.apply(changes(5), {})
    again = StoreWriter(connection, events_per_issue=50)
    again.load({})
    again.apply(changes(2), {})
    found = StreamReader(database_at(tmp_path)).after(0, folds=9)
    assert [(told.first, told.last) for told in found] == [
        (1, 5),
        (6, 7),
    ]


@pytest.mark.parametrize("name", ["RING_ITEMS", "RING_FOLDS"])
def test_the_ring_holds_no_more_than_it_may(writer, connection, tmp_path, monkeypatch, name):
    monkeypatch.setattr(stream, name, 10)
    for _ in range(40):
        writer.apply(changes(3, 2 if name == "RING_ITEMS" else 0), {})
    kept = 5 if name == "RING_ITEMS" else 10
    assert connection.execute("SELECT count(*) FROM stream").fetchone() == (kept,)
    ends = StreamReader(database_at(tmp_path)).ends()
    assert (ends.first, ends.last) == (120 - 3 * kept + 1, 120)


def test_the_newest_row_stays_whatever_its_size(writer, tmp_path, monkeypatch):
    monkeypatch.setattr(stream, "RING_ITEMS", 10)
    writer.apply(changes(3, 3), {})
    writer.apply(changes(30, 30), {})
    assert [told.last for told in StreamReader(database_at(tmp_path)).after(0, folds=9)] == [33]
    writer.apply(changes(1, 1), {})
    assert [told.last for told in StreamReader(database_at(tmp_path)).after(0, folds=9)] == [34]


@pytest.mark.sqlite_alone  # by a trigger
def test_a_fold_that_could_not_be_stored_takes_no_numbers(writer, connection, tmp_path):
    writer.apply(changes(5), {})
    connection.execute("CREATE TRIGGER full BEFORE UPDATE ON meta BEGIN SELECT raise(ABORT, 'no'); END")
    with pytest.raises(StoreError):
        writer.apply(changes(2), {})
    connection.execute("DROP TRIGGER full")
    writer.apply(changes(2), {})
    found = StreamReader(database_at(tmp_path)).after(0, folds=9)
    assert [(told.first, told.last) for told in found] == [
        (1, 5),
        (6, 7),
    ]


def test_another_store_has_another_epoch(connection, tmp_path):
    epoch = StreamReader(database_at(tmp_path)).ends().epoch
    connection.execute(
        "UPDATE meta SET value = CAST(CAST(value AS DOUBLE PRECISION) + 1 AS TEXT) WHERE name = 'created'"
    )
    assert StreamReader(database_at(tmp_path)).ends().epoch != epoch


@pytest.mark.parametrize(
    ("statement", "call"),
    [
        pytest.param(("DROP TABLE stream",), lambda reader: reader.ends(), id="no ring to say where it stands"),
        pytest.param(("DROP TABLE stream",), lambda reader: reader.after(0, folds=1), id="no ring to read"),
        pytest.param(
            ("UPDATE stream SET batch = ?", (b"\xc1",)),
            lambda reader: reader.after(0, folds=1),
            id="a row that is no MessagePack",
        ),
    ],
)
def test_a_ring_that_can_not_be_read_says_so_and_is_read_later(writer, connection, tmp_path, statement, call):
    writer.apply(changes(), {})
    reader = StreamReader(database_at(tmp_path))
    connection.execute("BEGIN")
    connection.execute(*statement)
    connection.execute("COMMIT")
    with pytest.raises(StoreError):
        call(reader)


def test_a_store_that_is_not_there_says_so(tmp_path):
    with pytest.raises(StoreError):
        StreamReader(database_at(tmp_path)).ends()
    with closing(database_at(tmp_path).writer()):
        assert StreamReader(database_at(tmp_path)).ends().last == 0


@pytest.mark.sqlite_alone  # by a trigger
def test_what_the_ring_holds_is_written_in_the_folds_transaction(writer, connection):
    """Nobody sees an event in the stream that is not counted, and the other way round."""
    statements = []
    connection.set_trace_callback(statements.append)
    writer.apply(changes(), {})
    connection.set_trace_callback(None)
    places = [next(i for i, text in enumerate(statements) if text.startswith(start))
              for start in ("BEGIN", "INSERT INTO stream", "COMMIT")]  # fmt: skip
    assert places == sorted(places)
