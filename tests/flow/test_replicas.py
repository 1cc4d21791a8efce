"""Three real exporters on a real PostgreSQL server: one truth, whoever is asked, and whoever dies."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import psycopg
import pytest
from tests.faults.processes import wait_until
from tests.faults.sending import Traffic, native
from tests.flow.replicas import TAKEOVER_SECONDS, Replicas, is_gone, replicas
from tests.waiting import until

from errtally import names
from errtally.exporter.installation import SECRET_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.exporter.postgres import Server
    from tests.flow.exporter import Exporter

pytestmark = pytest.mark.flow

_LIVE = ("errtally_journal_", "process_", "python_", "errtally_up", "errtally_digest", "errtally_build")


class Watch:
    """Scrapes all exporters in turn, as behind a load balancer, and sees whether a counter ever goes back."""

    def __init__(self, exporters: list[Exporter]) -> None:
        self._exporters = exporters
        self._stop = threading.Event()
        self.went_back: list[str] = []
        self.scrapes = 0
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def end(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        counters = {one.name for one in names.CATALOGUE if one.kind == "counter"}
        last: dict[object, float] = {}
        while not self._stop.wait(0.05):
            for one in self._exporters:
                try:
                    found = one.series()
                except OSError:  # killed
                    continue
                self.scrapes += 1
                for series, value in found.items():
                    if series[0] in counters:
                        if value < last.get(series, 0.0):
                            self.went_back.append(f"{series}: {last[series]} to {value}")
                        last[series] = value


def _settled(exporter: Exporter) -> dict[object, float]:
    """Counters of a scrape that say something of events."""
    counters = {one.name for one in names.CATALOGUE if one.kind == "counter"}
    return {
        key: value for key, value in exporter.series().items() if key[0] in counters and not key[0].startswith(_LIVE)
    }


def test_when_the_one_that_folds_is_killed_another_takes_over_and_nothing_is_lost_or_goes_back(
    tmp_path: Path, address: str
) -> None:
    with replicas(tmp_path, address) as three:
        assert len({(one.data_dir / SECRET_FILE).read_bytes() for one in three.all}) == 1
        first = three.wait_for_holder()
        watch = Watch(three.all)
        traffic = Traffic(three.all, native, pause_seconds=0.02)
        try:
            wait_until(lambda: len(traffic.acknowledged) >= 100, within_seconds=60)
            first.kill()
            killed_at = time.monotonic()
            assert is_gone(first)
            three.wait_for_holder(other_than=first)
            took_seconds = time.monotonic() - killed_at
            others = [one for one in three.all if one is not first]
            counted = others[0].total(names.EVENTS)
            wait_until(lambda: others[1].total(names.EVENTS) > counted)
            first.start()
        finally:
            traffic.end()
            three.wait_until_counted()
            watch.end()
        assert took_seconds <= TAKEOVER_SECONDS
        assert watch.scrapes > 10
        assert watch.went_back == []
        assert traffic.statuses == set()
        row = three.outcome("one that folds killed", 1, traffic)
        assert (row.lost, row.doubled) == (0, 0), row
        until(lambda: len({tuple(sorted(map(str, _settled(one).items()))) for one in three.all}) == 1)

        issue = three.all[0].get_json("/api/issues")["issues"][0]
        path = f"/api/issues/{issue['issue']}"
        assert three.all[0].post(f"{path}/resolve", b"{}", {"Content-Type": "application/json"})[0] == 200
        for one in three.all:
            assert until(lambda one=one: one.get_json(path)["status"] == "resolved"), one.url


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, server: Server) -> Iterator[Replicas]:
    """One exporter; each test leaves it and the database running."""
    with replicas(tmp_path_factory.mktemp("alone"), server.database("alone"), 1) as one:
        yield one


def test_one_that_folds_and_has_nothing_to_do_stays_ready_without_the_database_and_goes_on_when_it_is_back(
    alone: Replicas, server: Server
) -> None:
    one = alone.all[0]
    assert one.post(*native(1))[0] == 200
    alone.wait_until_counted()
    before = one.total(names.EVENTS)
    server.stop()
    try:
        status, said = until(lambda: (found := one.get_any("/-/ready"))[1].count(b"wait") and found)
        assert status == 200
        assert b"events wait in the journal: " in said
        assert one.post(*native(2))[0] == 200
        assert one.get_any("/metrics")[0] == 503
        assert one.get_any("/api/issues")[0] == 503
    finally:
        server.start()
    alone.wait_until_counted()
    assert one.total(names.EVENTS) == before + 1
    until(lambda: one.get_any("/-/ready")[1] == b"errtally is ready\n")


def test_what_is_taken_while_the_database_is_away_at_a_start_is_counted_when_it_is_back(
    alone: Replicas, server: Server
) -> None:
    one = alone.all[0]
    alone.wait_until_counted()
    before = one.total(names.EVENTS)
    assert one.stop() == 0
    server.stop()
    try:
        one.start()
        assert {one.post(*native(number))[0] for number in range(10, 30)} == {200}
    finally:
        server.start()
    alone.wait_until_counted()
    assert one.total(names.EVENTS) == before + 20


def _ended(folder: Path, address: str) -> tuple[int, str]:
    """Start an exporter that ends by itself; its status and what it said."""
    found = subprocess.run(
        [sys.executable, "-m", "errtally", "serve", "--listen", "127.0.0.1:0", "--data-dir", str(folder)],
        env={"PATH": "/usr/bin:/bin", "ERRTALLY_DATABASE": address},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in found.stderr
    return found.returncode, found.stdout + found.stderr


def test_a_database_of_a_newer_schema_is_refused_at_the_first_start_and_at_later_ones(
    tmp_path: Path, alone: Replicas
) -> None:
    late = Replicas.one_more(tmp_path / "known", alone.address)
    late.start()
    assert late.stop() == 0
    with psycopg.connect(alone.address, autocommit=True) as db:
        change = "UPDATE meta SET value = (value::int + %s)::text WHERE name = 'schema_version'"
        db.execute(change, (1,))
        try:
            for data_dir in (tmp_path / "known", tmp_path / "new"):
                status, said = _ended(data_dir, alone.address)
                assert status == 1, said
                assert "newer" in said
        finally:
            db.execute(change, (-1,))


def test_a_first_start_without_the_database_is_refused_and_a_later_one_has_the_key_of_all(
    tmp_path: Path, alone: Replicas
) -> None:
    nowhere = alone.address.replace("127.0.0.1", "127.0.0.2")
    status, said = _ended(tmp_path / "new", nowhere)
    assert status == 1, said
    late = Replicas.one_more(tmp_path / "new", alone.address)
    late.start()
    try:
        assert (late.data_dir / SECRET_FILE).read_bytes() == (alone.all[0].data_dir / SECRET_FILE).read_bytes()
    finally:
        late.stop()


def test_two_exporters_on_one_data_directory_are_refused(alone: Replicas) -> None:
    one = alone.all[0]
    status, said = _ended(one.data_dir, alone.address)
    assert status == 1
    assert "another exporter uses this directory" in said
    assert one.post(*native(100))[0] == 200
    alone.wait_until_counted()
