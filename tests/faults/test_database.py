"""The database of several exporters fails, in each way that it can: events are taken meanwhile, and counted once."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

import psycopg
import pytest
from tests.exporter.postgres import Server, data_folder, started
from tests.faults.processes import wait_until
from tests.faults.record import record
from tests.faults.sending import Traffic, native
from tests.faults.small_disk import fill, small_disk
from tests.faults.wire import Wire
from tests.flow.replicas import Replicas, replicas

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.flow

ROUNDS = int(os.environ.get("ERRTALLY_KILL_ROUNDS", "2"))
PAUSE_SECONDS = float(os.environ.get("ERRTALLY_PAUSE_SECONDS", "8"))
PACE_SECONDS = 0.05
"""Between two events of a client: enough to meet each moment, and no more than a slow machine folds."""

ANSWER_SECONDS = 5.0
"""Nobody who sends waits for longer, whatever the database does. A bound for a test that fails, not a measure."""


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that the test may kill."""
    with started() as one:
        yield one


def _judged(two: Replicas, traffic: Traffic, experiment: str, rounds: int) -> None:
    traffic.end()
    row = two.outcome(experiment, rounds, traffic)
    record(row)
    assert traffic.statuses == set()
    assert (row.lost, row.doubled) == (0, 0), row
    assert row.silent_seconds <= ANSWER_SECONDS, row


def test_postgresql_killed_and_started_again(tmp_path: Path, server: Server) -> None:
    with replicas(tmp_path, server, 2) as two:
        traffic = Traffic(two.all, native, pause_seconds=PACE_SECONDS)
        for _ in range(ROUNDS):
            traffic.goes_on()
            server.stop(signal.SIGQUIT)
            traffic.goes_on()
            server.start()
        traffic.goes_on()
        _judged(two, traffic, "PostgreSQL killed and started again, two exporters", ROUNDS)


def test_postgresql_paused(tmp_path: Path, server: Server) -> None:
    with replicas(tmp_path, server, 2) as two:
        traffic = Traffic(two.all, native, pause_seconds=PACE_SECONDS)
        traffic.goes_on()
        server.pause()
        pages = ThreadPoolExecutor(40)
        try:
            # More pages that wait for the database than there are threads to make them.
            hanging = [pages.submit(one.get_any, "/api/issues") for one in two.all for _ in range(20)]
            end = time.monotonic() + PAUSE_SECONDS
            while time.monotonic() < end:
                assert [one.get_any("/-/ready")[0] for one in two.all] == [200, 200]
                traffic.goes_on(4)
        finally:
            server.resume()
            wait(hanging)
            pages.shutdown()
        traffic.goes_on()
        _judged(two, traffic, f"PostgreSQL paused for {PAUSE_SECONDS:g} s, two exporters", 1)


def test_an_exporter_ends_in_time_while_the_database_hangs(tmp_path: Path, server: Server) -> None:
    with replicas(tmp_path, server, 1) as alone:
        one = alone.all[0]
        traffic = Traffic(one, native, pause_seconds=PACE_SECONDS)
        traffic.goes_on()
        server.pause()
        try:
            traffic.end()
            began = time.monotonic()
            assert one.stop() == 0
            assert time.monotonic() - began < 10  # what `docker stop` gives
        finally:
            server.resume()
        one.start()
        _judged(alone, traffic, "told to stop while PostgreSQL hangs", 1)


def _take_all(server: Server, taken: contextlib.ExitStack) -> None:
    """Open connections until there are no more."""
    while True:
        try:
            taken.enter_context(psycopg.connect(server.address))
        except psycopg.OperationalError as exc:
            assert "too many clients" in str(exc)  # noqa: PT017 (any number of them succeeds before)
            return


def test_out_of_connections(tmp_path: Path) -> None:
    with data_folder() as folder:
        server = Server(folder, {"max_connections": "30"})
        server.start()
        try:
            with replicas(tmp_path, server, 2) as two:
                traffic = Traffic(two.all, native, pause_seconds=PACE_SECONDS)
                traffic.goes_on()
                with contextlib.ExitStack() as taken:
                    first = taken.enter_context(psycopg.connect(server.address, autocommit=True))
                    first.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                    )
                    _take_all(server, taken)
                    traffic.goes_on(60)
                traffic.goes_on()
                _judged(two, traffic, "PostgreSQL out of connections, two exporters", 1)
        finally:
            server.stop(signal.SIGQUIT)


def test_the_disk_of_the_database_is_full(tmp_path: Path) -> None:
    with data_folder() as folder:
        folder.mkdir()
        with small_disk(folder / "disk", "160m"):
            server = Server(folder / "disk" / "data", {"max_wal_size": "32MB", "min_wal_size": "32MB"})
            server.start()
            try:
                with replicas(tmp_path, server, 2) as two:
                    traffic = Traffic(two.all, native, pause_seconds=PACE_SECONDS)
                    traffic.goes_on()
                    filler = folder / "disk" / "filler"
                    fill(filler, free_bytes=0)
                    traffic.goes_on(100)
                    filler.unlink()
                    if not server.is_running:  # without room for its log it ends
                        server.start()
                    traffic.goes_on()
                    _judged(two, traffic, "disk of PostgreSQL full, two exporters", 1)
            finally:
                server.stop(signal.SIGQUIT)


def test_the_primary_is_killed_and_a_synchronous_standby_takes_its_place(tmp_path: Path) -> None:
    with data_folder() as first, data_folder() as second:
        primary = Server(first, {"synchronous_standby_names": "'*'", "synchronous_commit": "local"})
        primary.start()
        standby = primary.copy(second)
        standby.start()
        try:
            with psycopg.connect(primary.address, autocommit=True) as db:
                wait_until(lambda: db.execute("SELECT sync_state FROM pg_stat_replication").fetchall() == [("sync",)])
                db.execute("ALTER SYSTEM SET synchronous_commit = 'on'")
                db.execute("SELECT pg_reload_conf()")
            hosts = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
            address = f"postgresql://errtally@{hosts}/postgres?target_session_attrs=read-write"
            with replicas(tmp_path, address, 2) as two:
                traffic = Traffic(two.all, native, pause_seconds=PACE_SECONDS)
                traffic.goes_on(60)
                primary.stop(signal.SIGQUIT)
                traffic.goes_on()
                standby.run("pg_ctl", "promote", "-D", str(second))
                traffic.goes_on()
                _judged(two, traffic, "primary killed, synchronous standby promoted, two exporters", 1)
        finally:
            primary.stop(signal.SIGQUIT)
            standby.stop(signal.SIGQUIT)


def _cut(wire: Wire, traffic: Traffic) -> None:
    wire.cut()
    end = time.monotonic() + PAUSE_SECONDS
    while time.monotonic() < end:
        traffic.goes_on(4)
    wire.mend()


def _closed(wire: Wire, traffic: Traffic) -> None:
    """Cut it, and have it forget its connections, as a router that starts anew does."""
    wire.cut()
    traffic.goes_on(60)
    wire.forget()


@pytest.mark.parametrize("way", [_cut, _closed], ids=["and mended", "and its connections forgotten"])
@pytest.mark.parametrize("whose", ["of the one that folds", "of one that does not fold"])
def test_the_network_between_one_exporter_and_the_database_is_cut(
    tmp_path: Path, server: Server, whose: str, way: Callable[[Wire, Traffic], None], request: pytest.FixtureRequest
) -> None:
    wires = [Wire(server.port), Wire(server.port)]
    try:
        addresses = [server.address.replace(str(server.port), str(wire.port)) for wire in wires]
        with replicas(tmp_path, server, 2, addresses=addresses) as two:
            traffic = Traffic(two.all, native, pause_seconds=PACE_SECONDS)
            traffic.goes_on()
            holder = two.wait_for_holder()
            wire = (
                wires[two.all.index(holder)]
                if whose == "of the one that folds"
                else next(wire for wire, one in zip(wires, two.all, strict=True) if one is not holder)
            )
            way(wire, traffic)
            traffic.goes_on()
            how = request.node.callspec.id.split("-")[-1]
            _judged(two, traffic, f"network {whose} cut {how}", 1)
    finally:
        for wire in wires:
            wire.close()
