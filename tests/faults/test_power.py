"""A loss of power at any moment: with `durability: fsync` nothing that was acknowledged is gone or counted twice."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import shutil
import sqlite3
import struct
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from tests.faults.power import Call, Disk, calls, under_strace
from tests.faults.record import Row, record
from tests.flow.exporter import Exporter
from tests.peers import peer

from errtally.exporter.config import ExporterConfig
from errtally.exporter.digest.seen import hashed
from errtally.exporter.writer import Writer

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.flow

EVENTS = 400
MOMENTS = int(os.environ.get("ERRTALLY_POWER_MOMENTS", "6"))
_ID = re.compile(rb"[0-9a-f]{32}")


def _send(exporter: Exporter) -> None:
    """Send events from several clients; their texts fill segments, so that some are removed while others come."""

    def one(number: int) -> None:
        words = " ".join(f"word{(number * place) % 997}" for place in range(500))
        header, kind = json.dumps({"event_id": f"{number:032x}"}), json.dumps({"type": "event"})
        event = {"exception": {"values": [{"type": f"Type{number % 97}", "value": words}]}}
        body = "\n".join((header, kind, json.dumps(event))).encode()
        while (status := exporter.post("/api/1/envelope/?sentry_key=k", body)[0]) != 200:
            assert status == 429, "the journal is small, and the disk is slow"

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(EVENTS)))


def _counted(data_dir: Path) -> list[int]:
    """Fold what a disk has left; return the hashes of the events that are counted then, each as often as it is."""
    stop = threading.Event()
    stop.set()
    Writer(ExporterConfig(data_dir=data_dir)).run(stop)
    with contextlib.closing(sqlite3.connect(data_dir / "errtally.sqlite3")) as db:
        blobs = [blob for (blob,) in db.execute("SELECT hashes FROM seen")]
        [total] = db.execute("SELECT sum(value) FROM series WHERE metric = 'errtally_events_total'").fetchone()
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    found = [value for blob in blobs for value in struct.unpack(f"<{len(blob) // 8}Q", blob)]
    assert int(total or 0) == len(found)
    return found


def _acknowledged(call: Call) -> set[int]:
    """The numbers of events that a call answers with success."""
    is_answer = call.name == "write" and call.texts[0].startswith(b"HTTP/1.1 200")
    return {int(number, 16) for number in _ID.findall(call.texts[0])} if is_answer else set()


def _is_kept(kind: str, dice: random.Random):
    return {"nothing": lambda: False, "all": lambda: True, "some": lambda: dice.random() < 0.5}[kind]


def test_a_loss_of_power_at_any_moment_takes_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    peer("strace")
    config, trace = tmp_path / "errtally.yml", tmp_path / "trace"
    config.write_text("limits: {journal_bytes: 1048576}\n")
    exporter = Exporter(
        tmp_path, "--config", str(config), "--durability", "fsync", "--workers", "2", under=under_strace(trace)
    )
    exporter.data_dir.mkdir()
    exporter.start()
    _send(exporter)
    exporter.wait_until_folded()
    assert exporter.stop() == 0

    found = list(calls(trace.read_text()))
    answers = [place for place, call in enumerate(found) if _acknowledged(call)]
    removals = [
        place for place, call in enumerate(found) if call.name == "unlink" and call.texts[0].endswith(b".segment")
    ]
    assert len(answers) >= EVENTS
    assert len(removals) >= 2, "segments were folded and removed while others were written"
    dice = random.Random(1)
    moments = {*dice.sample(answers, MOMENTS), *removals[:MOMENTS], answers[-1], len(found) - 1}

    disk, acknowledged, row = (
        Disk(exporter.data_dir),
        set(),
        Row("power lost at any moment, durability fsync", 0, 0, 0, 0, 0),
    )
    for place, call in enumerate(found):
        disk.make(call)
        acknowledged |= _acknowledged(call)
        if place not in moments:
            continue
        for kind in ("nothing", "all", "some"):
            left = tmp_path / "left"
            disk.survivors(left, _is_kept(kind, dice))
            (left / "errtally.sqlite3-shm").unlink(missing_ok=True)  # mapped, and made anew from the log
            counted = _counted(left)
            seen = set(counted)
            lost = sum(hashed("event", "1", f"{number:032x}") not in seen for number in acknowledged)
            row = Row(
                row.experiment, row.rounds + 1, row.acknowledged + len(acknowledged), row.counted + len(counted),
                row.lost + lost, row.doubled + len(counted) - len(seen),
            )  # fmt: skip
            shutil.rmtree(left)
            assert (row.lost, row.doubled) == (0, 0), (kind, place, call.name, row)
    record(row)
    assert len(acknowledged) == EVENTS
