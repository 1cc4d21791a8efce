"""Keeps the workers alive: starts them, starts them again, renews and stops them, each within a bound.

granian brings the worker and its options. Its own supervisor is not used: it ends everything when one worker dies
twice, refuses connections while it renews workers, and waits for a frozen one without end.
"""

from __future__ import annotations

import multiprocessing
import signal
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from granian._granian import SocketHolder
from granian.server.mp import MPServer

from errtally.errors import ErrtallyError
from errtally.exporter import worker_start

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

STOP_SECONDS = 3.0
"""A worker that has not ended so long after it was told to is killed."""

READY_SECONDS = 60.0
"""A successor that is not ready after this is given up, and its predecessor goes on."""

SETTLED_SECONDS = 10.0
"""A worker that lived so long did not die of its start."""

MAX_DELAY_SECONDS = 30.0
_FIRST_TRIES = 3
"""Workers that may die at their starts before any was ready; what is wrong then is nothing that time mends."""

_LOOK_SECONDS = 0.1

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Worker:
    """One process, and what it says through its pipe when it is ready."""

    process: BaseProcess
    told: Connection
    born: float
    is_ready: bool = False
    kill_at: float = float("inf")

    def look(self) -> bool:
        """Whether it has said that it is ready."""
        if not self.is_ready and self.told.poll():
            try:
                self.is_ready = bool(self.told.recv_bytes())
            except EOFError:  # it died before it could say so
                return False
        return self.is_ready


@dataclass(slots=True)
class _Place:
    """One listening socket and the worker that takes its connections; None until ``start_at`` when that has died."""

    number: int
    listener: socket.socket
    worker: _Worker | None = None
    deaths: int = 0
    start_at: float = 0.0


@dataclass(slots=True)
class _Inherited:
    """A listening socket that a worker inherits: becomes granian's own type in the worker."""

    listener: socket.socket
    backlog: int

    def __reduce__(self) -> tuple[Any, ...]:
        return SocketHolder, (self.listener.fileno(), False, self.backlog)


@dataclass(slots=True)
class _Retiring:
    """Workers that were told to end."""

    workers: list[_Worker] = field(default_factory=list)

    def add(self, worker: _Worker, now: float) -> None:
        """Tell a worker to end."""
        worker.kill_at = now + STOP_SECONDS
        worker.process.terminate()
        self.workers.append(worker)

    def look(self, now: float) -> None:
        """Kill those whose time is over, and forget those that have ended."""
        for worker in self.workers:
            if now >= worker.kill_at and worker.process.is_alive():
                _log.warning("a worker did not end when it was told to, and is killed", pid=worker.process.pid)
                worker.process.kill()
                worker.kill_at = float("inf")
        ended = [worker for worker in self.workers if not worker.process.is_alive()]
        for worker in ended:
            _bury(worker)
        self.workers = [worker for worker in self.workers if worker not in ended]


class Supervisor(MPServer):  # type: ignore[misc]  # its types are not followed
    """Runs workers on sockets that are bound already.

    Args:
        listeners: the sockets, one for each worker.
        settings: returns what a worker that starts now is handed over.
        options: as granian's server takes them.
    """

    def __init__(self, listeners: Sequence[socket.socket], settings: Callable[[], str], **options: object) -> None:
        super().__init__("errtally.exporter.worker_start:start", workers=len(listeners), **options)
        self._places = [_Place(number, listener) for number, listener in enumerate(listeners)]
        self._settings = settings
        self._retiring = _Retiring()
        self._spawn_target: object = None
        self._was_ready = False
        self.reload_signal: bool = False

    def _init_shared_socket(self) -> None:
        """Bind nothing: the sockets are there."""
        self._ssp = None

    def _drop_shared_socket(self) -> None:
        """Stop taking connections when all workers are told to stop; those that wait are told so by the kernel."""
        for place in self._places:
            place.listener.close()

    def _spawn_workers(self, spawn_target: object, target_loader: object) -> None:  # noqa: ARG002 (granian's signature)
        self._spawn_target = spawn_target
        for place in self._places:
            place.worker = self._start(place)

    def _start(self, place: _Place) -> _Worker:
        told, telling = multiprocessing.Pipe(duplex=False)
        self._shd, self._sso = _Inherited(place.listener, self.backlog), place.listener
        loader = partial(worker_start.start, self._settings(), telling)
        process = self._spawn_worker(place.number, self._spawn_target, loader).inner
        process.start()
        telling.close()
        return _Worker(process, told, time.monotonic())

    def _serve_loop(self, spawn_target: object, target_loader: object) -> None:  # noqa: ARG002 (granian's signature)
        """Look after the workers until a signal says stop."""
        while not self.interrupt_signal:
            self.main_loop_interrupt.wait(_LOOK_SECONDS)
            self.main_loop_interrupt.clear()
            if self.interrupt_signal:
                return
            if self.reload_signal:
                self.reload_signal = False
                self._call_hooks(self.hooks_reload)
                self._renew()
            now = time.monotonic()
            self._retiring.look(now)
            for place in self._places:
                self._look_after(place, now)

    def _look_after(self, place: _Place, now: float) -> None:
        """Start a worker anew when it has died; each time that it dies young, a bit later."""
        worker = place.worker
        if worker is None:
            if now >= place.start_at:
                place.worker = self._start(place)
            return
        self._was_ready |= worker.look()
        if worker.process.is_alive():
            return
        if now - worker.born >= SETTLED_SECONDS:
            place.deaths = 0
        delay = min(2.0 ** (place.deaths - 1), MAX_DELAY_SECONDS) if place.deaths else 0.0
        place.deaths += 1
        place.worker, place.start_at = None, now + delay
        code = worker.process.exitcode
        _bury(worker)
        _log.error("a worker died", worker=place.number + 1, status=_status(code), next_start_seconds=delay)
        if not self._was_ready and place.deaths >= _FIRST_TRIES:
            raise ErrtallyError("no worker comes up: the log says why")

    def _renew(self) -> None:
        """Start a successor of each worker, and stop that when the successor is ready, so that no connection waits."""
        for place in self._places:
            successor = self._start(place)
            deadline = successor.born + READY_SECONDS
            while not successor.look() and successor.process.is_alive() and time.monotonic() < deadline:
                if self.interrupt_signal:
                    break
                self.main_loop_interrupt.wait(_LOOK_SECONDS / 5)
                self.main_loop_interrupt.clear()
            if not successor.is_ready:
                self._retiring.add(successor, time.monotonic())
                if self.interrupt_signal:
                    return
                _log.error("a worker's successor does not come up: the worker goes on", worker=place.number + 1)
                continue
            if place.worker is not None:
                self._retiring.add(place.worker, time.monotonic())
            place.worker, place.deaths = successor, 0

    def end(self) -> None:
        """Stop what still runs; for when serving ended by an error."""
        self._stop_workers()

    def _stop_workers(self) -> None:
        """Stop all workers; returns at the latest when the time of the last one is over."""
        now = time.monotonic()
        for place in self._places:
            if place.worker is not None:
                self._retiring.add(place.worker, now)
                place.worker = None
        self._retiring.look(now)
        while self._retiring.workers:
            time.sleep(_LOOK_SECONDS / 10)
            self._retiring.look(time.monotonic())


def _bury(worker: _Worker) -> None:
    worker.told.close()
    worker.process.close()


def _status(code: int | None) -> str:
    """Say how a process ended."""
    if code is None or code >= 0:
        return str(code)
    return signal.Signals(-code).name
