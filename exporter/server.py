"""The processes: this one supervises and runs the writer, granian's workers take requests."""

from __future__ import annotations

import atexit
import fcntl
import logging
import multiprocessing
import os
import resource
import secrets
import signal
import sys
import threading
import time
from typing import IO, TYPE_CHECKING, Any

import structlog
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import Server as Granian

from errtally.errors import ErrtallyError, JournalError
from errtally.event.scrub import Scrubber
from errtally.exporter.config import from_environ
from errtally.exporter.digest.state import Budget
from errtally.exporter.ingest.pipeline import Pipeline
from errtally.exporter.ingest.tally import Tally
from errtally.exporter.journal.appender import Appender
from errtally.exporter.journal.records import encoder
from errtally.exporter.metrics import process
from errtally.exporter.metrics.view import StoreView
from errtally.exporter.store.reading import StoreReader
from errtally.exporter.web.access import Access
from errtally.exporter.web.app import create_app
from errtally.exporter.web.fast_path import FastPath
from errtally.exporter.web.slow_connections import SlowConnections, keep_cutting
from errtally.exporter.writer import HEARTBEAT_FILE, HEARTBEAT_SECONDS, JOURNAL_DIRECTORY, Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path
    from wsgiref.types import StartResponse

    from errtally.exporter.config import ExporterConfig
    from errtally.exporter.ingest.quotas import Quotas

BLOCKING_THREADS = 512
"""Threads are made when they are needed; most of them would wait for a slow client's body. See `slow_connections`."""

MAX_CONNECTIONS = 4096
"""Connections of one worker, most of them idle; granian accepts no further ones meanwhile."""

HEADER_READ_MILLISECONDS = 10_000
HEADER_BYTES = 64 * 1024

ALLOCATOR = {"MALLOC_ARENA_MAX": "4", "MALLOC_MMAP_THRESHOLD_": "131072", "MALLOC_TRIM_THRESHOLD_": "1048576"}
"""For glibc in the workers: what a large body took goes back to the system, and hundreds of threads share arenas."""
TALLY_SECONDS = 1.0
SECRET_FILE = "secret.key"  # noqa: S105 (a file name)
LOCK_FILE = "errtally.lock"

_log = structlog.get_logger(__name__)


def configure_logging(log_format: str) -> None:
    """Send logs to standard error: for people, or one JSON object a line."""
    is_json = log_format == "json"
    # Tracebacks never show local variables: those hold what clients sent before it is scrubbed.
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if is_json
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    processors: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    if is_json:
        transformer = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        processors.append(structlog.processors.ExceptionRenderer(transformer))
    structlog.configure(
        processors=[*processors, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def serve(config: ExporterConfig, *, on_ready: Callable[[], None]) -> None:
    """Run the exporter until it is told to stop; what was accepted is folded before this returns.

    Args:
        config: the settings; the workers build theirs from the same environment.
        on_ready: called when the port is bound.

    Raises:
        ErrtallyError: the data directory is in use or can't be written, or the port is taken.
    """
    configure_logging(config.log_format)
    try:
        config.data_dir.mkdir(parents=True, exist_ok=True)
        lock = _lock(config.data_dir / LOCK_FILE)
        _secret(config.data_dir)
    except OSError as exc:
        raise ErrtallyError(f"{config.data_dir}: can't be used: {exc}") from exc
    _allow_connections()
    for name, value in ALLOCATOR.items():
        os.environ.setdefault(name, value)
    writer, stop = Writer(config), threading.Event()
    thread = threading.Thread(target=_run_writer, args=(writer, stop), name="writer")
    # Forking a process that has threads is not safe, and a worker may have to be started again at any time.
    multiprocessing.set_start_method("spawn", force=True)
    server = Granian(
        "errtally.exporter.server:create_worker",
        address=config.host,
        port=config.port,
        interface=Interfaces.WSGI,
        workers=config.workers,
        blocking_threads=BLOCKING_THREADS,
        backlog=1024,
        backpressure=MAX_CONNECTIONS,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_READ_MILLISECONDS, max_buffer_size=HEADER_BYTES),
        websockets=False,
        respawn_failed_workers=True,
        factory=True,
        log_level=LogLevels.error,
    )
    server.on_startup(on_ready)
    thread.start()
    try:
        server.serve()
    finally:
        stop.set()
        thread.join()
        lock.close()


def create_worker() -> Callable[[dict[str, Any], StartResponse], Iterable[bytes]]:
    """Build one worker's WSGI application from the environment."""
    config = from_environ(os.environ)
    configure_logging(config.log_format)
    appender = Appender(
        config.data_dir / JOURNAL_DIRECTORY,
        fsync=config.durability == "fsync",
        journal_bytes=config.limits.journal_bytes,
        min_free_bytes=config.limits.min_free_bytes,
    )
    tally = Tally()
    secret = _secret(config.data_dir)
    pipeline = Pipeline(config, appender=appender, scrubber=Scrubber(), tally=tally, user_key=secret)
    heartbeat = config.data_dir / HEARTBEAT_FILE

    def is_up() -> bool:
        try:
            return time.time() - heartbeat.stat().st_mtime < 5 * HEARTBEAT_SECONDS
        except FileNotFoundError:
            return False

    app = create_app(
        config,
        view=StoreView(config.data_dir, Budget(config.series_limits)),
        reader=StoreReader(config.data_dir),
        own=process.registry(is_up, lambda: 0),
        appender=appender,
        access=Access(config, secret),
        is_up=is_up,
    )
    threading.Thread(
        target=_keep_tallying, args=(tally, appender, pipeline.quotas, os.getppid()), name="tally", daemon=True
    ).start()
    watch = SlowConnections(config.port)
    threading.Thread(target=keep_cutting, args=(watch,), name="slow-connections", daemon=True).start()
    atexit.register(_hand_over, tally, appender)
    atexit.register(_share, pipeline.quotas)
    return FastPath(app, pipeline, limits=config.limits, tally=tally)


def _run_writer(writer: Writer, stop: threading.Event) -> None:
    """Run the writer; when it ends by a defect, end the whole exporter, so that its supervisor starts it anew."""
    try:
        writer.run(stop)
    except Exception:  # noqa: BLE001 (whatever it was, it is logged and ends the exporter)
        _log.exception("the writer failed; what was accepted is in the journal and is folded at the next start")
        os.kill(os.getpid(), signal.SIGTERM)


def _keep_tallying(tally: Tally, appender: Appender, quotas: Quotas | None, parent: int) -> None:
    """Hand the tallies on, and end with the supervisor: without its writer nothing would be counted."""
    while True:
        time.sleep(TALLY_SECONDS)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
        _hand_over(tally, appender)
        _share(quotas)


def _hand_over(tally: Tally, appender: Appender) -> None:
    tallies = tally.take()
    if tallies is None:
        return
    try:
        appender.append(encoder.encode(tallies), 0, time.time())
    except JournalError as exc:
        tally.put_back(tallies)
        _log.warning("tallies wait", error=str(exc))


def _share(quotas: Quotas | None) -> None:
    """Tell the other workers what this one let in, and hear it of them."""
    if quotas is None:
        return
    try:
        quotas.share(time.time())
    except OSError as exc:
        _log.warning("quotas are not shared", error=str(exc))


def _allow_connections() -> None:
    """Raise the limit of open files as far as it goes: many systems start programs with 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + 1024
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))


def _lock(path: Path) -> IO[bytes]:
    file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as exc:
        file.close()
        raise ErrtallyError(f"{path.parent}: another exporter uses this directory") from exc
    return file


def _secret(data_dir: Path) -> bytes:
    """Return the installation's key for hashes and forms; made at the first start."""
    path = data_dir / SECRET_FILE
    try:
        return path.read_bytes()
    except FileNotFoundError:
        draft = path.with_suffix(".new")
        draft.write_bytes(secrets.token_bytes(32))
        draft.chmod(0o600)
        draft.rename(path)
        return path.read_bytes()
