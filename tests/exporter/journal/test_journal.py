"""The journal: what an append took is read once, whoever dies when."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from errtally.errors import JournalError, JournalFullError
from errtally.exporter.journal import appender as appender_module
from errtally.exporter.journal import frame
from errtally.exporter.journal.appender import SUFFIX, Appender
from errtally.exporter.journal.reader import Lag, Reader


@pytest.fixture
def opened():
    """Appenders and readers to be closed at the end."""
    made = []
    yield lambda thing: made.append(thing) or thing
    for thing in made:
        thing.close()


def read(reader, max_events=10**9):
    return [item.payload for item in reader.read(max_events)]


def segments(folder):
    return sorted(path.name for path in folder.glob(f"*{SUFFIX}"))


def abandon(folder, content, name="00000000000000000001-dead-000000"):
    """Leave a segment as a writer that died leaves it: nobody holds its lock."""
    path = folder / f"{name}{SUFFIX}"
    path.write_bytes(content)
    return path


NOW = 1_795_500_000.0


def whole(*payloads, events=1):
    return b"".join(frame.encode(payload, events, NOW) for payload in payloads)


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


def test_damage_in_a_living_writers_segment_is_reported_and_what_comes_later_is_read(tmp_path, opened):
    writer, reader = opened(Appender(tmp_path)), opened(Reader(tmp_path, {}))
    os.write(writer._descriptor, b"\xff" * 30)
    assert read(reader) == []
    writer.append(b"later", 1, NOW)
    assert read(reader) == [b"later"]
    assert [damage.lost_bytes for damage in reader.damages] == [30]
    assert reader.finished() == []


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


def test_with_fsync_an_append_returns_only_when_it_is_on_the_disk(tmp_path, opened, monkeypatch):
    monkeypatch.setattr(appender_module, "SYNC_INTERVAL_SECONDS", 60)
    synced = []
    real = os.fdatasync
    monkeypatch.setattr(appender_module.os, "fdatasync", lambda fd: synced.append(fd) or real(fd))
    writer = opened(Appender(tmp_path, fsync=True))
    writer.append(b"a", 1, 5.0)
    writer.append(b"b", 1, 5.0)
    assert len(synced) == 2
    writer._sync(1)
    assert len(synced) == 2


def test_an_fsync_that_fails_refuses_the_append(tmp_path, opened, monkeypatch):
    monkeypatch.setattr(appender_module, "SYNC_INTERVAL_SECONDS", 60)
    writer = opened(Appender(tmp_path, fsync=True))

    def fdatasync(_):
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(appender_module.os, "fdatasync", fdatasync)
        with pytest.raises(JournalError, match="can't be brought to the disk"):
            writer.append(b"a", 1, 5.0)


def test_the_timer_brings_bytes_to_the_disk_and_shows_when_it_can_not(tmp_path, opened, monkeypatch):
    monkeypatch.setattr(appender_module, "SYNC_INTERVAL_SECONDS", 0.001)
    writer = opened(Appender(tmp_path))

    def wait_for(condition):
        for _ in range(2000):
            if condition():
                return True
            writer._closing.wait(0.001)
        return False

    def fdatasync(_):
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(appender_module.os, "fdatasync", fdatasync)
        writer.append(b"a", 1, 5.0)
        assert wait_for(lambda: writer.problem() is not None)
    assert wait_for(lambda: writer.problem() is None)
    assert writer._synced == 1


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


def test_a_segment_has_its_name_on_the_disk_before_anything_is_in_it(tmp_path, opened, monkeypatch):
    """A loss of power takes a file whose directory was not synced after it got its name."""
    journal = tmp_path / "journal"
    synced, named, written = [], set(), set()
    real_fsync, real_write = os.fsync, os.write

    def fsync(descriptor):
        directory = Path(f"/proc/self/fd/{descriptor}").readlink()
        synced.append(directory)
        named.update(directory.iterdir())
        real_fsync(descriptor)

    def write(descriptor, data):
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        assert path in named
        written.add(path)
        return real_write(descriptor, data)

    monkeypatch.setattr(appender_module.os, "fsync", fsync)
    monkeypatch.setattr(appender_module.os, "write", write)
    writer = opened(Appender(journal, fsync=True, segment_bytes=50))
    for _ in range(5):
        writer.append(b"a" * 20, 1, 5.0)
    assert len(written) > 1
    assert synced[0] == tmp_path, "where the journal itself has its name"


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


def test_who_waits_for_a_sync_that_another_saw_fail_is_not_told_that_it_is_on_the_disk(tmp_path, monkeypatch):
    """The kernel tells a failed write once; the next call succeeds and says nothing of what was lost."""
    monkeypatch.setattr(appender_module, "SYNC_INTERVAL_SECONDS", 60)
    appender = Appender(tmp_path / "journal", fsync=True)
    real, append = os.fdatasync, appender._append

    def fdatasync_fails(_):
        raise OSError(errno.EIO, "the disk fails")

    def append_while_another_sees_it_fail(data, frames):
        ticket = append(data, frames)
        monkeypatch.setattr(appender_module.os, "fdatasync", fdatasync_fails)
        with pytest.raises(OSError, match="the disk fails"):
            appender._sync(ticket)
        monkeypatch.setattr(appender_module.os, "fdatasync", real)
        appender._sync(ticket)  # the journal's own thread, whose call says nothing
        return ticket

    monkeypatch.setattr(appender, "_append", append_while_another_sees_it_fail)
    with pytest.raises(JournalError, match="can't be brought to the disk"):
        appender.append(b"r", 1, 0.0)
    monkeypatch.setattr(appender, "_append", append)
    appender.append(b"s", 1, 0.0)
    appender.close()
