"""A copy made while events come in holds each event that was accepted before, once, and an exporter goes on with it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from tests.flow.exporter import Exporter, running
from tests.waiting import until

from errtally import names
from errtally.exporter import backup as module
from errtally.exporter.backup import BackupError, backup
from errtally.exporter.journal.appender import SUFFIX

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.flow

BATCH = 20


def _post(exporter: Exporter, first: int) -> None:
    events = [{"event_id": f"{first + number:032x}", "message": "no stock"} for number in range(BATCH)]
    assert exporter.post("/api/events?project=shop", json.dumps({"events": events}).encode())[0] == 200


def _backup(exporter: Exporter, target: Path) -> None:
    command = [sys.executable, "-m", "errtally", "backup", "--data-dir", str(exporter.data_dir), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"--data-dir {target}" in done.stdout


def _restored_total(folder: Path, copy: Path) -> float:
    folder.mkdir()
    shutil.copytree(copy, folder / "data")
    with running(folder) as restored:
        restored.wait_until_folded()
        _post(restored, 10**9)
        restored.wait_until_folded()
        assert "damaged" not in restored.log.read_text()
        return restored.total(names.EVENTS) - BATCH


def test_copies_made_under_load_hold_what_was_accepted_once(tmp_path: Path) -> None:
    with running(tmp_path, "--workers", "2") as exporter:
        accepted, stop = [0], threading.Event()

        def load() -> None:
            while not stop.is_set():
                _post(exporter, accepted[0])
                accepted[0] += BATCH

        thread = threading.Thread(target=load)
        thread.start()
        spans = []
        try:
            for number in range(3):
                until(lambda number=number: accepted[0] > (number + 1) * 200)
                before = accepted[0]
                _backup(exporter, tmp_path / f"copy-{number}")
                spans.append((before, accepted[0] + BATCH))
        finally:
            stop.set()
            thread.join()
    for number, (before, after) in enumerate(spans):
        assert before <= _restored_total(tmp_path / f"restored-{number}", tmp_path / f"copy-{number}") <= after


def test_a_copy_of_a_stopped_exporter_is_the_same_again(tmp_path: Path) -> None:
    with running(tmp_path) as exporter:
        _post(exporter, 0)
        exporter.wait_until_folded()
    _backup(exporter, tmp_path / "copy")
    assert _restored_total(tmp_path / "restored", tmp_path / "copy") == BATCH


def test_a_segment_that_is_given_up_meanwhile_makes_it_begin_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path) as exporter:
        exporter.wait_until_folded()
    segment = exporter.data_dir / "journal" / f"passing{SUFFIX}"
    segment.touch()
    real, tries = module._copy_store, []

    def copy_store(source: Path, target: Path) -> None:
        tries.append(segment.exists())
        real(source, target)
        segment.unlink(missing_ok=True)

    monkeypatch.setattr(module, "_copy_store", copy_store)
    backup(exporter.data_dir, tmp_path / "copy")
    assert tries == [True, False]
    assert not (tmp_path / "copy" / "journal" / segment.name).exists()


def test_nothing_is_overwritten_and_nothing_is_left_of_what_fails(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="no exporter keeps its data here"):
        backup(tmp_path / "nowhere", tmp_path / "copy")
    with pytest.raises(BackupError, match="exists already"):
        backup(tmp_path, tmp_path)
    with running(tmp_path):
        pass
    (tmp_path / "data" / "secret.key").unlink()
    with pytest.raises(BackupError, match=r"secret\.key"):
        backup(tmp_path / "data", tmp_path / "copy")
    assert not list(tmp_path.glob("copy*"))
