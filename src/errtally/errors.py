"""The exceptions of errtally, in one tree.

ErrtallyError
  ConfigError            the configuration does not say what it should; lists every place
  RejectedError          an ingest request can't be taken, with the status to answer
    MalformedError       400: broken framing, syntax or shape
    UnauthorizedError    401 and 403: no key, or one that is not known
    NotServedError       404, 405, 501: nothing is served there
    TooLargeError        413: a limit of size or count
    OverloadedError      429 and 503: try again later
  JournalError           the journal can't be written or read
    JournalFullError     the journal or its disk has no room for now
  StoreError             the store can't be read or written
    StoreLostError       it is out of reach, or somebody else writes it by now
  SymbolError            an uploaded file can't be used to read a stack trace
  ScheduleError          a scheduled job's schedule names no times
  CircuitOpenError       a circuit breaker lets no call through now
  CallTimeoutError       a protected call took longer than allowed
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class ErrtallyError(Exception):
    """Everything that errtally raises on purpose."""


class ConfigError(ErrtallyError):
    """The configuration is wrong; ``problems`` has one line for each place."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class RejectedError(ErrtallyError):
    """An ingest request can't be taken.

    Attributes:
        reason: short stable word, the value of the label ``reason`` of the rejection counter.
        status: HTTP status to answer.
    """

    status = 400

    def __init__(self, reason: str, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        if status is not None:
            self.status = status


class MalformedError(RejectedError):
    """The body is not what its protocol says; the message names the place."""


class UnauthorizedError(RejectedError):
    """No usable key came with the request (401), or the key is not known (403)."""

    status = 401


class NotServedError(RejectedError):
    """The route exists in the protocol but is not served here (404, 405, 501)."""

    status = 404


class TooLargeError(RejectedError):
    """The request is over a limit of size or count."""

    status = 413


@dataclass(frozen=True, slots=True)
class Limited:
    """What a client should not send for now.

    Attributes:
        category: one of ``names.CATEGORIES``; "" stands for everything.
        seconds: for how long.
        reason: short stable word.
    """

    category: str
    seconds: int
    reason: str


class OverloadedError(RejectedError):
    """The exporter can't take more now.

    Attributes:
        retry_after_seconds: when to come back.
        limits: what is not taken until when, for protocols that can say so.
    """

    status = 429

    def __init__(
        self,
        reason: str,
        message: str,
        *,
        status: int | None = None,
        retry_after_seconds: int = 60,
        limits: tuple[Limited, ...] = (),
    ) -> None:
        super().__init__(reason, message, status=status)
        self.limits = limits
        self.retry_after_seconds = max((limit.seconds for limit in limits), default=retry_after_seconds)


class JournalError(ErrtallyError):
    """The journal can't be written or read."""


class JournalFullError(JournalError):
    """The journal takes nothing more for now; ``reason`` is ``backlog``, ``disk_floor`` or ``disk_full``."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class StoreError(ErrtallyError):
    """The store can't be read or written."""


class StoreVersionError(StoreError):
    """The store was made by another version of errtally, and this one can't use it."""


class StoreLostError(StoreError):
    """The store is out of reach, or somebody else writes it by now: what is known of it holds no longer."""


class SymbolError(ErrtallyError):
    """An uploaded file can't be used to read a stack trace.

    Attributes:
        reason: short stable word, the value of the label ``outcome`` of the counter of frames.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class ScheduleError(ErrtallyError):
    """A scheduled job's schedule names no times; the message says why."""


class CircuitOpenError(ErrtallyError):
    """A circuit breaker lets no call through now; its cause is the failure that opened it.

    Attributes:
        service: the service that is not called.
        retry_after_seconds: when a trial is let through.
    """

    def __init__(self, service: str, retry_after_seconds: float) -> None:
        super().__init__(f"{service} is not called: its circuit is open for another {retry_after_seconds:.1f} s")
        self.service = service
        self.retry_after_seconds = retry_after_seconds


class CallTimeoutError(ErrtallyError, TimeoutError):
    """A protected call took longer than allowed."""
