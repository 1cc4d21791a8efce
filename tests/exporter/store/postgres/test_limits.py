"""Limits hold for all exporters on a database together."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import psycopg
import pytest
from tests.exporter.databases import POSTGRES, address_of
from tests.exporter.postgres import Server, data_folder

from errtally.errors import StoreError
from errtally.exporter.config import ExporterConfig
from errtally.exporter.ingest.quotas import DAY_SECONDS, Quotas
from errtally.exporter.ingest.rates import Rates
from errtally.exporter.projects import Project, RateLimit
from errtally.exporter.store.postgres.database import PostgresDatabase
from errtally.exporter.store.postgres.limits import SharedLimits
from errtally.exporter.web.attempts import MAX_BY_ADDRESS, Attempts

if TYPE_CHECKING:
    from pathlib import Path

SHOP = Project("shop", "1")
NOON = DAY_SECONDS * 20_000.5


@pytest.fixture
def address(postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(POSTGRES, postgres)
    return address_of(tmp_path)


def _quotas(tmp_path: Path, address: str, quota: int = 100) -> Quotas:
    return Quotas(ExporterConfig(data_dir=tmp_path, daily_quotas={"error": quota}), SharedLimits(address))


def _let_in(quotas: Quotas, now: float, most: int = 1 << 30) -> int:
    """Let in as much as the quota has room for, one by one."""
    taken = 0
    while taken < most and not quotas.wait_seconds(SHOP, "error", now):
        quotas.add(SHOP, "error", 1, now)
        taken += 1
    return taken


def test_all_exporters_together_let_in_the_quota(tmp_path: Path, address: str) -> None:
    three = [_quotas(tmp_path, address) for _ in range(3)]
    taken = 0
    for _ in range(20):  # each lets in two at a time and tells the others
        for one in three:
            taken += _let_in(one, NOON, most=2)
            one.share(NOON)
    assert 100 <= taken <= 100 + 2 * 2


def test_beyond_it_goes_what_one_interval_brings_to_the_others(tmp_path: Path, address: str) -> None:
    three = [_quotas(tmp_path, address) for _ in range(3)]
    assert [_let_in(one, NOON) for one in three] == [100, 100, 100]  # nobody has told anything yet
    for one in three * 2:
        one.share(NOON)
    assert [_let_in(one, NOON) for one in three] == [0, 0, 0]
    assert all(one.wait_seconds(SHOP, "error", NOON) for one in three)


def test_one_that_starts_anew_knows_what_was_let_in_and_at_midnight_all_begin_anew(
    tmp_path: Path, address: str
) -> None:
    one = _quotas(tmp_path, address)
    _let_in(one, NOON)
    one.share(NOON)
    again = _quotas(tmp_path, address)
    again.share(NOON)
    assert _let_in(again, NOON) == 0
    tomorrow = NOON + DAY_SECONDS
    again.share(tomorrow)
    assert _let_in(again, tomorrow) == 100
    again.share(tomorrow + DAY_SECONDS)
    again.share(tomorrow + 2 * DAY_SECONDS)
    other = SharedLimits(address)
    other.add(int(tomorrow // DAY_SECONDS) + 5, {})
    with psycopg.connect(address) as db:
        assert db.execute("SELECT count(*) FROM quotas").fetchone() == (0,)  # what is over is not kept


def test_a_commit_that_nobody_heard_of_counts_once(
    tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = SharedLimits(address)
    limits.add(5, {"shop/error": 3})
    real = SharedLimits.add

    def unheard(self: SharedLimits, day: int, fresh: dict[str, int]) -> None:
        own, known = self._own, self._day
        real(self, day, fresh)
        self._own, self._day = own, known
        raise StoreError("the connection is gone")

    quotas = Quotas(ExporterConfig(data_dir=tmp_path, daily_quotas={"error": 100}), limits)
    quotas.add(SHOP, "error", 4, 5.5 * DAY_SECONDS)
    with monkeypatch.context() as patch:
        patch.setattr(SharedLimits, "add", unheard)
        with pytest.raises(StoreError):
            quotas.share(5.5 * DAY_SECONDS)
    quotas.add(SHOP, "error", 1, 5.5 * DAY_SECONDS)
    quotas.share(5.5 * DAY_SECONDS)
    assert SharedLimits(address).add(5, {}) == {"shop/error": 8}


def test_while_the_database_is_away_each_goes_by_what_it_knew_and_lets_in(tmp_path: Path) -> None:
    with data_folder() as folder:
        server = Server(folder)
        server.start()
        one, other = (_quotas(tmp_path, server.address) for _ in range(2))
        assert _let_in(one, NOON, most=60) == 60
        one.share(NOON)
        other.share(NOON)
        server.stop(signal.SIGQUIT)
        with pytest.raises(StoreError):
            other.share(NOON)
        assert _let_in(other, NOON) == 40
        server.start()
        other.share(NOON)
        with pytest.raises(StoreError):  # of the connection that it had
            one.share(NOON)
        one.share(NOON)
        assert _let_in(one, NOON) == 0
        server.stop(signal.SIGQUIT)


def _note(address: str, replica: str) -> None:
    database = PostgresDatabase(address, replica)
    connection = database.connect()
    database.begin_shipping(connection)
    database.say_shipped(connection)
    connection.close()


def test_the_rates_of_all_living_exporters_add_up_to_the_limit(tmp_path: Path, address: str) -> None:
    assert SharedLimits(address).living() == 1  # the first, before it has noted anything
    for name in ("one", "two", "three"):
        _note(address, name)
    with psycopg.connect(address) as db:
        db.execute("UPDATE shippers SET shipped = shipped - 60 WHERE replica = 'three'")  # gone for a minute
    config = ExporterConfig(data_dir=tmp_path, workers=2, rate_limits={"error": RateLimit(per_second=40.0, burst=40)})
    workers = [Rates(config) for _ in range(4)]  # two exporters of two
    for one in workers:
        one.exporters = SharedLimits(address).living()
        assert one.exporters == 2
    taken = 0
    for tick in range(1001):  # ten seconds
        taken += sum(one.take(SHOP, "k", "error", 1, tick / 100) == 0 for one in workers)
    assert 40 * 10 <= taken <= 40 * 10 + 40 + 4


def test_one_that_ended_leaves_its_share_to_the_others(address: str) -> None:
    for name in ("one", "two"):
        _note(address, name)
    database = PostgresDatabase(address, "two")
    connection = database.connect()
    database.end_shipping(connection)
    connection.close()
    assert SharedLimits(address).living() == 1


def test_failed_log_ins_count_wherever_they_were_tried(address: str) -> None:
    one, other = Attempts(), Attempts()
    told = {attempts: SharedLimits(address) for attempts in (one, other)}
    for number in range(MAX_BY_ADDRESS):
        for attempts in (one, other):
            attempts.share(told[attempts])
        assert not one.wait_seconds("10.0.0.7")
        assert not other.wait_seconds("10.0.0.7")
        (one, other)[number % 2].failed("10.0.0.7")
    for attempts in (one, other, one):
        attempts.share(told[attempts])
    for attempts in (one, other):
        assert 0 < attempts.wait_seconds("10.0.0.7") <= 301
        assert not attempts.wait_seconds("10.0.0.8")
    fresh = Attempts()
    fresh.share(SharedLimits(address))
    assert fresh.wait_seconds("10.0.0.7")


def test_who_logs_in_is_forgiven(address: str) -> None:
    one, limits = Attempts(), SharedLimits(address)
    for _ in range(MAX_BY_ADDRESS - 1):
        one.failed("10.0.0.7")
    one.share(limits)
    one.succeeded("10.0.0.7")
    one.share(limits)
    fresh = Attempts()
    fresh.share(SharedLimits(address))
    fresh.failed("10.0.0.7")
    assert not fresh.wait_seconds("10.0.0.7")


def test_failures_age_as_they_do_at_the_one_that_saw_them(address: str) -> None:
    now = time.monotonic()
    late = Attempts(clock=lambda: now + 200)
    one = Attempts()
    for _ in range(MAX_BY_ADDRESS):
        one.failed("10.0.0.7")
    one.share(SharedLimits(address))
    with psycopg.connect(address) as db:
        db.execute("UPDATE failed_logins SET at = at - 200")
    late.share(SharedLimits(address))
    assert 90 <= late.wait_seconds("10.0.0.7") <= 101
