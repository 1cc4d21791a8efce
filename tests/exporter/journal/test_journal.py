"""The journal: what an append took is read once, whoever dies when."""

from __future__ import annotations

import errno
import os

import pytest
from tests.exporter.journal.segments import NOW, abandon, read, segments, whole

from errtally.errors import JournalError, JournalFullError
from errtally.exporter.journal import appender as appender_module
from errtally.exporter.journal.appender import Appender
from errtally.exporter.journal.reader import Reader


def test_what_was_appended_is_read_once(tmp_path, opened):
    writer, reader = opened(Appender(tmp_path)), opened(Reader(tmp_path, {}))
    writer.append(b"a", 1, 5.0)
    writer.append(b"b", 2, 6.0)
    assert read(reader) == [b"a", b"b"]
    assert read(reader) == []
    writer.append(b"c", 1, 7.0)
    assert read(reader) == [b"c"]
    assert reader.finished() == []


def test_two_appenders_have_segments_of_their_own(tmp_path, opened):
    first, second, reader = opened(Appender(tmp_path)), opened(Appender(tmp_path)), opened(Reader(tmp_path, {}))
    second.append(b"2", 1, 5.0)
    first.append(b"1", 1, 5.0)
    assert sorted(read(reader)) == [b"1", b"2"]
    assert len(segments(tmp_path)) == 2
    assert all((path.stat().st_mode & 0o777) == 0o600 for path in tmp_path.iterdir())


def test_a_reader_goes_on_from_its_positions(tmp_path, opened):
    writer, reader = opened(Appender(tmp_path)), opened(Reader(tmp_path, {}))
    for payload in (b"a", b"b", b"c"):
        writer.append(payload, 1, 5.0)
    assert read(reader, 2) == [b"a", b"b"]
    again = opened(Reader(tmp_path, reader.positions()))
    assert read(again) == [b"c"]


def test_a_batch_ends_after_about_as_many_events_as_asked(tmp_path, opened):
    writer, reader = opened(Appender(tmp_path)), opened(Reader(tmp_path, {}))
    for events in (3, 3, 0, 3):
        writer.append(bytes([events]), events, 5.0)
    assert [len(read(reader, 5)), len(read(reader, 4)), len(read(reader, 5))] == [2, 2, 0]


def test_a_full_segment_is_followed_by_the_next_and_removed_only_after_it_was_read(tmp_path, opened):
    writer, reader = opened(Appender(tmp_path, segment_bytes=50)), opened(Reader(tmp_path, {}))
    for number in range(5):
        writer.append(b"x" * 30 + bytes([number]), 1, 5.0)
    present = segments(tmp_path)
    assert len(present) == 5
    assert len(read(reader, 2)) == 2
    assert reader.finished() == present[:1]
    assert len(read(reader)) == 3
    assert reader.finished() == present[:4]
    assert segments(tmp_path) == present
    reader.forget(reader.finished())
    assert segments(tmp_path) == present[4:]
    assert list(reader.positions()) == present[4:]


def test_a_journal_that_can_not_be_read_is_an_error_of_ours(tmp_path, opened):
    reader = opened(Reader(tmp_path / "gone", {}))
    with pytest.raises(JournalError, match="can't be read"):
        read(reader)


def test_a_segment_that_is_removed_under_its_writer_is_followed_by_another(tmp_path, opened, monkeypatch):
    monkeypatch.setattr(appender_module, "LOOK_SECONDS", 0.0)
    writer = opened(Appender(tmp_path))
    writer.append(b"a", 1, NOW)
    [name] = segments(tmp_path)
    (tmp_path / name).unlink()
    writer.append(b"b", 1, NOW)
    assert segments(tmp_path) != [name]
    assert read(opened(Reader(tmp_path, {}))) == [b"b"]


def test_a_directory_that_is_gone_refuses_and_shows_it(tmp_path, opened, monkeypatch):
    monkeypatch.setattr(appender_module, "LOOK_SECONDS", 0.0)
    folder = tmp_path / "journal"
    writer = opened(Appender(folder))
    folder.rename(tmp_path / "moved")
    with pytest.raises(JournalError, match="can't be continued"):
        writer.append(b"a", 1, NOW)
    assert "can't be continued" in (writer.problem() or "")
    (tmp_path / "moved").rename(folder)
    writer.append(b"a", 1, NOW)
    assert writer.problem() is None


def test_without_a_free_descriptor_what_was_measured_last_holds(tmp_path, opened, monkeypatch):
    monkeypatch.setattr(appender_module, "LOOK_SECONDS", 0.0)
    writer = opened(Appender(tmp_path))

    def scandir(_):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(appender_module.os, "scandir", scandir)
    writer.append(b"a", 1, NOW)
    assert writer.refusal() is None
    monkeypatch.undo()
    assert read(opened(Reader(tmp_path, {}))) == [b"a"]


def test_only_segments_count_for_the_journals_size(tmp_path, opened, monkeypatch):
    monkeypatch.setattr(appender_module, "LOOK_SECONDS", 0.0)
    writer = opened(Appender(tmp_path, journal_bytes=10_000))
    (tmp_path / "core.1234").write_bytes(b"x" * 100_000)
    writer.append(b"a", 1, NOW)


def test_a_frame_that_a_living_writer_has_half_written_is_waited_for(tmp_path, opened):
    writer, reader = opened(Appender(tmp_path)), opened(Reader(tmp_path, {}))
    data = whole(b"first", b"second")
    os.write(writer._descriptor, data[:40])
    assert read(reader) == [b"first"]
    assert reader.damages == []
    os.write(writer._descriptor, data[40:])
    assert read(reader) == [b"second"]
    assert (reader.damages, reader.finished()) == ([], [])


def test_a_frame_larger_than_a_read_is_whole(tmp_path, opened, monkeypatch):
    monkeypatch.setattr("errtally.exporter.journal.reader._CHUNK_BYTES", 64)
    writer, reader = opened(Appender(tmp_path)), opened(Reader(tmp_path, {}))
    payload = bytes(range(256)) * 4
    for _ in range(3):
        writer.append(payload, 1, 5.0)
    assert read(reader) == [payload] * 3


def test_a_segment_has_its_name_only_when_it_is_locked(tmp_path, opened, monkeypatch):
    seen = []
    real = appender_module.fcntl.flock

    def flock(descriptor, operation):
        seen.append(segments(tmp_path))
        return real(descriptor, operation)

    monkeypatch.setattr(appender_module.fcntl, "flock", flock)
    opened(Appender(tmp_path))
    assert seen[0] == []
    assert len(segments(tmp_path)) == 1


def test_the_journal_has_a_full_size_that_counts_all_segments(tmp_path, opened, monkeypatch):
    monkeypatch.setattr(appender_module, "LOOK_SECONDS", 0)
    other = abandon(tmp_path, b"x" * 201)
    writer = opened(Appender(tmp_path, journal_bytes=400))
    writer.append(b"x" * 80, 1, 5.0)
    with pytest.raises(JournalFullError, match="full size of 400 bytes") as refused:
        writer.append(b"x" * 80, 1, 5.0)
    assert refused.value.reason == "backlog"
    other.unlink()
    writer.append(b"x" * 80, 1, 5.0)
    assert writer.refusal() is None


def test_a_segment_that_goes_while_it_is_measured_counts_nothing(tmp_path, opened, monkeypatch):
    writer = opened(Appender(tmp_path))

    class Gone:
        name = "gone"

        def stat(self):
            raise FileNotFoundError

    monkeypatch.setattr(appender_module.os, "scandir", lambda _: [Gone()])
    assert writer._measure_others() == 0


def test_an_append_after_the_end_fails_and_writes_to_no_other_file(tmp_path):
    writer = Appender(tmp_path)
    descriptor = writer._descriptor
    writer.close()
    other = os.open(tmp_path / "other", os.O_WRONLY | os.O_CREAT)
    try:
        assert other == descriptor
        with pytest.raises(JournalError):
            writer.append(b"late", 1, 5.0)
        assert os.fstat(other).st_size == 0
    finally:
        os.close(other)
