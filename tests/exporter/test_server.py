"""The processes: what the supervisor and a worker do around their parts."""

from __future__ import annotations

import json
import os
import stat
import threading
from typing import ClassVar

import pytest
import structlog
from click.testing import CliRunner
from tests.exporter.inprocess import RecordingAppender, call, environ

from errtally import names
from errtally.errors import ErrtallyError, JournalError
from errtally.exporter import heartbeat, installation, server, worker, writer
from errtally.exporter.commands import serve as serve_command
from errtally.exporter.config import ExporterConfig, Project, from_environ, from_json, to_json
from errtally.exporter.heartbeat import HEARTBEAT_FILE
from errtally.exporter.ingest.tally import Tally
from errtally.exporter.journal.records import decoder


@pytest.fixture(autouse=True)
def logging():
    yield
    structlog.reset_defaults()


class Supervisor:
    """Stands for the real one: says that it is ready and returns."""

    made: ClassVar = {}

    def __init__(self, listeners, settings):
        Supervisor.made = {"listeners": list(listeners), "settings": settings()}

    def start(self):
        pass

    def serve(self, *, on_ready, on_reload):
        assert callable(on_reload)
        on_ready()

    def end(self):
        pass


@pytest.fixture
def stubbed(monkeypatch):
    monkeypatch.setattr(server, "Supervisor", Supervisor)


@pytest.mark.usefixtures("stubbed")
def test_serve_runs_the_writer_and_the_server_and_leaves_the_directory_free(tmp_path):
    ready = []
    config = ExporterConfig(data_dir=tmp_path / "data", port=0, workers=3)
    for _ in range(2):
        server.serve(config, on_ready=lambda: ready.append(threading.active_count()))
    assert len(ready) == 2
    assert len(Supervisor.made["listeners"]) == 3
    assert all(listener.fileno() == -1 for listener in Supervisor.made["listeners"])
    assert from_json(Supervisor.made["settings"]) == config
    assert not [thread for thread in threading.enumerate() if thread.name == "writer"]
    assert (config.data_dir / HEARTBEAT_FILE).exists()
    secret = config.data_dir / installation.SECRET_FILE
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert len(secret.read_bytes()) == 32


@pytest.mark.usefixtures("stubbed")
def test_two_exporters_can_not_share_a_directory(tmp_path):
    held = installation.locked(tmp_path)
    with pytest.raises(ErrtallyError, match="another exporter uses this directory"):
        server.serve(ExporterConfig(data_dir=tmp_path), on_ready=lambda: None)
    held.close()


@pytest.mark.usefixtures("stubbed")
def test_a_directory_that_can_not_be_used_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ErrtallyError, match="can't be used"):
        server.serve(ExporterConfig(data_dir=tmp_path / "file"), on_ready=lambda: None)


def test_the_installations_key_stays(tmp_path):
    assert installation.secret(tmp_path) == installation.secret(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [installation.SECRET_FILE]


def test_a_key_is_never_readable_by_others(tmp_path, monkeypatch):
    seen = []
    real = os.open

    def opened(*arguments):
        descriptor = real(*arguments)
        seen.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        return descriptor

    monkeypatch.setattr(os, "open", opened)
    installation.secret(tmp_path)
    assert seen == [0o600]


@pytest.mark.usefixtures("stubbed")
def test_a_writer_that_fails_ends_the_exporter_with_an_error(tmp_path, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError

    ended = threading.Event()
    monkeypatch.setattr(writer.Writer, "run", fail)
    monkeypatch.setattr(server.os, "kill", lambda *_: ended.set())
    monkeypatch.setattr(Supervisor, "serve", lambda _, **__: ended.wait(10))
    with pytest.raises(ErrtallyError, match="the writer failed"):
        server.serve(ExporterConfig(data_dir=tmp_path, port=0), on_ready=lambda: None)
    assert ended.is_set()


def test_tallies_are_handed_to_the_journal_and_kept_when_it_fails(monkeypatch):
    monkeypatch.setattr(worker._log, "warning", lambda *_, **__: None)
    tally, appender = Tally(), RecordingAppender()
    worker._journal_tally(tally, appender)
    assert appender.payloads == []
    tally.add(names.INGEST_ITEMS, ("native", "event"), 2)
    appender.error = JournalError("full")
    worker._journal_tally(tally, appender)
    appender.error = None
    tally.add(names.INGEST_ITEMS, ("native", "event"), 3)
    worker._journal_tally(tally, appender)
    [record] = map(decoder.decode, appender.payloads)
    assert record.counters == [(names.INGEST_ITEMS.name, ("native", "event"), 5)]


def test_a_worker_takes_requests(tmp_path, monkeypatch):
    chores = []
    monkeypatch.setattr(worker.Chores, "every", lambda _, seconds, name, call: chores.append((seconds, name, call)))
    made = worker.create_worker(to_json(ExporterConfig(data_dir=tmp_path, daily_quotas={"error": 10})))
    app = made.application
    assert {name for _, name, _ in chores} == {"tally", "journal", "quotas", "artifacts", "symbols"}
    assert call(app, environ("/api/events", b'{"message": "m"}')).status == 200
    base = {"wsgi.url_scheme": "http", "SERVER_NAME": "x", "SERVER_PORT": "1"}
    ready = environ("/-/ready", method="GET") | base
    assert call(app, dict(ready)).status == 503
    heartbeat.beat(tmp_path / HEARTBEAT_FILE)
    assert call(app, dict(ready)).status == 200
    heartbeat.beat(tmp_path / HEARTBEAT_FILE, "the disk is gone")
    answer = call(app, dict(ready))
    assert (answer.status, b"the disk is gone" in answer.body) == (503, True)
    for _, _, one in chores:
        one()
    made.stop()
    made.end()


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_logs_show_no_local_variables(log_format, capfd):
    installation.configure_logging(log_format)
    log = structlog.get_logger()

    def fail():
        password = "hunter2" * 2  # noqa: F841 (what must not be shown)
        raise ZeroDivisionError("a defect")

    try:
        fail()
    except ZeroDivisionError:
        log.exception("it failed", place="here")
    log.debug("not shown")
    told = capfd.readouterr().err
    assert "a defect" in told
    assert "hunter2hunter2" not in told
    assert "not shown" not in told
    if log_format == "json":
        [line] = told.splitlines()
        entry = json.loads(line)
        assert (entry["event"], entry["level"], entry["place"]) == ("it failed", "error", "here")


@pytest.fixture
def served(monkeypatch):
    """What `errtally serve` would run, with the environment put back afterwards."""
    found = []
    for name in list(os.environ):
        if name.startswith("ERRTALLY_"):
            monkeypatch.delenv(name)
    monkeypatch.setattr(os, "environ", dict(os.environ))

    def serve(config, *, on_ready):
        on_ready()
        found.append(config)

    monkeypatch.setattr(serve_command, "serve", serve)
    return found


def test_settings_reach_a_worker_as_they_were_checked(tmp_path):
    config = ExporterConfig(
        data_dir=tmp_path,
        projects=(Project("shop", "42", frozenset({"a", "b"}), transaction_apdex_threshold_seconds={"/x": 0.3}),),
        series_limits={names.EVENTS.name: 17},
        web_token="t",
    )
    assert from_json(to_json(config)) == config


def test_flags_reach_the_workers_through_the_environment(served, tmp_path, capfd):
    arguments = ["--listen", "localhost:81", "--data-dir", str(tmp_path), "--workers", "2", "--durability", "fsync"]
    result = CliRunner().invoke(serve_command.command, [*arguments, "--log-format", "json"])
    assert result.exit_code == 0, result.output
    [config] = served
    assert (config.host, config.port, config.data_dir, config.workers) == ("localhost", 81, tmp_path, 2)
    assert (config.durability, config.log_format) == ("fsync", "json")
    assert from_environ(os.environ) == config
    told = capfd.readouterr().err
    for line in ("localhost:81", "Sentry DSN http://any@localhost:81/1", "http://localhost:81/api/events"):
        assert line in told


def test_the_banner_of_configured_projects_shows_no_key(served, tmp_path, capfd):
    path = tmp_path / "errtally.yml"
    path.write_text("external_url: https://errors.example.org\nprojects: [{name: shop, id: '42', keys: [sEcReTkEy]}]\n")
    CliRunner().invoke(serve_command.command, ["--config", str(path)])
    told = capfd.readouterr().err
    assert "project shop: Sentry DSN https://KEY@errors.example.org/42 (1 keys)" in told
    assert "sEcReTkEy" not in told
    assert served[0].projects == (Project("shop", "42", frozenset({"sEcReTkEy"})),)
