"""A disk that is full while the log is written, while it is brought into the store, and while pages go back."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import threading
from typing import TYPE_CHECKING

import pytest
from tests.exporter.inprocess import NOW, InProcess
from tests.faults.processes import wait_until, workers
from tests.faults.record import Row, record
from tests.faults.small_disk import fill, small_disk
from tests.flow.exporter import Exporter

from errtally import names
from errtally.errors import StoreError
from errtally.exporter import writer as writer_module
from errtally.exporter.config import ExporterConfig, Retention
from errtally.exporter.store import sqlite
from errtally.exporter.store.writing import StoreWriter

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.flow

FREE_BYTES = (0, 4096, 3 * 4096, 10 * 4096, 40 * 4096, 150 * 4096, 600 * 4096)
"""The less is free, the earlier a transaction, a checkpoint or a vacuum stops."""

EACH = 120


def _send(exporter: InProcess, first: int) -> int:
    """Send events whose samples are large; return how many were acknowledged."""
    taken = 0
    for number in range(first, first + EACH):
        words = " ".join(f"word{(number * place) % 997}" for place in range(400))
        event = {"event_id": f"{number:032x}", "type": f"Type{number % 50}", "message": f"no stock {words}"}
        status = exporter.post("/api/events", event).status
        assert status in {200, 429}
        taken += status == 200
    return taken


def _counted(exporter: InProcess) -> int:
    return int(exporter.total(names.EVENTS.name))


def _row(experiment: str, taken: int, counted: int) -> Row:
    return Row(experiment, len(FREE_BYTES), taken, counted, max(taken - counted, 0), max(counted - taken, 0))


def _checkpoint(data_dir: Path) -> bool:
    """Bring the log into the store; whether that failed."""
    with contextlib.closing(sqlite3.connect(data_dir / "errtally.sqlite3")) as db:
        try:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.OperationalError:
            return True
    return False


def _failing(monkeypatch) -> dict[str, int]:
    """Count how often each step of the store fails from now on."""
    failures = {"apply": 0, "vacuum": 0, "checkpoint": 0}

    def counted(method: str) -> None:
        real = getattr(StoreWriter, method)

        def call(store, *arguments):
            try:
                return real(store, *arguments)
            except StoreError:
                failures[method] += 1
                raise

        monkeypatch.setattr(StoreWriter, method, call)

    counted("apply")
    counted("vacuum")
    for level in ("error", "warning", "info"):
        monkeypatch.setattr(writer_module._log, level, lambda *_, **__: None)
    return failures


def _is_whole(data_dir: Path) -> bool:
    with contextlib.closing(sqlite3.connect(data_dir / "errtally.sqlite3")) as db:
        return db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_disk_that_is_full_while_samples_go_and_pages_go_back_harms_nothing(tmp_path: Path, monkeypatch) -> None:
    failures = _failing(monkeypatch)
    with small_disk(tmp_path / "disk", "24m"):
        data_dir, filler = tmp_path / "disk", tmp_path / "disk" / "filler"
        exporter = InProcess(data_dir)
        taken = sum(_send(exporter, EACH * number) for number in range(5))
        exporter.fold()
        exporter.writer._retention = Retention(store_bytes=1)
        monkeypatch.setattr(sqlite, "FREE_PAGES", 0)
        monkeypatch.setattr(sqlite, "STEP_PAGES", 5)
        with monkeypatch.context() as patch:  # so that there is much to give back at once
            patch.setattr(StoreWriter, "vacuum", lambda _: False)
            while exporter.writer.let_go(NOW):
                pass
        for free_bytes in FREE_BYTES:
            _checkpoint(data_dir)
            fill(filler, free_bytes=free_bytes)
            exporter.writer.let_go(NOW)
            filler.unlink()
            assert _is_whole(data_dir)
        while exporter.writer.let_go(NOW):
            pass
        counted = _counted(exporter)
        record(_row("disk full while samples are deleted and pages go back", taken, counted))
        assert counted == taken == 5 * EACH
        assert len(exporter.reader.issues()) == 50
        exporter.close()
    assert failures["vacuum"] > 0


def test_a_disk_that_is_full_within_writing_and_checkpoint_loses_nothing(tmp_path: Path, monkeypatch) -> None:
    failures = _failing(monkeypatch)
    monkeypatch.setattr(writer_module, "PRUNE_SECONDS", 0.05)
    monkeypatch.setattr(writer_module, "MAX_RETRY_SECONDS", 0.1)
    config = ExporterConfig(retention=Retention(store_bytes=1024 * 1024))
    with small_disk(tmp_path / "disk", "24m"):
        exporter = InProcess(tmp_path / "disk", config)
        stop, gate, real_step = threading.Event(), threading.Event(), exporter.writer.step

        def step(stop: threading.Event) -> int:
            gate.wait()  # so that there is something to fold when the disk is full
            return real_step(stop)

        monkeypatch.setattr(exporter.writer, "step", step)
        writer = threading.Thread(target=exporter.writer.run, args=(stop,))
        writer.start()
        filler, taken = tmp_path / "disk" / "filler", 0
        try:
            for number, free_bytes in enumerate(FREE_BYTES):
                gate.clear()
                taken += _send(exporter, EACH * number)
                fill(filler, free_bytes=free_bytes)
                gate.set()
                before = dict(failures)
                wait_until(lambda taken=taken, before=before: failures != before or _counted(exporter) == taken)
                failures["checkpoint"] += _checkpoint(tmp_path / "disk")
                filler.unlink()
                wait_until(lambda: exporter.appender.refusal() is None)
                wait_until(lambda taken=taken: _counted(exporter) == taken)
                _checkpoint(tmp_path / "disk")  # an empty log: it has to grow while the disk is full the next time
            assert _is_whole(tmp_path / "disk")
        finally:
            gate.set()
            stop.set()
            writer.join()
            exporter.close()
        counted_events = _counted(exporter)
    assert failures["apply"] > 0
    assert failures["checkpoint"] > 0
    record(_row("disk full within writing and checkpoint of the store", taken, counted_events))
    assert counted_events == taken == EACH * len(FREE_BYTES)


def test_a_log_on_a_full_disk_ends_neither_the_exporter_nor_a_reload(tmp_path: Path) -> None:
    exporter = Exporter(tmp_path, "--workers", "1", under=("sh", "-c", 'exec "$@" 2>/dev/full', "sh"))
    exporter.start()
    try:
        [before] = workers(exporter)
        os.kill(exporter.pid, signal.SIGHUP)
        wait_until(lambda: workers(exporter) and before not in workers(exporter))
        before = workers(exporter)[0]
        before.kill()  # which is told
        wait_until(lambda: workers(exporter) and before not in workers(exporter))
        wait_until(lambda: exporter.get_any("/-/ready")[0] == 200)
        assert exporter.post("/api/events", b'{"message":"x"}')[0] == 200
    finally:
        assert exporter.stop() == 0
