"""The thread that empties channels: every few seconds, when a batch is full, on flush and at the process's end."""

from __future__ import annotations

import logging
import queue
import threading
import time
from typing import TYPE_CHECKING, Protocol

from errtally.client import fork
from errtally.client.backoff import Backoff
from errtally.client.complaints import say
from errtally.client.post import Answer, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from errtally.client.channel import Channel

log = logging.getLogger("errtally.client")

_TELL_AGAIN_SECONDS = 60.0
"""Another failure than the one told of is told of after this time."""


class _Ticket:
    """A flush that somebody waits for."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.emptied = False


class Counted(Protocol):
    """Counts that are to be reported even where no item waits."""

    def pending(self) -> bool:
        """Whether there is something to report."""

    def renew(self) -> None:
        """Begin anew, in the child after a fork."""


class Sender:
    """Sends what its channels hold; ``emptied`` of a flush says whether all of it was taken.

    Args:
        channels: served in this order.
        flush_seconds: how long an item waits at most while the server answers.
        fork_seconds: how long a fork waits for the queue to be sent.
        shutdown_seconds: how long the end waits for it, of the process or of a child of multiprocessing.
        counted: what is to be reported even where no item waits.
        report: sends that, and what is due by time alone; returns None when there is nothing to send.
        store: keeps what can't be sent elsewhere (a spool); called with the channels.
        restore: sends what was kept there; returns the answer, None when there is nothing.
        items: what the items are, for people.
    """

    def __init__(
        self,
        channels: Sequence[Channel],
        *,
        flush_seconds: float,
        fork_seconds: float = 0.5,
        shutdown_seconds: float = 5.0,
        counted: Counted | None = None,
        report: Callable[[], Answer | None] | None = None,
        store: Callable[[Sequence[Channel]], None] | None = None,
        restore: Callable[[], Answer | None] | None = None,
        backoff: Backoff | None = None,
        items: str = "events and timings",
    ) -> None:
        self.channels = tuple(channels)
        self._flush_seconds = flush_seconds
        self._fork_seconds = fork_seconds
        self._shutdown_seconds = shutdown_seconds
        self._counted = counted
        self._report = report
        self._store = store
        self._restore = restore
        self._backoff = backoff or Backoff()
        self._items = items
        self._last_failure = ""
        self._told: tuple[str, float] = ("", 0.0)
        self._closing = False
        self._closed = False
        self._renew()
        fork.watch(self)
        if restore is not None:
            # What an earlier process left is not to wait for the first error of this one.
            self._start()

    def _renew(self) -> None:
        # Looked up when it is made, so that gevent's replacement is used when it has been put in place.
        self._calls: queue.SimpleQueue[_Ticket | None] = queue.SimpleQueue()
        self._starting = threading.Lock()
        self._draining = threading.Lock()
        self._thread: threading.Thread | None = None
        self._woken = False
        self._sending_thread = 0
        self._pause = 0.0
        self._not_before = 0.0
        self._backoff.succeeded()

    def notice(self, waiting: int, channel: Channel) -> None:
        """Called after each item put; wakes the thread when a batch is full. Never waits."""
        if self._thread is None:
            self._start()
        if waiting >= channel.batch and not self._woken:
            self._woken = True
            self._calls.put(None)

    def wake(self) -> None:
        """Start the thread, if it does not run yet. Never waits."""
        if self._thread is None:
            self._start()

    def flush(self, timeout_seconds: float) -> bool:
        """Send everything now, and wait for it; False when not all was taken in that time."""
        thread = self._thread
        if thread is threading.current_thread():
            return False  # a callback of the application's flushes while it is being sent for
        if not self._work():
            return True
        if thread is None or not thread.is_alive():
            # No thread can be started while the interpreter shuts down.
            return self._drain()
        ticket = _Ticket()
        self._calls.put(ticket)
        return ticket.done.wait(timeout_seconds) and ticket.emptied

    def close(self) -> bool:
        """Send what waits, keep what can't be sent, and end the thread."""
        if self._closed:
            return True
        self._closing = True
        emptied = self.flush(self._shutdown_seconds)
        self._closed = True
        self._calls.put(None)
        if not emptied and self._store is not None:
            self._store(self.channels)
        lost = sum(len(channel) for channel in self.channels)
        if lost:
            say(f"{lost} {self._items} were not sent before the end: {self._last_failure or 'there was no time'}")
        fork.forget(self)
        return emptied

    def is_sending_here(self) -> bool:
        """Whether the current thread sends now: what it logs meanwhile must not become more to send."""
        return self._sending_thread == threading.get_ident()

    def before_fork(self) -> None:
        """Let the thread finish what it does; a child that replaces its parent (a daemon) would lose it."""
        if self._thread is not None and self._backoff.failures == 0:
            self.flush(self._fork_seconds)

    def after_fork_in_child(self) -> None:
        """Begin anew: the thread did not come along, and what waits is the parent's to send."""
        for channel in self.channels:
            channel.renew()
        if self._counted is not None:
            self._counted.renew()
        self._renew()

    def _work(self) -> bool:
        waiting = any(len(channel) for channel in self.channels)
        return waiting or self._restore is not None or (self._counted is not None and self._counted.pending())

    def _start(self) -> None:
        if self._closed or not self._starting.acquire(blocking=False):
            return
        try:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="errtally-sender", daemon=True)
                thread.start()
                self._thread = thread
        except RuntimeError:
            # The interpreter is shutting down, or the process may have no more threads; close() drains.
            log.debug("no thread to send from", exc_info=True)
        finally:
            self._starting.release()

    def _run(self) -> None:
        pause = self._flush_seconds
        while not self._closed:
            tickets = self._wait(pause)
            self._woken = False
            # Closed in the meantime: what waits has been sent or put into the spool, which a later sender may empty.
            emptied = not self._closed and self._drain()
            pause = self._flush_seconds if emptied else max(self._pause, 0.05)
            for ticket in tickets:
                ticket.emptied = emptied
                ticket.done.set()

    def _wait(self, pause_seconds: float) -> list[_Ticket]:
        """Wait until it is time, or somebody flushes, or a batch is full and the server is well."""
        end = time.monotonic() + pause_seconds
        tickets: list[_Ticket] = []
        while not tickets and not self._closed:
            left = end - time.monotonic()
            if left <= 0:
                break
            try:
                call = self._calls.get(timeout=left)
            except queue.Empty:
                break
            if call is not None:
                tickets.append(call)
            elif self._backoff.failures == 0:
                break
            # Otherwise a full batch waits for the server's sake.
        while True:
            try:
                call = self._calls.get_nowait()
            except queue.Empty:
                return tickets
            if call is not None:
                tickets.append(call)

    def _drain(self) -> bool:
        """Send until the channels are empty or the server does not take it."""
        if time.monotonic() < self._not_before and not self._closing:
            return False  # the server has asked for peace, also from an application that flushes after each request
        with self._draining:
            self._sending_thread = threading.get_ident()
            try:
                return self._send_all()
            except Exception:  # the thread must live on, whatever a callback of the application's did
                log.exception("sending failed")
                self._pause = self._backoff.failed()
                return False
            finally:
                self._sending_thread = 0

    def _send_all(self) -> bool:
        if self._restore is not None:
            while (answer := self._restore()) is not None:
                if not self._accept(answer):
                    return False
        for channel in self.channels:
            while (answer := channel.send()) is not None:
                if not self._accept(answer):
                    return False
        if self._report is not None:
            answer = self._report()
            if answer is not None and not self._accept(answer):
                return False
        return True

    def _accept(self, answer: Answer) -> bool:
        if answer.verdict is Verdict.AGAIN:
            self._pause = self._backoff.failed(answer.retry_after_seconds)
            self._not_before = time.monotonic() + (answer.retry_after_seconds or 0.0)
            self._last_failure = answer.why
            self._tell(answer.why)
            if self._store is not None:
                self._store(self.channels)
            return False
        self._backoff.succeeded()
        self._last_failure = ""
        if answer.verdict is not Verdict.TAKEN:
            self._tell(f"not taken: {answer.why}")
        elif self._told[0]:
            log.info("delivery works again")
            self._told = ("", 0.0)
        return True

    def _tell(self, why: str) -> None:
        """Log a failure once, not with every try: a logger may be what fills the queue."""
        now = time.monotonic()
        if why != self._told[0] and (not self._told[0] or now - self._told[1] > _TELL_AGAIN_SECONDS):
            log.warning("delivery fails: %s", why)
            self._told = (why, now)
