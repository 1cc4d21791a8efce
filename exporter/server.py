"""The processes: this one supervises and runs the writer, the workers take requests."""

from __future__ import annotations

import os
import resource
import signal
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from errtally.errors import ConfigError, ErrtallyError, StoreError
from errtally.exporter import garbage_collection
from errtally.exporter.config import from_environ, to_json
from errtally.exporter.installation import configure_logging, locked, open_directory, secret
from errtally.exporter.listening import listen
from errtally.exporter.supervisor import Supervisor

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from errtally.exporter.config import ExporterConfig
    from errtally.exporter.replicas.replica import Replica
    from errtally.exporter.writer import Writer

BACKLOG = 1024

MAX_CONNECTIONS = 4096
"""As `front.front.MAX_CONNECTIONS`, which the supervisor does not import: it needs no event loop."""

OTHER_FILES = 1024

WRITER_STOP_SECONDS = 1.5
"""How long the end waits for the writer, when the workers have ended; what is not folded then waits in the journal."""

ALLOCATOR = {"MALLOC_ARENA_MAX": "4", "MALLOC_MMAP_THRESHOLD_": "131072", "MALLOC_TRIM_THRESHOLD_": "1048576"}
"""For glibc in the workers: what a large body took goes back to the system, and threads share arenas."""

_OWN_FILES = 0o077
"""The mask under which all files are made: nobody else reads what clients sent."""

_FIXED = ("host", "port", "data_dir", "database", "workers", "durability")
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
    os.umask(_OWN_FILES)
    try:
        open_directory(config.data_dir)
        lock = locked(config.data_dir)
        if not config.database:
            secret(config.data_dir)
    except OSError as exc:
        raise ErrtallyError(f"{config.data_dir}: can't be used: {exc}") from exc
    with lock:
        _allow_connections()
        for name, value in ALLOCATOR.items():
            os.environ.setdefault(name, value)
        listeners = listen(config.host, config.port, config.workers, backlog=BACKLOG)
        try:
            _run(config, listeners, on_ready)
        finally:
            for listener in listeners:
                listener.close()


def _run(config: ExporterConfig, listeners: list[socket.socket], on_ready: Callable[[], None]) -> None:
    """Run writer and workers until told to stop.

    Raises:
        ErrtallyError: the writer failed, or no worker comes up: both end with a status that says so.
    """
    running = _Running(config)
    server = Supervisor(listeners, running.to_json)
    if not config.database:
        server.start()  # they come up while the store is loaded
    try:
        # What this asks of a database workers have to know: the key that all exporters on it share.
        running.load()
        garbage_collection.freeze()
    except OSError as exc:
        server.end()
        raise ErrtallyError(f"{config.data_dir}: can't be used: {exc}") from exc
    except BaseException:
        server.end()
        raise
    # A daemon: when the disk does not answer, no more is waited for it at the end than `WRITER_STOP_SECONDS`.
    thread = threading.Thread(target=running.write, name="writer", daemon=True)
    thread.start()
    try:
        server.serve(on_ready=on_ready, on_reload=running.reload)
    finally:
        server.end()
        running.stop.set()
        thread.join(WRITER_STOP_SECONDS)
    if running.failed:
        raise ErrtallyError("the writer failed: the log says why; what was accepted is folded at the next start")
    if thread.is_alive():
        _log.warning("the writer is not done; what was accepted is in the journal and is folded at the next start")


class _Running:
    """One exporter's writer and the settings that it runs by.

    Attributes:
        stop: tells the writer to end.
        failed: whether the writer ended by a defect.
    """

    def __init__(self, config: ExporterConfig) -> None:
        self._started = self._config = config
        self._writer: Writer | Replica | None = None
        self.stop = threading.Event()
        self.failed = False

    def load(self) -> None:
        """Load the store.

        Raises:
            ErrtallyError: it can't be read.
        """
        # Not before the workers are started, which then come up at the same time.
        if self._config.database:
            from errtally.exporter.replicas.replica import Replica  # noqa: PLC0415

            self._writer = Replica(self._config)
        else:
            from errtally.exporter.writer import Writer  # noqa: PLC0415

            self._writer = Writer(self._config)

    def to_json(self) -> str:
        """What a worker that starts now is told."""
        return to_json(self._config)

    def reload(self) -> bool:
        """Take a changed configuration up, for the writer and the workers started next.

        Returns:
            Whether it was; a wrong one changes nothing.
        """
        try:
            config = from_environ(os.environ)
        except ConfigError as exc:
            _log.error("configuration not reloaded: it is wrong", problems=exc.problems)
            return False
        for name in _FIXED:
            if getattr(config, name) != getattr(self._started, name):
                _log.warning("this setting takes a restart", setting=name)
        self._config = replace(config, **{name: getattr(self._started, name) for name in _FIXED})
        assert self._writer is not None
        self._writer.configure(self._config)
        _log.info("configuration reloaded")
        return True

    def write(self) -> None:
        """Run the writer; when it ends by a defect, end the whole exporter, so that its supervisor starts it anew."""
        assert self._writer is not None
        try:
            self._writer.run(self.stop)
        except StoreError as exc:  # only when it is told to stop; until then it tries again
            _log.warning(
                "the store failed at the end; what is in the journal is folded at the next start", error=str(exc)
            )
        except Exception:  # noqa: BLE001 (whatever it was, it is logged and ends the exporter)
            _log.exception("the writer failed; what was accepted is in the journal and is folded at the next start")
            self.failed = True
            os.kill(os.getpid(), signal.SIGTERM)


def _allow_connections() -> None:
    """Raise the limit of open files as far as it goes: many systems start programs with 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + OTHER_FILES
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
    if hard != resource.RLIM_INFINITY and hard < wanted:
        _log.warning("few file descriptors: clients beyond them wait", limit=hard, wanted=wanted)
