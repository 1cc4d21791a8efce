"""Exporters on one database are replaced by those of the next version, with another schema, one by one or at once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from tests.faults.processes import wait_until
from tests.faults.sending import Traffic, native
from tests.flow.replicas import TAKEOVER_SECONDS, replicas
from tests.waiting import until

from errtally import names
from errtally.exporter.store.upgrades import SCHEMA_VERSION

if TYPE_CHECKING:
    from pathlib import Path

    from tests.flow.exporter import Exporter
    from tests.flow.replicas import Replicas

pytestmark = pytest.mark.flow

_NEXT = """from errtally.exporter.store import upgrades
upgrades.STEPS[upgrades.SCHEMA_VERSION] = upgrades.Step(
    "ALTER TABLE issues ADD COLUMN mood REAL NOT NULL DEFAULT 0; UPDATE issues SET mood = events", postgres={postgres!r}
)
upgrades.SCHEMA_VERSION += 1
"""
"""What makes a program of the next version of this one, as `sitecustomize`, before anything else is imported."""

_BEGUN, _DONE = "the schema is brought up to date", "the schema is up to date"
_NEWER = f"its schema has version {SCHEMA_VERSION + 1}, which is newer than this errtally's ({SCHEMA_VERSION})"
_VERSION = "SELECT value FROM meta WHERE name = 'schema_version'"


def _next(folder: Path, postgres: str = "") -> dict[str, str]:
    """Return the environment of the next version, whose step does something more in PostgreSQL."""
    made = folder / f"next{abs(hash(postgres))}"
    made.mkdir(exist_ok=True)
    (made / "sitecustomize.py").write_text(_NEXT.format(postgres=postgres))
    return {"PYTHONPATH": str(made)}


def _said(exporters: Replicas, what: str) -> int:
    """How often all of them said something in their logs."""
    return sum(one.log.read_text().count(what) for one in exporters.all)


def _replace(old: Exporter, environ: dict[str, str]) -> None:
    assert old.stop() == 0
    old.with_environ(environ).start()


def test_exporters_are_replaced_one_after_the_other_and_nothing_is_lost_or_doubled(
    tmp_path: Path, address: str
) -> None:
    with replicas(tmp_path, address) as three:
        holder = three.wait_for_holder()
        traffic = Traffic(three.all, native, pause_seconds=0.02)
        try:
            wait_until(lambda: len(traffic.acknowledged) >= 100, within_seconds=60)
            first, second = (one for one in three.all if one is not holder)
            _replace(first, _next(tmp_path))
            replaced_at = time.monotonic()
            assert three.wait_for_holder(other_than=holder) in {first, second}
            until(lambda: three.holder() is first, "the newer one does not fold")
            took_seconds = time.monotonic() - replaced_at
            for old in (second, holder):
                status, text = until(lambda old=old: _NEWER.encode() in (found := old.get_any("/-/ready"))[1] and found)
                assert status == 200
                assert b"events wait in the journal" in text
                assert old.get_any("/metrics")[0] == 503
                assert old.get_any("/api/issues")[0] == 503
            acknowledged = len(traffic.acknowledged)
            wait_until(lambda: len(traffic.acknowledged) >= acknowledged + 100, within_seconds=60)
            counted = first.total(names.EVENTS)
            assert first.post(*native(1_000_000))[0] == 200  # all clients have gone to the old ones
            traffic.acknowledged.add(1_000_000)
            wait_until(lambda: first.total(names.EVENTS) == counted + 1)
            for old in (second, holder):
                _replace(old, _next(tmp_path))
        finally:
            traffic.end()
        row = three.outcome("exporters upgraded one after the other", 1, traffic)
        assert (row.lost, row.doubled) == (0, 0), row
        assert traffic.statuses == set()
        assert took_seconds <= TAKEOVER_SECONDS
        assert (_said(three, _BEGUN), _said(three, _DONE)) == (1, 1)
        assert three.ask(_VERSION) == [(str(SCHEMA_VERSION + 1),)]
        assert _NEWER in holder.log.read_text()


def test_of_exporters_that_start_at_once_one_changes_the_tables_and_one_that_is_killed_in_it_has_changed_nothing(
    tmp_path: Path, address: str
) -> None:
    sleeps = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    with replicas(tmp_path, address) as three:
        one, *others = three.all
        traffic = Traffic(three.all, native, pause_seconds=0.02)
        try:
            wait_until(lambda: len(traffic.acknowledged) >= 50, within_seconds=60)
            assert one.stop() == 0
            killed = one.with_environ(_next(tmp_path, "SELECT pg_sleep(4)"))
            killed.launch()
            until(lambda: three.ask(sleeps))
            killed.kill()
            until(lambda: not three.ask(sleeps))
            until(lambda: three.holder() in others, "nobody of the former version folds")
            assert three.ask(_VERSION) == [(str(SCHEMA_VERSION),)]
            assert three.ask("SELECT 1 FROM pg_attribute WHERE attname = 'mood'") == []
            counted = others[0].total(names.EVENTS)
            wait_until(lambda: others[1].total(names.EVENTS) > counted)
            for old in others:
                assert old.stop() == 0
            for new in three.all:
                new.with_environ(_next(tmp_path, "SELECT pg_sleep(1)")).launch()
            for new in three.all:
                new.wait_until_ready()
        finally:
            traffic.end()
        row = three.outcome("exporters upgraded at once, one killed in the upgrade", 1, traffic)
        assert (row.lost, row.doubled) == (0, 0), row
        assert _said(three, _DONE) == 1
        assert three.ask("SELECT count(*) FROM issues WHERE mood = 0") == [(0,)]
