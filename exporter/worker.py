"""One worker process: takes requests, appends what they delivered, answers pages and scrapes.

Apart from the supervisor's module, so that the supervisor does not carry the web framework in its memory.
"""

from __future__ import annotations

import atexit
import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import structlog

from errtally.errors import JournalError
from errtally.exporter import collector
from errtally.exporter.config import take_over
from errtally.exporter.digest.state import Budget
from errtally.exporter.ingest.pipeline import Pipeline
from errtally.exporter.ingest.tally import Tally
from errtally.exporter.installation import (
    HEARTBEAT_FILE,
    HEARTBEAT_SECONDS,
    JOURNAL_DIRECTORY,
    SETTINGS_VARIABLE,
    configure_logging,
    secret,
)
from errtally.exporter.journal.appender import Appender
from errtally.exporter.journal.records import encoder
from errtally.exporter.metrics import process
from errtally.exporter.metrics.view import StoreView
from errtally.exporter.stopping import on_stop
from errtally.exporter.store.reading import StoreReader
from errtally.exporter.store.stream import StreamReader
from errtally.exporter.web.access import Access
from errtally.exporter.web.app import create_app
from errtally.exporter.web.fast_path import FastPath
from errtally.exporter.web.slow_connections import SlowConnections, keep_cutting
from errtally.exporter.web.stream.counts import StreamCounts
from errtally.exporter.web.stream.hub import Hub

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse

    from errtally.exporter.ingest.quotas import Quotas

TALLY_SECONDS = 1.0

_log = structlog.get_logger(__name__)


def create_worker() -> Callable[[dict[str, Any], StartResponse], Iterable[bytes]]:
    """Build one worker's WSGI application from the settings that the supervisor hands over."""
    # Taken out of the environment, which the server copies into that of every request.
    config = take_over(os.environ.pop(SETTINGS_VARIABLE))
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
    heartbeat = config.data_dir / HEARTBEAT_FILE

    def is_up() -> bool:
        try:
            return time.time() - heartbeat.stat().st_mtime < 5 * HEARTBEAT_SECONDS
        except FileNotFoundError:
            return False

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
        own=process.registry(is_up, streams.total),
        appender=appender,
        access=Access(config, key),
        is_up=is_up,
        hub=hub,
    )
    threading.Thread(
        target=_keep_tallying, args=(tally, appender, pipeline.quotas, os.getppid()), name="tally", daemon=True
    ).start()
    watch = SlowConnections(config.port)
    threading.Thread(target=keep_cutting, args=(watch,), name="slow-connections", daemon=True).start()
    on_stop(lambda: _end_streams(hub, watch))
    atexit.register(_hand_over, tally, appender)
    atexit.register(_share, pipeline.quotas)
    path = FastPath(app, pipeline, limits=config.limits, tally=tally)
    collector.spare()
    return path


def _end_streams(hub: Hub, watch: SlowConnections) -> None:
    """End what has no end of its own, so that the server can stop."""
    hub.close()
    watch.hurry()


def _keep_tallying(tally: Tally, appender: Appender, quotas: Quotas | None, parent: int) -> None:
    """Hand the tallies on, and end with the supervisor: without its writer nothing would be counted."""
    while True:
        time.sleep(TALLY_SECONDS)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
        _hand_over(tally, appender)
        _share(quotas)


def _share(quotas: Quotas | None) -> None:
    """Tell the other workers what this one let in, and hear it of them."""
    if quotas is None:
        return
    try:
        quotas.share(time.time())
    except OSError as exc:
        _log.warning("quotas are not shared", error=str(exc))


def _hand_over(tally: Tally, appender: Appender) -> None:
    tallies = tally.take()
    if tallies is None:
        return
    try:
        appender.append(encoder.encode(tallies), 0, time.time())
    except JournalError as exc:
        tally.put_back(tallies)
        _log.warning("tallies wait", error=str(exc))
