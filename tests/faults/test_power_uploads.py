"""A loss of power at any moment: an uploaded file that was acknowledged is there, whole."""

from __future__ import annotations

import random
import shutil
from hashlib import sha1
from typing import TYPE_CHECKING

import pytest
from tests.faults.power import Disk, calls, under_strace
from tests.faults.test_failing_uploads import content, upload
from tests.flow.exporter import Exporter
from tests.peers import peer

from errtally.exporter.artifacts.archive import Archive

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.flow

UPLOADS = 12


def test_an_upload_that_was_acknowledged_survives_a_loss_of_power(tmp_path: Path) -> None:
    peer("strace")
    trace = tmp_path / "trace"
    exporter = Exporter(tmp_path, "--workers", "1", under=under_strace(trace))
    exporter.data_dir.mkdir()
    exporter.start()
    assert [upload(exporter, number) for number in range(UPLOADS)] == [201] * UPLOADS
    assert exporter.stop() == 0

    disk, answered, dice = Disk(exporter.data_dir), 0, random.Random(1)
    for call in calls(trace.read_text()):
        disk.make(call)
        if not (call.name == "write" and call.texts[0].startswith(b"HTTP/1.1 201")):
            continue
        answered += 1
        for is_kept in (lambda: False, lambda: True, lambda: dice.random() < 0.5):
            left = tmp_path / "left"
            disk.survivors(left, is_kept)
            for shared in left.rglob("*-shm"):
                shared.unlink()  # mapped, and made anew from the log
            archive = Archive(left)
            found = {one.url: one.sha1 for one in archive.of_project("shop")}
            expected = {f"~/{number}.js.map": sha1(content(number)).hexdigest() for number in range(answered)}
            assert found == expected, f"after {answered} uploads"
            assert all(archive.content(digest) for digest in found.values())
            archive.close()
            shutil.rmtree(left)
    assert answered == UPLOADS
