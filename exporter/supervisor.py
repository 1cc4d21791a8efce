"""Keeps the workers alive: starts them, starts them again, renews and stops them, each within a bound."""

from __future__ import annotations

import signal
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from errtally.errors import ErrtallyError
from errtally.exporter.worker_process import Retiring, Worker, start_worker

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence

READY_SECONDS = 60.0
"""A successor that is not ready after this is given up, and its predecessor goes on."""

SETTLED_SECONDS = 10.0
"""A worker that lived so long did not die of its start."""

MAX_DELAY_SECONDS = 30.0
_FIRST_TRIES = 3
"""Workers that may die at their starts before any was ready; what is wrong then is nothing that time mends."""

_LOOK_SECONDS = 0.1
_NEVER = float("inf")

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Place:
    """One listening socket and the worker that takes its connections; None until ``start_at`` when that has died.

    Attributes:
        failures: starts in a row that did not bring a worker that lived.
        successor: has newer settings than the worker, whose place it takes when it is ready.
        renew_at: when the next successor is started; never, when the worker has the newest settings.
    """

    number: int
    listener: socket.socket
    worker: Worker | None = None
    failures: int = 0
    start_at: float = 0.0
    successor: Worker | None = None
    renew_at: float = _NEVER
    renewals_failed: int = 0


class Supervisor:
    """Runs workers on sockets that are bound already.

    Args:
        listeners: the sockets, one for each worker.
        settings: returns what a worker that starts now is handed over.
    """

    def __init__(self, listeners: Sequence[socket.socket], settings: Callable[[], str]) -> None:
        self._places = [_Place(number, listener) for number, listener in enumerate(listeners)]
        self._settings = settings
        self._retiring = Retiring()
        self._was_ready = False
        self._woken = threading.Event()
        self._stopping, self._reloading = threading.Event(), threading.Event()

    def start(self) -> None:
        """Start the workers; they come up while the caller makes what it needs itself."""
        for place in self._places:
            if place.worker is None:
                self._start(place, time.monotonic())

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
            is_renewing = any(place.successor is not None for place in self._places)
            self._woken.wait(_LOOK_SECONDS / 5 if is_renewing else _LOOK_SECONDS)
            self._woken.clear()
            if self._stopping.is_set():
                break
            if self._reloading.is_set():
                self._reloading.clear()
                if on_reload():
                    self._renew(time.monotonic())
            now = time.monotonic()
            self._retiring.look(now)
            for place in self._places:
                self._look_after(place, now)
            self._look_after_renewals(now)
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

    def _new(self, place: _Place) -> Worker:
        """A process with the newest settings.

        Raises:
            OSError: the system has none to give now.
        """
        return start_worker(place.listener.fileno(), self._settings())

    def _start(self, place: _Place, now: float) -> None:
        """Start the worker of a place; when that can't be done, it is tried again a bit later each time."""
        try:
            place.worker, place.renew_at = self._new(place), _NEVER
        except OSError as exc:
            number, delay = place.number + 1, _delay(place.failures)
            _log.error("a worker can't be started now", worker=number, reason=str(exc), next_start_seconds=delay)
            self._has_failed(place, now)

    def _has_failed(self, place: _Place, now: float) -> None:
        """Note that a start brought no worker that lives.

        Raises:
            ErrtallyError: none of so many was ever ready.
        """
        place.start_at = now + _delay(place.failures)
        place.failures += 1
        if not self._was_ready and place.failures >= _FIRST_TRIES:
            raise ErrtallyError("no worker comes up: the log says why")

    def _look_after(self, place: _Place, now: float) -> None:
        """Start a worker anew when it has died; each time that it dies young, a bit later."""
        worker = place.worker
        if worker is None:
            if now >= place.start_at:
                self._start(place, now)
            return
        self._was_ready |= worker.look()
        if worker.is_alive():
            return
        if now - worker.born >= SETTLED_SECONDS:
            place.failures = 0
        worker.bury()
        _log.error(
            "a worker died",
            worker=place.number + 1,
            status=_status(worker.process.returncode),
            next_start_seconds=0.0 if place.successor is not None else _delay(place.failures),
        )
        place.worker, place.successor = place.successor, None
        if place.worker is None:
            self._has_failed(place, now)
        else:
            place.renew_at = _NEVER

    def _renew(self, now: float) -> None:
        """Have every worker replaced by one with the newest settings."""
        for place in self._places:
            if place.successor is not None:  # of a reload before this one
                self._retiring.add(place.successor, now)
                place.successor = None
            place.renew_at, place.renewals_failed = now, 0

    def _look_after_renewals(self, now: float) -> None:
        """Start one successor after the other; a worker stops when its own is ready, so that no connection waits."""
        for place in self._places:
            if place.successor is not None:
                self._look_at_successor(place, place.successor, now)
                return
        for place in self._places:
            if now >= place.renew_at and place.worker is not None:
                try:
                    place.successor = self._new(place)
                except OSError as exc:
                    self._try_later(place, now, str(exc))
                return

    def _look_at_successor(self, place: _Place, successor: Worker, now: float) -> None:
        if successor.look():
            if place.worker is not None:
                self._retiring.add(place.worker, now)
            place.worker, place.successor, place.failures, place.renew_at = successor, None, 0, _NEVER
        elif not successor.is_alive() or now - successor.born >= READY_SECONDS:
            code = successor.process.poll()
            place.successor = None
            self._retiring.add(successor, now)
            late = f"it is not ready after {READY_SECONDS:.0f} s"
            self._try_later(place, now, late if code is None else f"it died with {_status(code)}")

    @staticmethod
    def _try_later(place: _Place, now: float, reason: str) -> None:
        """Let the worker go on with the settings that it has."""
        delay = _delay(place.renewals_failed + 1)
        place.renewals_failed += 1
        place.renew_at = now + delay
        _log.error(
            "a worker's successor does not come up: the worker goes on with the settings from before",
            worker=place.number + 1,
            reason=reason,
            next_try_seconds=delay,
        )

    def end(self) -> None:
        """Stop all workers; returns at the latest when the time of the last one is over."""
        now = time.monotonic()
        for place in self._places:
            for worker in (place.worker, place.successor):
                if worker is not None:
                    self._retiring.add(worker, now)
            place.worker = place.successor = None
        self._retiring.look(now)
        while self._retiring.workers:
            time.sleep(_LOOK_SECONDS / 10)
            self._retiring.look(time.monotonic())


def _delay(failures: int) -> float:
    """Seconds until the next start: none after the first failure, then twice as long each time."""
    return min(2.0 ** (failures - 1), MAX_DELAY_SECONDS) if failures else 0.0


def _status(code: int | None) -> str:
    """Say how a process ended."""
    if code is None or code >= 0:
        return str(code)
    return signal.Signals(-code).name
