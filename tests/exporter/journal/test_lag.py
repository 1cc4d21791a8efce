"""How far the writer is behind."""

from __future__ import annotations

import os

from tests.exporter.journal.segments import abandon, read, whole

from errtally.exporter.journal import frame
from errtally.exporter.journal.appender import Appender
from errtally.exporter.journal.reader import Lag, Reader


def lag(directory, positions, found=None):
    """Measure what waits, as somebody who looks for the first time."""
    with found or Lag(directory) as opened:
        return opened.measure(positions)


def test_lag_counts_what_is_not_folded(tmp_path, opened):
    writer, reader = opened(Appender(tmp_path)), opened(Reader(tmp_path, {}))
    assert lag(tmp_path, {})[:2] == (0, None)
    writer.append(b"aaaa", 3, 10.0)
    writer.append(b"bbbb", 4, 20.0)
    abandon(tmp_path, frame.encode(b"cccc", 1, 5.0))
    (tmp_path / "else.txt").write_text("not a segment")
    size = 3 * (frame.HEADER.size + 4)
    assert lag(tmp_path, {}) == (8, 5.0, size)
    read(reader, 2)
    assert lag(tmp_path, reader.positions()) == (4, 20.0, size)


def test_what_was_counted_once_is_not_read_again(tmp_path, opened, monkeypatch):
    """A long journal that waits costs its length once, not at each scrape."""
    read_bytes = []
    real = frame.pending

    def pending(buffer, offset, end):
        found = real(buffer, offset, end)
        read_bytes.append(found[1] - offset)
        return found

    monkeypatch.setattr(frame, "pending", pending)
    writer, found = opened(Appender(tmp_path)), Lag(tmp_path)
    reader = opened(Reader(tmp_path, {}))
    one = frame.HEADER.size + 4
    for number in range(1000):
        writer.append(b"aaaa", 2, float(number))
    assert lag(tmp_path, {}, found)[:2] == (2000, 0.0)
    read_bytes.clear()
    assert lag(tmp_path, {}, found)[:2] == (2000, 0.0)
    assert sum(read_bytes) == 0
    writer.append(b"bbbb", 3, 2000.0)
    read(reader, 20)
    assert lag(tmp_path, reader.positions(), found)[:2] == (1983, 10.0)
    assert sum(read_bytes) == 11 * one
    read(reader, 10_000)
    assert lag(tmp_path, reader.positions(), found)[:2] == (0, None)


def test_what_lies_behind_damage_is_counted_once_the_reader_is_there(tmp_path):
    whole_frames = [frame.encode(b"aaaa", 2, float(number)) for number in range(5)]
    damaged = bytearray(whole_frames[1])
    damaged[8:12] = b"\xff" * 4  # more events than have room: from here on nothing is known
    abandon(tmp_path, b"".join([whole_frames[0], bytes(damaged), *whole_frames[2:]]))
    found, [segment] = Lag(tmp_path), tmp_path.iterdir()
    assert lag(tmp_path, {}, found)[:2] == (2, 0.0)
    behind = 2 * len(whole_frames[0])
    assert lag(tmp_path, {segment.name: behind}, found)[:2] == (6, 2.0)
    os.truncate(segment, behind + len(damaged))  # as after a write that failed
    assert lag(tmp_path, {segment.name: behind}, found)[:2] == (2, 2.0)


def test_lag_of_a_segment_that_goes_meanwhile_is_nothing(tmp_path, monkeypatch):
    abandon(tmp_path, whole(b"a"))

    def gone(*_):
        raise FileNotFoundError

    monkeypatch.setattr(os, "open", gone)
    assert lag(tmp_path, {}) == (0, None, 0)


def test_events_of_a_segment_that_is_folded_and_removed_meanwhile_are_counted_once(tmp_path):
    appender = Appender(tmp_path)
    appender.append(b"x" * 20, 3, 5.0)
    appender.close()
    with Lag(tmp_path) as found:
        before = {}  # a snapshot from before anything was folded
        reader = Reader(tmp_path, {})
        list(reader.read(100))
        after = reader.positions()
        reader.forget(reader.finished())
        assert not found.is_sure(before)  # it might be of the time after the segment was forgotten
        assert found.is_sure(after)
        assert found.measure(after)[0] == 0
        assert found.measure(before)[0] == 3
    with Lag(tmp_path) as found:
        assert found.is_sure({})
        assert found.measure({}) == (0, None, 0)


def test_a_segment_that_begins_while_the_store_is_read_waits(tmp_path):
    with Lag(tmp_path) as found:
        appender = Appender(tmp_path)
        appender.append(b"x" * 20, 3, 5.0)
        assert found.is_sure({})
        assert found.measure({})[:2] == (3, 5.0)
    appender.close()
