"""A journal without room: refuses, keeps what it has, and takes records again by itself."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import textwrap
import time
from typing import TYPE_CHECKING

import pytest

from errtally.errors import JournalFullError
from errtally.exporter.journal import appender as module
from errtally.exporter.journal.appender import Appender
from errtally.exporter.journal.reader import Reader

if TYPE_CHECKING:
    from pathlib import Path

RECORD = b"r" * 10_000


@pytest.fixture
def journal(tmp_path: Path):
    appender = Appender(tmp_path / "journal", journal_bytes=100_000)
    yield appender
    appender.close()


def _fill(appender: Appender) -> int:
    for taken in range(1000):
        try:
            appender.append(RECORD, 1, 0.0)
        except JournalFullError as exc:
            assert exc.reason == "backlog"  # noqa: PT017 (at an append that is not known before)
            return taken
    raise AssertionError("it never was full")


def _read(tmp_path: Path, count: int) -> Reader:
    """Read records and give their segments up, as the writer does when they are stored."""
    reader = Reader(tmp_path / "journal", {})
    assert len([item for item in reader.read(count) if item.events]) == count
    return reader


def test_a_full_journal_is_full_until_a_tenth_is_free_and_then_opens_by_itself(tmp_path: Path, journal) -> None:
    taken = _fill(journal)
    assert taken == 9
    assert journal.refusal() is not None
    time.sleep(module.LOOK_SECONDS + 0.05)
    assert journal.refusal().reason == "backlog"  # looked again, gave its segment up, and is full still
    reader = _read(tmp_path, taken)
    list(reader.read(1))
    reader.forget(reader.finished())
    time.sleep(module.LOOK_SECONDS + 0.05)
    assert journal.refusal() is None
    journal.append(RECORD, 1, 0.0)
    assert len(list(reader.read(10))) == 1
    reader.close()


def test_a_full_journal_does_not_flutter_at_the_first_free_byte(tmp_path: Path, journal) -> None:
    _fill(journal)
    smallest = min((tmp_path / "journal").glob("*.segment"), key=lambda path: path.stat().st_size)
    time.sleep(module.LOOK_SECONDS + 0.05)
    journal.refusal()
    os.truncate(smallest, smallest.stat().st_size // 2)
    time.sleep(module.LOOK_SECONDS + 0.05)
    full = sum(path.stat().st_size for path in (tmp_path / "journal").glob("*.segment"))
    assert (journal.refusal() is None) is (full < 90_000)


def test_below_the_floor_of_free_space_nothing_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    appender = Appender(tmp_path / "journal", min_free_bytes=1_000_000)
    free = 2_000_000
    monkeypatch.setattr(Appender, "_free_bytes", lambda _: free)
    appender.append(RECORD, 1, 0.0)
    free = 999_999
    time.sleep(module.LOOK_SECONDS + 0.05)
    with pytest.raises(JournalFullError) as caught:
        appender.append(RECORD, 1, 0.0)
    assert caught.value.reason == "disk_floor"
    free = 1_050_000  # not enough yet: the next burst would be refused again
    time.sleep(module.LOOK_SECONDS + 0.05)
    assert appender.refusal() is not None
    free = 1_200_000
    time.sleep(module.LOOK_SECONDS + 0.05)
    assert appender.refusal() is None
    appender.append(RECORD, 1, 0.0)
    appender.close()


def test_a_disk_that_runs_full_in_the_middle_of_a_record_leaves_whole_records_only(tmp_path: Path) -> None:
    # A file size limit stands for the disk: the process gets part of a write through, and then an error.
    program = textwrap.dedent(
        """
        import resource, sys, time
        from pathlib import Path
        from errtally.errors import JournalFullError
        from errtally.exporter.journal.appender import Appender
        appender = Appender(Path(sys.argv[1]))
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (25_000, hard))
        taken = 0
        try:
            while True:
                appender.append(b"r" * 10_000, 1, 0.0)
                taken += 1
        except JournalFullError as exc:
            assert exc.reason == "disk_full", exc
        assert taken == 2
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        time.sleep(0.3)
        appender.append(b"r" * 10_000, 1, 0.0)
        appender.close()
        """
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "journal")], check=True)
    reader = _read(tmp_path, 3)
    list(reader.read(1))
    assert not reader.damages
    reader.close()
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
