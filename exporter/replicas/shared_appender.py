"""The journal of exporters without a disk of their own: a record is taken when PostgreSQL has committed it.

Requests wait in threads; one thread commits all that wait, in one transaction, and then those that came meanwhile.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import structlog

from errtally.errors import JournalError, JournalFullError, StoreError
from errtally.exporter.journal import frame
from errtally.exporter.replicas.committing import Committing
from errtally.exporter.replicas.shipper import ROW_BYTES
from errtally.exporter.store.connection import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from errtally.exporter.store.postgres.database import PostgresDatabase

WAIT_SECONDS: Final = 10.0
"""How long a request waits for its commit; then it is refused, and its client sends it again."""

RETRY_SECONDS: Final = 0.5
"""How often a database that is away is tried again, and how often it is looked whether one that was full has room."""

MEASURE_SECONDS: Final = 2.0
"""How often it is looked how much waits in the database."""

GROUP_BYTES: Final = 8 * 1024 * 1024
"""What one transaction appends at most, unless a single request has more."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class _Ticket:
    """What one request has to append, and what became of it."""

    content: bytes
    events: int
    received: float
    done: threading.Event = field(default_factory=threading.Event)
    error: JournalError | None = None
    is_abandoned: bool = False


class SharedAppender:
    """Appends to the journal of all exporters; as `Appender`, for threads that may wait.

    Args:
        database: where it is.
        journal_bytes: what may wait there, of all exporters together, beyond which nothing more is taken.
    """

    def __init__(self, database: PostgresDatabase, journal_bytes: int) -> None:
        self._name = database.name
        self._journal_bytes = journal_bytes
        self._committing = Committing(database)
        self._lock = threading.Lock()
        self._work = threading.Event()
        self._tickets: deque[_Ticket] = deque()
        self._full: JournalFullError | None = None
        self._problem = ""
        self._measured_at = float("-inf")
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="commit", daemon=True)
        self._thread.start()

    def append(self, payload: bytes, events: int, received: float, *, until_known: bool = False) -> None:
        """Append one record, as `Appending.append`; when this returns, the database has committed it."""
        self.append_all([(payload, events)], received, until_known=until_known)

    def append_all(self, payloads: Sequence[tuple[bytes, int]], received: float, *, until_known: bool = False) -> None:
        """Append several records, as `Appending.append_all`."""
        content = b"".join([frame.encode(payload, events, received) for payload, events in payloads])
        ticket = _Ticket(content, sum(events for _, events in payloads), received)
        with self._lock:
            if self._full is not None:
                raise self._full
            if self._problem or self._is_closed:
                raise JournalError(self._problem or "the exporter ends")
            self._tickets.append(ticket)
        self._work.set()
        if not ticket.done.wait(None if until_known else WAIT_SECONDS):
            with self._lock:
                ticket.is_abandoned = not ticket.done.is_set()
            if ticket.is_abandoned:
                raise JournalError(f"{self._name} has not committed within {WAIT_SECONDS:g} s")
        if ticket.error is not None:
            raise ticket.error

    def refusal(self) -> JournalFullError | None:
        """Why nothing is taken at the moment, None when records are."""
        return self._full

    def problem(self) -> str | None:
        """Say why records can't be kept, None while they can."""
        return self._problem or None

    def look(self) -> None:
        """See whether records can be kept: the thread that commits does, while they can't.

        Raises:
            JournalError: they can't.
        """
        if self._problem:
            raise JournalError(self._problem)

    def close(self) -> None:
        """Commit what waits, and end."""
        with self._lock:
            self._is_closed = True
        self._work.set()
        self._thread.join()
        self._committing.close()

    def _run(self) -> None:
        while True:
            self._work.wait(RETRY_SECONDS)
            self._work.clear()
            while group := self._next_group():
                self._commit(group)
            self._measure()
            if self._is_closed and not self._tickets:
                return

    def _next_group(self) -> list[_Ticket]:
        """Take what waits and goes into one transaction."""
        group, size = list[_Ticket](), 0
        with self._lock:
            while self._tickets and (not group or size + len(self._tickets[0].content) <= GROUP_BYTES):
                ticket = self._tickets.popleft()
                if not ticket.is_abandoned:
                    group.append(ticket)
                    size += len(ticket.content)
        return group

    def _commit(self, group: list[_Ticket]) -> None:
        """Append a group; when this returns, it is known for each of it whether it was appended."""
        while group:
            try:
                self._committing.append(_rows(group))
            except StoreError as exc:
                self._failed(str(exc))
                self._answer(group, str(exc))
                return
            except DatabaseError as exc:
                self._failed(f"{self._name}: {exc}")
                if self._find_out():
                    break
                # It never will be: those that still wait for it try once more.
                with self._lock:
                    group = [one for one in group if not one.is_abandoned]
            else:
                self._worked()
                break
        self._answer(group, "")

    def _find_out(self) -> bool:
        """Wait until it is known whether the last group was appended."""
        while True:
            try:
                was_appended = self._committing.was_appended()
            except StoreError as exc:
                self._failed(str(exc))
                time.sleep(RETRY_SECONDS)
            else:
                self._worked()
                return was_appended

    def _answer(self, group: Iterable[_Ticket], error: str) -> None:
        with self._lock:
            for one in group:
                one.error = JournalError(error) if error else None
                one.done.set()

    def _measure(self) -> None:
        """See whether the database is there, and has room."""
        if not self._problem and time.monotonic() - self._measured_at < MEASURE_SECONDS:
            return
        try:
            waiting = self._committing.waiting()
        except StoreError as exc:
            self._failed(str(exc))
            return
        self._measured_at = time.monotonic()
        self._worked()
        with self._lock:
            self._full = None
            if waiting.size >= self._journal_bytes:
                self._full = JournalFullError(
                    "backlog",
                    f"{waiting.events:,} events of all exporters wait in {self._name} in {waiting.size:,} bytes, and "
                    f"`limits.journal_bytes` is {self._journal_bytes:,}",
                )

    def _failed(self, problem: str) -> None:
        """Refuse at once what comes from now on, and whoever waits and was not sent."""
        with self._lock:
            if not self._problem:
                _log.error("nothing is taken: the database does not commit", error=problem)
            self._problem = problem
            waiting, self._tickets = self._tickets, deque()
        self._answer(waiting, problem)

    def _worked(self) -> None:
        if self._problem:
            _log.info("the database commits again")
            self._problem = ""


def _rows(group: Sequence[_Ticket]) -> list[tuple[int, float, bytes]]:
    """Put what tickets hold into rows of the journal; none is cut in two."""
    rows: list[tuple[int, float, bytes]] = []
    parts, size, events, oldest = list[bytes](), 0, 0, float("inf")
    for one in group:
        if parts and size + len(one.content) > ROW_BYTES:
            rows.append((events, oldest, b"".join(parts)))
            parts, size, events, oldest = [], 0, 0, float("inf")
        parts.append(one.content)
        size += len(one.content)
        events += one.events
        oldest = min(oldest, one.received)
    rows.append((events, oldest, b"".join(parts)))
    return rows
