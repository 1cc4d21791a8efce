"""Keeps the workers alive: starts them, starts them again, renews and stops them, each within a bound."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from errtally.errors import ErrtallyError

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence

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
    """One process, and the pipe through which it says that it is ready."""

    process: subprocess.Popen[bytes]
    told: int
    born: float
    is_ready: bool = False
    kill_at: float = float("inf")

    def is_alive(self) -> bool:
        """Whether the process still runs."""
        return self.process.poll() is None

    def look(self) -> bool:
        """Whether it has said that it is ready."""
        if not self.is_ready and self.told >= 0 and select.select([self.told], [], [], 0)[0]:
            self.is_ready = bool(os.read(self.told, 1))  # b"" when it died before it could say so
            self._hang_up()
        return self.is_ready

    def bury(self) -> None:
        """Free what belonged to a process that has ended."""
        self._hang_up()
        if self.process.stdin is not None:
            # One that died before it took its settings leaves them unwritten, and closing tries once more.
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()

    def _hang_up(self) -> None:
        if self.told >= 0:
            os.close(self.told)
            self.told = -1


@dataclass(slots=True)
class _Place:
    """One listening socket and the worker that takes its connections; None until ``start_at`` when that has died."""

    number: int
    listener: socket.socket
    worker: _Worker | None = None
    deaths: int = 0
    start_at: float = 0.0


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
            if now >= worker.kill_at and worker.is_alive():
                _log.warning("a worker did not end when it was told to, and is killed", pid=worker.process.pid)
                worker.process.kill()
                worker.kill_at = float("inf")
        ended = [worker for worker in self.workers if not worker.is_alive()]
        for worker in ended:
            worker.bury()
        self.workers = [worker for worker in self.workers if worker not in ended]


class Supervisor:
    """Runs workers on sockets that are bound already.

    Args:
        listeners: the sockets, one for each worker.
        settings: returns what a worker that starts now is handed over.
    """

    def __init__(self, listeners: Sequence[socket.socket], settings: Callable[[], str]) -> None:
        self._places = [_Place(number, listener) for number, listener in enumerate(listeners)]
        self._settings = settings
        self._retiring = _Retiring()
        self._was_ready = False
        self._woken = threading.Event()
        self._stopping, self._reloading = threading.Event(), threading.Event()

    def start(self) -> None:
        """Start the workers; they come up while the caller makes what it needs itself."""
        for place in self._places:
            if place.worker is None:
                place.worker = self._start(place)

    def serve(self, *, on_ready: Callable[[], None], on_reload: Callable[[], bool]) -> None:
        """Look after the workers until SIGTERM or SIGINT says stop, and stop them.

        Args:
            on_ready: called when the workers are started; connections wait for them in their sockets.
            on_reload: called at SIGHUP; when it returns true, each worker is replaced by a new one.

        Raises:
            ErrtallyError: no worker comes up.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop_soon())
        signal.signal(signal.SIGHUP, lambda *_: self._reload_soon())
        self.start()
        on_ready()
        while not self._stopping.is_set():
            self._woken.wait(_LOOK_SECONDS)
            self._woken.clear()
            if self._stopping.is_set():
                break
            if self._reloading.is_set():
                self._reloading.clear()
                if on_reload():
                    self._renew()
            now = time.monotonic()
            self._retiring.look(now)
            for place in self._places:
                self._look_after(place, now)
        # Nobody takes connections any more; those that wait are told so by the kernel.
        for place in self._places:
            place.listener.close()
        self.end()

    def _stop_soon(self) -> None:
        self._stopping.set()
        self._woken.set()

    def _reload_soon(self) -> None:
        self._reloading.set()
        self._woken.set()

    def _start(self, place: _Place) -> _Worker:
        told, telling = os.pipe()
        listener = place.listener.fileno()
        # The worker reads its settings from standard input, which others can't, and its end tells that this is gone.
        process = subprocess.Popen(  # noqa: S603 (the interpreter that runs this)
            [sys.executable, "-m", "errtally.exporter.worker_start", str(listener), str(telling)],
            stdin=subprocess.PIPE,
            pass_fds=(listener, telling),
        )
        os.close(telling)
        worker = _Worker(process, told, time.monotonic())
        assert process.stdin is not None
        try:
            process.stdin.write(self._settings().encode() + b"\n")
            process.stdin.flush()
        except BrokenPipeError:  # it is dead already, which is noticed at the next look
            _log.warning("a worker did not take its settings", worker=place.number + 1)
        return worker

    def _look_after(self, place: _Place, now: float) -> None:
        """Start a worker anew when it has died; each time that it dies young, a bit later."""
        worker = place.worker
        if worker is None:
            if now >= place.start_at:
                place.worker = self._start(place)
            return
        self._was_ready |= worker.look()
        if worker.is_alive():
            return
        if now - worker.born >= SETTLED_SECONDS:
            place.deaths = 0
        delay = min(2.0 ** (place.deaths - 1), MAX_DELAY_SECONDS) if place.deaths else 0.0
        place.deaths += 1
        place.worker, place.start_at = None, now + delay
        code = worker.process.returncode
        worker.bury()
        _log.error("a worker died", worker=place.number + 1, status=_status(code), next_start_seconds=delay)
        if not self._was_ready and place.deaths >= _FIRST_TRIES:
            raise ErrtallyError("no worker comes up: the log says why")

    def _renew(self) -> None:
        """Start a successor of each worker, and stop that when the successor is ready, so that no connection waits."""
        for place in self._places:
            successor = self._start(place)
            deadline = successor.born + READY_SECONDS
            while not successor.look() and successor.is_alive() and time.monotonic() < deadline:
                if self._stopping.is_set():
                    break
                self._woken.wait(_LOOK_SECONDS / 5)
                self._woken.clear()
            if not successor.is_ready:
                self._retiring.add(successor, time.monotonic())
                if self._stopping.is_set():
                    return
                _log.error("a worker's successor does not come up: the worker goes on", worker=place.number + 1)
                continue
            if place.worker is not None:
                self._retiring.add(place.worker, time.monotonic())
            place.worker, place.deaths = successor, 0

    def end(self) -> None:
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


def _status(code: int | None) -> str:
    """Say how a process ended."""
    if code is None or code >= 0:
        return str(code)
    return signal.Signals(-code).name
