"""The writer: every record once, through failures and restarts."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from tests.exporter.inprocess import InProcess

from errtally import names
from errtally.errors import StoreError
from errtally.exporter import writer as writer_module
from errtally.exporter.config import ExporterConfig, Project
from errtally.exporter.heartbeat import HEARTBEAT_FILE
from errtally.exporter.journal import frame
from errtally.exporter.store.writing import StoreWriter
from errtally.exporter.writer import JOURNAL_DIRECTORY, Writer


@pytest.fixture
def exporter(tmp_path, monkeypatch):
    monkeypatch.setattr(writer_module._log, "error", lambda *_, **__: None)
    monkeypatch.setattr(writer_module._log, "warning", lambda *_, **__: None)
    made = InProcess(tmp_path)
    yield made
    if made.appender._descriptor >= 0:
        made.close()


def send(exporter, count=3):
    answer = exporter.post("/api/events", {"events": [{"message": "order failed", "type": "T"}] * count})
    assert answer.status == 200


def test_what_was_taken_is_counted(exporter):
    send(exporter)
    assert exporter.total(names.JOURNAL_LAG_EVENTS.name) == 3
    assert exporter.writer.step() == 1
    assert exporter.writer.step() == 0
    assert exporter.total(names.EVENTS.name, type="T") == 3
    assert exporter.total(names.DIGESTED_EVENTS.name) == 3
    assert exporter.total(names.JOURNAL_LAG_EVENTS.name) == 0


class Flaky:
    """A method of the store that fails the first few times."""

    def __init__(self, monkeypatch, method, failures):
        self.left = failures
        real = getattr(StoreWriter, method)

        def call(store, *arguments):
            if self.left:
                self.left -= 1
                raise StoreError("database is locked")
            return real(store, *arguments)

        monkeypatch.setattr(StoreWriter, method, call)


def test_a_store_that_fails_and_comes_back_takes_everything_once(exporter, monkeypatch):
    send(exporter)
    Flaky(monkeypatch, "apply", 3)
    stop = threading.Event()
    monkeypatch.setattr(stop, "wait", lambda _: False)
    exporter.writer.step(stop)
    assert exporter.total(names.EVENTS.name) == 3
    assert exporter.total(names.STORE_ERRORS.name) == 3


def test_a_store_that_fails_while_the_exporter_stops_leaves_everything_in_the_journal(exporter, monkeypatch):
    send(exporter)
    stop = threading.Event()
    stop.set()
    with monkeypatch.context() as patch:
        Flaky(patch, "apply", 1)
        with pytest.raises(StoreError):
            exporter.writer.step(stop)
    exporter.writer = Writer(exporter.config)
    exporter.fold()
    assert exporter.total(names.EVENTS.name) == 3


def test_a_restart_goes_on_where_the_store_is(exporter):
    send(exporter, 2)
    exporter.fold()
    send(exporter, 5)
    exporter.writer = Writer(exporter.config)
    exporter.fold()
    assert exporter.total(names.EVENTS.name) == 7
    assert exporter.total(names.NEW_ISSUES.name) == 1


def test_finished_segments_go_and_so_do_their_positions(exporter):
    send(exporter)
    exporter.appender.close()
    exporter.fold()
    assert list((exporter.config.data_dir / JOURNAL_DIRECTORY).iterdir()) == []
    assert exporter.writer._source.positions() == {}
    assert Writer(exporter.config)._store.load({})[1] == {}


def test_a_store_that_fails_to_forget_does_not_end_the_writer(exporter, monkeypatch):
    send(exporter)
    exporter.appender.close()
    Flaky(monkeypatch, "forget", 2)
    assert exporter.writer.step() == 1
    assert exporter.writer.step() == 0
    assert exporter.writer.step() == 0
    assert exporter.writer._source._forgotten == []
    assert exporter.writer._store.load({})[1] == {}
    again = InProcess(exporter.config.data_dir)
    send(again)
    exporter.fold()
    assert exporter.total(names.STORE_ERRORS.name) == 2
    assert exporter.total(names.EVENTS.name) == 6
    again.close()


def test_positions_of_segments_that_went_while_it_was_down_are_forgotten(tmp_path):
    exporter = InProcess(tmp_path)
    send(exporter)
    exporter.fold()
    exporter.close()
    for path in (tmp_path / JOURNAL_DIRECTORY).iterdir():
        path.unlink()
    assert Writer(exporter.config)._store.load({})[1] == {}


def test_records_that_are_not_understood_and_damage_are_counted(exporter):
    exporter.appender.append(b"\xc1 not a record", 5, 10.0)
    exporter.appender.append(b"\xc1 nor this", 0, 10.0)
    torn = frame.encode(b"x", 1, 5.0)[:-1]
    (exporter.config.data_dir / JOURNAL_DIRECTORY / "00000000000000000001-dead-000000.segment").write_bytes(torn)
    send(exporter)
    exporter.fold()
    send(exporter)
    exporter.fold()
    assert exporter.total(names.EVENTS.name) == 6
    assert exporter.total(names.INGEST_REJECTED.name, reason="not_understood") == 6
    assert exporter.total(names.INGEST_REJECTED.name, reason="damaged") == 1


def test_configured_projects_have_their_series_before_their_first_event(tmp_path):
    project = Project("shop", "1", frozenset({"k"}), environments=("prod", "stage"))
    exporter = InProcess(tmp_path, ExporterConfig(projects=(project,)))
    series = exporter.series()
    for environment in ("prod", "stage"):
        labels = frozenset({("project", "shop"), ("environment", environment)})
        assert series[names.NEW_ISSUES.name, labels] == 0
        assert series[names.REGRESSIONS.name, labels] == 0
    exporter.close()


def bounds(exporter):
    series = exporter.series()
    return {dict(labels)["le"] for name, labels in series if name == f"{names.REQUEST_DURATION.name}_bucket"}


def at_most(exporter, bound):
    return exporter.total(f"{names.REQUEST_DURATION.name}_bucket", le=bound)


def test_buckets_end_at_every_threshold_that_is_or_was_configured(tmp_path):
    def config(threshold, **transactions):
        project = Project(
            "shop",
            "1",
            frozenset({"k"}),
            apdex_threshold_seconds=threshold,
            transaction_apdex_threshold_seconds=transactions,
        )
        return ExporterConfig(projects=(project,))

    def request(*durations):
        requests = [{"transaction": "/a", "duration_seconds": seconds} for seconds in durations]
        answer = exporter.post("/api/requests", {"requests": requests}, {"Authorization": "Bearer k"})
        assert answer.status == 200
        exporter.fold()

    exporter = InProcess(tmp_path, config(0.3, **{"/b": 0.7}))
    request(0.2, 0.4, 0.65, 0.9)
    before = {"+Inf", *map(repr, names.REQUEST_DURATION.buckets), "0.3", "1.2", "0.7", "2.8"}
    assert bounds(exporter) == before
    assert [at_most(exporter, bound) for bound in ("0.3", "0.7", "1.2")] == [1, 3, 4]
    exporter.close()

    exporter = InProcess(tmp_path, config(0.6))
    assert bounds(exporter) == before | {"0.6", "2.4"}
    # What lies between 0.5 and 0.6 of the old ones can't be told, so the new bucket begins without them.
    assert [at_most(exporter, bound) for bound in ("0.3", "0.6", "0.7", "1.2")] == [1, 2, 3, 4]
    request(0.2, 0.55, 0.65)
    assert [at_most(exporter, bound) for bound in ("0.3", "0.6", "0.7", "1.2")] == [2, 4, 6, 7]
    assert exporter.total(names.APDEX_THRESHOLD.name, transaction="/a") == 0.6

    exporter.writer.configure(replace(exporter.config, projects=config(0.8).projects))
    exporter.fold()
    assert {"0.8", "3.2"} <= bounds(exporter)
    exporter.close()


def test_run_folds_what_is_there_when_it_is_told_to_stop(exporter, monkeypatch):
    monkeypatch.setattr(writer_module, "HEARTBEAT_SECONDS", -1.0)
    monkeypatch.setattr(writer_module, "PRUNE_SECONDS", -1.0)
    Flaky(monkeypatch, "prune", 1)
    send(exporter)
    stop = threading.Event()
    monkeypatch.setattr(stop, "wait", lambda _: stop.set())
    exporter.writer.run(stop)
    assert exporter.total(names.EVENTS.name) == 3
    assert (exporter.config.data_dir / HEARTBEAT_FILE).exists()


def test_fsync_is_for_the_store_as_well(tmp_path):
    config = replace(ExporterConfig(), data_dir=tmp_path, durability="fsync")
    assert Writer(config)._store._db.execute("PRAGMA synchronous").fetchone()[0] == 2
