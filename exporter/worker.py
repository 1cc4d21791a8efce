"""One worker process: takes requests, appends what they delivered, answers pages and scrapes.

Apart from the supervisor's module, so that the supervisor does not carry the web framework in its memory.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from errtally import names
from errtally.errors import JournalError
from errtally.exporter import garbage_collection
from errtally.exporter.chores import Chores
from errtally.exporter.config import from_json
from errtally.exporter.digest.budget import Budget
from errtally.exporter.front.front import Front
from errtally.exporter.ingest.pipeline import Pipeline
from errtally.exporter.ingest.tally import Tally
from errtally.exporter.installation import JOURNAL_DIRECTORY, configure_logging, secret
from errtally.exporter.journal.appender import Appender
from errtally.exporter.journal.records import encoder
from errtally.exporter.metrics import process
from errtally.exporter.metrics.view import StoreView
from errtally.exporter.readiness import Readiness
from errtally.exporter.store.opening import database_of, shared_limits, uploads_of
from errtally.exporter.store.reading import StoreReader
from errtally.exporter.store.stream import StreamReader
from errtally.exporter.symbols import builder
from errtally.exporter.symbols.builder import Builder
from errtally.exporter.symbols.installed import is_installed
from errtally.exporter.symbols.late import LateReader
from errtally.exporter.symbols.resolver import Resolver
from errtally.exporter.web import upload_paths
from errtally.exporter.web.fast_path import FastPath
from errtally.exporter.web.forwarding import Forwarding
from errtally.exporter.web.hosts import Hosts
from errtally.exporter.web.plain import Plain
from errtally.exporter.web.stream.counts import StreamCounts
from errtally.exporter.web.stream.hub import Hub

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from flask import Flask

    from errtally.exporter.config import ExporterConfig
    from errtally.exporter.journal.appending import Appending

TALLY_SECONDS = 1.0
LOOK_SECONDS = 1.0
"""How often the journal is looked at while nothing is appended."""

SWEEP_SECONDS = 600.0
"""How often uploaded files are looked through for what is kept no longer; each worker does."""

FOLLOW_SECONDS = 1.0
"""How often it is looked what other exporters on the database took of uploads."""

THREADS = 8
"""That make pages and scrapes; live streams have threads of their own."""

WAITING_THREADS = 64
"""With ``durability: fsync`` and ``shared`` each request in progress holds one while it waits."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Worker:
    """What one worker process serves.

    Attributes:
        application: answers every request, as WSGI has it; ingest routes without waiting.
        stop: ends what has no end of its own; called when the process is told to stop.
        end: hands on what was counted; called when all requests are answered.
    """

    config: ExporterConfig
    application: FastPath
    stop: Callable[[], None]
    end: Callable[[], None]

    def run(self, listener: socket.socket, on_ready: Callable[[], None]) -> None:
        """Serve what comes to a listening socket until SIGTERM or SIGINT; call ``on_ready`` when it does."""
        is_inline = self.config.durability == "write"
        front = Front(
            listener,
            self.application,
            self.application,
            body_bytes=self.config.limits.body_bytes,
            larger_bodies=self._larger_bodies,
            # Who waits for the disk, or the database, together shares one wait, and so needs threads.
            answers_inline=is_inline,
            threads=THREADS if is_inline else WAITING_THREADS,
        )
        front.run(on_ready=on_ready, on_stop=self.stop)
        self.end()

    def _larger_bodies(self, path: str) -> int:
        return self.config.artifacts.request_bytes if upload_paths.is_upload(path) else 0


def create_worker(settings: str) -> Worker:
    """Build one worker from the settings that the supervisor hands over."""
    config = from_json(settings)
    configure_logging(config.log_format)
    appender = _appender(config)
    tally = Tally()
    key = secret(config.data_dir)
    uploads = uploads_of(config, tally.add)
    resolver = Resolver(uploads.archive) if is_installed() else None
    limits = shared_limits(config.database)
    pipeline = Pipeline(
        config, appender=appender, tally=tally, user_key=key, uploads=uploads, resolver=resolver, ledger=limits
    )
    chores = Chores(lambda name: tally.add(names.BACKGROUND_FAILURES, (name,)))
    readiness = Readiness(config.data_dir, appender, chores, is_shared=bool(config.database))
    streams = StreamCounts(config.data_dir)
    database = database_of(config.database, config.data_dir)
    hub = Hub(StreamReader(database), on_count=streams.put)
    view = StoreView(
        database,
        config.data_dir,
        Budget(config.series_limits),
        scrape_interval_seconds=config.scrape_interval_seconds,
    )
    own = process.registry(readiness.is_up, streams.total, uploads.archive.stored_bytes)

    def make_pages() -> Flask:
        # Heavy: for a worker at which somebody looks.
        from errtally.exporter.web.access import Access  # noqa: PLC0415
        from errtally.exporter.web.app import create_app  # noqa: PLC0415

        access = Access(config, key)
        if limits is not None and config.has_web_auth:
            chores.every(TALLY_SECONDS, "log_ins", lambda: access.attempts.share(limits))
        return create_app(
            config,
            view=view,
            reader=StoreReader(database, key, None if resolver is None else LateReader(resolver, config)),
            own=own,
            appender=appender,
            access=access,
            problem=readiness.problem,
            ready=readiness.said,
            hub=hub,
            uploads=uploads,
        )

    app = Plain(
        view,
        own,
        readiness.problem,
        make_pages,
        ready=readiness.said,
        hosts=Hosts(config.external_url, config.allowed_hosts),
        is_scrape_open=not config.has_metrics_auth,
    )
    chores.every(TALLY_SECONDS, "tally", lambda: _journal_tally(tally, appender))
    chores.every(LOOK_SECONDS, "journal", appender.look)
    chores.every(SWEEP_SECONDS, "artifacts", lambda: uploads.sweep(time.time()))
    if config.database:
        chores.every(FOLLOW_SECONDS, "shared_artifacts", lambda: uploads.archive.refresh(waits=False))
    if resolver is not None:
        chores.every(builder.BETWEEN_SECONDS, "symbols", Builder(resolver, config.data_dir).run)
    quotas = pipeline.quotas
    if quotas is not None:
        chores.every(TALLY_SECONDS, "quotas", lambda: quotas.share(time.time()))

    rates = pipeline.rates
    if rates is not None and limits is not None:

        def count_exporters() -> None:
            rates.exporters = limits.living()

        chores.once("rates", count_exporters)
        chores.every(TALLY_SECONDS, "rates", count_exporters)

    def end() -> None:
        chores.once("tally", lambda: _journal_tally(tally, appender, until_known=False))
        if quotas is not None:
            chores.once("quotas", lambda: quotas.share(time.time()))

    forwarding = None
    if Forwarding.is_needed(config.trusted_proxies, config.external_url):
        forwarding = Forwarding(config.trusted_proxies, config.external_url)
    path = FastPath(
        app,
        pipeline,
        limits=config.limits,
        tally=tally,
        forwarding=forwarding,
        upload_bytes=config.artifacts.request_bytes,
        health=app.health,
    )
    garbage_collection.freeze()
    return Worker(config, path, stop=hub.close, end=end)


def _appender(config: ExporterConfig) -> Appending:
    if config.durability == "shared":
        from errtally.exporter.replicas.shared_appender import SharedAppender  # noqa: PLC0415 (an extra)
        from errtally.exporter.store.postgres.database import PostgresDatabase  # noqa: PLC0415 (an extra)

        return SharedAppender(PostgresDatabase(config.database, ""), config.limits.journal_bytes)
    return Appender(
        config.data_dir / JOURNAL_DIRECTORY,
        fsync=config.durability == "fsync",
        journal_bytes=config.limits.journal_bytes,
        min_free_bytes=config.limits.min_free_bytes,
    )


def _journal_tally(tally: Tally, appender: Appending, *, until_known: bool = True) -> None:
    tallies = tally.take()
    if tallies is None:
        return
    try:
        # What was counted has no id by which a second time would be noticed.
        appender.append(encoder.encode(tallies), 0, time.time(), until_known=until_known)
    except JournalError as exc:
        tally.put_back(tallies)
        _log.warning("tallies wait", error=str(exc))
