"""A log that can't be written ends nothing, and says so when it can be again."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from errtally.exporter.log_output import LogOutput

if TYPE_CHECKING:
    from pathlib import Path


def test_lines_that_had_no_room_are_counted_and_told(tmp_path: Path) -> None:
    file = tmp_path / "log"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT)
    output = LogOutput(descriptor)
    output.info("first")
    with open("/dev/full", "wb") as full:  # noqa: PTH123 (a device)
        kept = os.dup(descriptor)
        os.dup2(full.fileno(), descriptor)
        output.error("second")
        output.error("third")
        os.dup2(kept, descriptor)
        os.close(kept)
    output.info("fourth")
    os.close(descriptor)
    assert file.read_text().splitlines() == ["first", "2 lines of the log could not be written here", "fourth"]


def test_a_reader_that_is_gone_ends_nothing() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    output = LogOutput(writing)
    with contextlib.closing(os.fdopen(writing, "wb", buffering=0)):
        output.warning("nobody reads this")


def test_half_a_character_is_no_error(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
    LogOutput(descriptor).info("a \udc80 b")
    os.close(descriptor)
    assert (tmp_path / "log").read_text() == "a \\udc80 b\n"
