"""The processes: this one supervises and runs the writer, granian's workers take requests."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import resource
import signal
import threading
from dataclasses import replace
from typing import IO, TYPE_CHECKING

import structlog
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import Server as Granian

from errtally.errors import ConfigError, ErrtallyError
from errtally.exporter import collector
from errtally.exporter.config import from_environ, hand_over
from errtally.exporter.installation import SETTINGS_VARIABLE, configure_logging, secret
from errtally.exporter.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from errtally.exporter.config import ExporterConfig

BLOCKING_THREADS = 512
"""Threads are made when they are needed; most of them would wait for a slow client's body. See `slow_connections`."""

MAX_CONNECTIONS = 4096
"""Connections of one worker, most of them idle; granian accepts no further ones meanwhile."""

HEADER_READ_MILLISECONDS = 10_000
HEADER_BYTES = 64 * 1024

ALLOCATOR = {"MALLOC_ARENA_MAX": "4", "MALLOC_MMAP_THRESHOLD_": "131072", "MALLOC_TRIM_THRESHOLD_": "1048576"}
"""For glibc in the workers: what a large body took goes back to the system, and hundreds of threads share arenas."""

LOCK_FILE = "errtally.lock"
_FIXED = ("host", "port", "data_dir", "workers", "durability")
"""Settings that a reload does not change."""

_log = structlog.get_logger(__name__)


def serve(config: ExporterConfig, *, on_ready: Callable[[], None]) -> None:
    """Run the exporter until it is told to stop; what was accepted is folded before this returns.

    Args:
        config: the settings; a reload (SIGHUP) builds them anew from the environment and the file that it names.
        on_ready: called when the port is bound.

    Raises:
        ErrtallyError: the data directory is in use or can't be written, or the port is taken.
    """
    configure_logging(config.log_format)
    try:
        config.data_dir.mkdir(parents=True, exist_ok=True)
        lock = _lock(config.data_dir / LOCK_FILE)
        secret(config.data_dir)
    except OSError as exc:
        raise ErrtallyError(f"{config.data_dir}: can't be used: {exc}") from exc
    _allow_connections()
    for name, value in ALLOCATOR.items():
        os.environ.setdefault(name, value)
    writer, stop = Writer(config), threading.Event()
    collector.spare()
    thread = threading.Thread(target=_run_writer, args=(writer, stop), name="writer")
    # Forking a process that has threads is not safe, and a worker may have to be started again at any time.
    multiprocessing.set_start_method("spawn", force=True)
    server = Granian(
        "errtally.exporter.worker:create_worker",
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
    os.environ[SETTINGS_VARIABLE] = hand_over(config)
    server.on_startup(on_ready)
    server.on_reload(lambda: _reload(config, writer))
    thread.start()
    try:
        server.serve()
    finally:
        stop.set()
        thread.join()
        lock.close()


def _reload(running: ExporterConfig, writer: Writer) -> None:
    """Take a changed configuration up, for the writer and the workers started next; a wrong one changes nothing."""
    try:
        config = from_environ(os.environ)
    except ConfigError as exc:
        _log.error("configuration not reloaded: it is wrong", problems=exc.problems)
        return
    for name in _FIXED:
        if getattr(config, name) != getattr(running, name):
            _log.warning("this setting takes a restart", setting=name)
    config = replace(config, **{name: getattr(running, name) for name in _FIXED})
    os.environ[SETTINGS_VARIABLE] = hand_over(config)
    writer.configure(config)
    _log.info("configuration reloaded")


def _run_writer(writer: Writer, stop: threading.Event) -> None:
    """Run the writer; when it ends by a defect, end the whole exporter, so that its supervisor starts it anew."""
    try:
        writer.run(stop)
    except Exception:  # noqa: BLE001 (whatever it was, it is logged and ends the exporter)
        _log.exception("the writer failed; what was accepted is in the journal and is folded at the next start")
        os.kill(os.getpid(), signal.SIGTERM)


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
