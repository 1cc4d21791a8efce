"""Damaged segments, disks that fail: what is read all the same, and what is said."""

from __future__ import annotations

import errno
import os

import pytest
from tests.exporter.journal.segments import NOW, abandon, read, segments, whole

from errtally.errors import JournalError
from errtally.exporter.journal import appender as appender_module
from errtally.exporter.journal import frame
from errtally.exporter.journal.appender import Appender
from errtally.exporter.journal.reader import Reader


def test_a_torn_tail_of_a_dead_writer_is_dropped_and_reported(tmp_path, opened):
    path = abandon(tmp_path, whole(b"a", b"b") + whole(b"torn")[:-1])
    reader = opened(Reader(tmp_path, {}))
    assert read(reader) == [b"a", b"b"]
    [damage] = reader.damages
    assert (damage.segment, damage.lost_bytes) == (path.name, frame.HEADER.size + 3)
    assert "died before it answered" in damage.message
    assert reader.finished() == [path.name]
    assert read(reader) == []
    assert len(reader.damages) == 1


@pytest.mark.parametrize(
    "place",
    [
        pytest.param(0, id="its length, by little"),
        pytest.param(2, id="its length, by 64 KiB"),
        pytest.param(3, id="its length, by 16 MiB"),
        pytest.param(5, id="its checksum"),
        pytest.param(9, id="how many events it has"),
        pytest.param(13, id="its time"),
        pytest.param(19, id="its time's end"),
        pytest.param(25, id="its payload"),
    ],
)
@pytest.mark.parametrize("is_alive", [True, False])
def test_a_flipped_byte_costs_one_frame_and_is_counted_in_events(tmp_path, opened, monkeypatch, place, is_alive):
    monkeypatch.setattr("errtally.exporter.journal.reader._CHUNK_BYTES", 4096)
    frames = [f"record {number} ".encode() * 40 for number in range(100)]
    content = bytearray(whole(*frames, events=3))
    content[len(whole(*frames[:40])) + place] ^= 1
    if is_alive:
        path = tmp_path / opened(Appender(tmp_path))._path().name
        path.write_bytes(content)
    else:
        path = abandon(tmp_path, bytes(content))
    reader = opened(Reader(tmp_path, {}))
    assert read(reader) == frames[:40] + frames[41:]
    [damage] = reader.damages
    assert (damage.segment, damage.lost_bytes) == (path.name, len(whole(frames[40])))
    assert damage.lost_events == (1 if place in {0, 2, 3, 9} else 3)
    assert reader.finished() == ([] if is_alive else [path.name])


def test_a_damaged_segment_is_kept_aside_and_a_torn_one_is_not(tmp_path, opened):
    content = bytearray(whole(b"aaaa", b"bbbb"))
    content[-1] ^= 1
    damaged = abandon(tmp_path, bytes(content))
    torn = abandon(tmp_path, whole(b"cccc", b"dddd")[:-1], "00000000000000000002-dead-000000")
    reader = opened(Reader(tmp_path, {}))
    assert read(reader) == [b"aaaa", b"cccc"]
    reader.forget(reader.finished())
    assert not damaged.exists()
    assert not torn.exists()
    assert damaged.with_suffix(".damaged").read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == [damaged.with_suffix(".damaged").name]


def test_a_frame_in_a_clients_text_is_not_taken_for_one(tmp_path, opened):
    forged = whole(b"forged").decode("latin-1").encode()  # the nearest that a text can come to it
    content = bytearray(whole(b"first", forged, b"last"))
    content[len(whole(b"first")) + 5] ^= 1
    abandon(tmp_path, bytes(content))
    assert read(opened(Reader(tmp_path, {}))) == [b"first", b"last"]


def test_damage_in_a_living_writers_segment_is_reported_and_what_comes_later_is_read(tmp_path, opened):
    writer, reader = opened(Appender(tmp_path)), opened(Reader(tmp_path, {}))
    os.write(writer._descriptor, b"\xff" * 30)
    assert read(reader) == []
    writer.append(b"later", 1, NOW)
    assert read(reader) == [b"later"]
    assert [damage.lost_bytes for damage in reader.damages] == [30]
    assert reader.finished() == []


@pytest.mark.parametrize("kept", [0, 1, 20, 26])
def test_a_full_disk_leaves_the_file_at_a_frames_end_and_the_next_append_works(tmp_path, opened, monkeypatch, kept):
    monkeypatch.setattr(appender_module, "LOOK_SECONDS", 0)
    writer, reader = opened(Appender(tmp_path)), opened(Reader(tmp_path, {}))
    writer.append(b"before", 1, 5.0)
    path = tmp_path / segments(tmp_path)[0]
    size = path.stat().st_size
    real, calls = os.write, []

    def write(descriptor, data):
        calls.append(len(data))
        if len(calls) == 1 and kept:
            return real(descriptor, data[:kept])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(appender_module.os, "write", write)
        with pytest.raises(JournalError, match="the disk is full"):
            writer.append(b"refused", 1, 5.0)
    assert path.stat().st_size == size
    writer.append(b"after", 1, 5.0)
    assert read(reader) == [b"before", b"after"]
    assert reader.damages == []


def test_a_write_in_pieces_is_one_frame(tmp_path, opened, monkeypatch):
    writer, reader = opened(Appender(tmp_path)), opened(Reader(tmp_path, {}))
    real = os.write
    with monkeypatch.context() as patch:
        patch.setattr(appender_module.os, "write", lambda descriptor, data: real(descriptor, data[:7]))
        writer.append(b"a long payload", 1, 5.0)
    assert read(reader) == [b"a long payload"]


def test_a_disk_that_fails_is_told_with_its_own_words(tmp_path, opened, monkeypatch):
    writer = opened(Appender(tmp_path))

    def write(*_):
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(appender_module.os, "write", write)
        with pytest.raises(JournalError, match="Input/output error"):
            writer.append(b"a", 1, 5.0)


def test_a_torn_frame_that_can_not_be_cut_off_is_left_behind_in_its_segment(tmp_path, opened, monkeypatch):
    writer, reader = opened(Appender(tmp_path)), opened(Reader(tmp_path, {}))
    writer.append(b"before", 1, 5.0)
    real, calls = os.write, []

    def write(descriptor, data):
        calls.append(1)
        if len(calls) == 1:
            return real(descriptor, data[:5])
        raise OSError(errno.EIO, "Input/output error")

    def ftruncate(*_):
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(appender_module.os, "write", write)
        patch.setattr(appender_module.os, "ftruncate", ftruncate)
        with pytest.raises(JournalError):
            writer.append(b"refused", 1, 5.0)
    writer.append(b"after", 1, 5.0)
    assert read(reader) == [b"before", b"after"]
    assert [damage.lost_bytes for damage in reader.damages] == [5]


@pytest.mark.parametrize("broken", ["open", "fdatasync", "rename"])
def test_a_segment_that_can_not_be_begun_refuses_the_append_and_the_next_one_works(
    tmp_path, opened, monkeypatch, broken
):
    monkeypatch.setattr(appender_module, "LOOK_SECONDS", 0)
    writer, reader = opened(Appender(tmp_path, segment_bytes=10)), opened(Reader(tmp_path, {}))
    writer.append(b"before", 1, 5.0)

    def fail(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.rename" if broken == "rename" else f"os.{broken}", fail)
        with pytest.raises(JournalError):
            writer.append(b"refused", 1, 5.0)
    assert list(tmp_path.glob("*.new")) == []
    writer.append(b"after", 1, 5.0)
    assert read(reader) == [b"before", b"after"]
    assert len(segments(tmp_path)) == 2
