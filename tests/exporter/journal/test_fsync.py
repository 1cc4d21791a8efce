"""When an append is on the disk."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from errtally.errors import JournalError
from errtally.exporter.journal import appender as appender_module
from errtally.exporter.journal.appender import Appender


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
