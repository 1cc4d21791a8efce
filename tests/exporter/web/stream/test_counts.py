"""Open streams are added up over the workers that live."""

from __future__ import annotations

import os
import subprocess
import sys

from errtally.exporter.web.stream.counts import DIRECTORY, StreamCounts


def test_without_a_stream_there_are_none(tmp_path):
    assert StreamCounts(tmp_path).total() == 0


def test_the_last_number_counts(tmp_path):
    counts = StreamCounts(tmp_path)
    for number in (1, 12, 3):
        counts.put(number)
        assert counts.total() == number


def test_other_workers_count_while_they_live(tmp_path):
    counts = StreamCounts(tmp_path)
    counts.put(3)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        path = tmp_path / DIRECTORY / f"{os.getppid()}-{other.pid}"
        path.write_text("4")
        assert counts.total() == 7
        other.kill()
    assert counts.total() == 3
    assert not path.exists()


def test_what_a_former_exporter_left_does_not_count(tmp_path):
    counts = StreamCounts(tmp_path)
    counts.put(3)
    (tmp_path / DIRECTORY / f"1-{os.getpid()}").write_text("4")
    (tmp_path / DIRECTORY / "garbage").write_text("4")
    assert counts.total() == 3


def test_a_number_that_is_being_written_is_none_for_a_moment(tmp_path):
    counts = StreamCounts(tmp_path)
    counts.put(3)
    (tmp_path / DIRECTORY / f"{os.getppid()}-{os.getpid()}").write_text("")
    assert counts.total() == 0


def test_a_full_disk_ends_no_stream(tmp_path):
    (tmp_path / DIRECTORY).write_text("a file")
    counts = StreamCounts(tmp_path)
    counts.put(3)
    (tmp_path / DIRECTORY).unlink()
    assert counts.total() == 0
