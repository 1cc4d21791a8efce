"""One worker process: takes requests, appends what they delivered, answers pages and scrapes.

Apart from the supervisor's module, so that the supervisor does not carry the web framework in its memory.
"""

from __future__ import annotations

import atexit
import time
from typing import TYPE_CHECKING, Any

import structlog

from errtally import names
from errtally.errors import JournalError
from errtally.exporter import collector
from errtally.exporter.chores import Chores
from errtally.exporter.config import take_over
from errtally.exporter.digest.state import Budget
from errtally.exporter.ingest.pipeline import Pipeline
from errtally.exporter.ingest.tally import Tally
from errtally.exporter.installation import JOURNAL_DIRECTORY, configure_logging, secret
from errtally.exporter.journal.appender import Appender
from errtally.exporter.journal.records import encoder
from errtally.exporter.metrics import process
from errtally.exporter.metrics.view import StoreView
from errtally.exporter.readiness import Readiness
from errtally.exporter.stopping import on_stop
from errtally.exporter.store.reading import StoreReader
from errtally.exporter.store.stream import StreamReader
from errtally.exporter.web.access import Access
from errtally.exporter.web.app import create_app
from errtally.exporter.web.fast_path import FastPath
from errtally.exporter.web.slow_connections import SCAN_SECONDS, SlowConnections
from errtally.exporter.web.stream.counts import StreamCounts
from errtally.exporter.web.stream.hub import Hub

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse

TALLY_SECONDS = 1.0
LOOK_SECONDS = 1.0
"""How often the journal is looked at while nothing is appended."""

HURRIED_SCAN_SECONDS = 0.25

_log = structlog.get_logger(__name__)


def create_worker(settings: str) -> Callable[[dict[str, Any], StartResponse], Iterable[bytes]]:
    """Build one worker's WSGI application from the settings that the supervisor hands over."""
    config = take_over(settings)
    configure_logging(config.log_format)
    appender = Appender(
        config.data_dir / JOURNAL_DIRECTORY,
        fsync=config.durability == "fsync",
        journal_bytes=config.limits.journal_bytes,
        min_free_bytes=config.limits.min_free_bytes,
    )
    tally = Tally()
    key = secret(config.data_dir)
    pipeline = Pipeline(config, appender=appender, tally=tally, user_key=key)
    chores = Chores(lambda name: tally.add(names.BACKGROUND_FAILURES, (name,)))
    readiness = Readiness(config.data_dir, appender, chores)
    streams = StreamCounts(config.data_dir)
    hub = Hub(StreamReader(config.data_dir), on_count=streams.put)
    app = create_app(
        config,
        view=StoreView(
            config.data_dir,
            Budget(config.series_limits),
            scrape_interval_seconds=config.scrape_interval_seconds,
        ),
        reader=StoreReader(config.data_dir),
        own=process.registry(readiness.is_up, streams.total),
        appender=appender,
        access=Access(config, key),
        problem=readiness.problem,
        hub=hub,
    )
    watch = SlowConnections(config.port)
    chores.every(TALLY_SECONDS, "tally", lambda: _hand_over(tally, appender))
    chores.every(LOOK_SECONDS, "journal", appender.look)
    if (quotas := pipeline.quotas) is not None:
        chores.every(TALLY_SECONDS, "quotas", lambda: quotas.share(time.time()))
        atexit.register(chores.once, "quotas", lambda: quotas.share(time.time()))
    chores.every(SCAN_SECONDS, "slow-connections", lambda: watch.scan(time.monotonic()))
    on_stop(lambda: _end_streams(hub, watch, chores))
    atexit.register(chores.once, "tally", lambda: _hand_over(tally, appender))
    path = FastPath(app, pipeline, limits=config.limits, tally=tally)
    collector.spare()
    return path


def _end_streams(hub: Hub, watch: SlowConnections, chores: Chores) -> None:
    """End what has no end of its own, so that the server can stop before its supervisor loses patience."""
    hub.close()
    watch.hurry()
    chores.every(HURRIED_SCAN_SECONDS, "hurry", lambda: watch.scan(time.monotonic()))


def _hand_over(tally: Tally, appender: Appender) -> None:
    tallies = tally.take()
    if tallies is None:
        return
    try:
        appender.append(encoder.encode(tallies), 0, time.time())
    except JournalError as exc:
        tally.put_back(tallies)
        _log.warning("tallies wait", error=str(exc))
