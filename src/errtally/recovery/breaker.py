"""A circuit breaker: stops calling a service that fails, and tries one call at a time whether it is back."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from errtally.errors import CircuitOpenError
from errtally.recovery.window import RollingWindow

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

State = Literal["closed", "half_open", "open"]


@dataclass(frozen=True, slots=True)
class BreakerSettings:
    """When a breaker opens and closes.

    Attributes:
        window_seconds: over which calls are counted.
        buckets: parts of the window.
        minimum_calls: below so many in the window it never opens.
        failure_ratio: it opens when so large a share of the calls failed.
        open_seconds: how long it stays open before a trial.
        trials: trials in a row that must succeed before it closes.
    """

    window_seconds: float = 10.0
    buckets: int = 10
    minimum_calls: int = 10
    failure_ratio: float = 0.5
    open_seconds: float = 30.0
    trials: int = 1

    def __post_init__(self) -> None:
        """Check the values."""
        if not (self.window_seconds > 0 and self.buckets >= 1 and self.minimum_calls >= 1 and self.trials >= 1):
            raise ValueError(f"window, buckets, calls and trials must be positive: {self!r}")
        if not (0 < self.failure_ratio <= 1 and self.open_seconds > 0):
            raise ValueError(f"failure_ratio must be above 0 and at most 1, open_seconds above 0: {self!r}")


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave for one call, to be handed back with its result.

    Attributes:
        period: grows with each change of state; a result from an earlier period no longer counts.
        is_trial: whether the call decides on closing.
    """

    period: int
    is_trial: bool


class CircuitBreaker:
    """The breaker of one service, for any number of threads and tasks.

    Args:
        service: its name.
        settings: when it opens and closes.
        clock: seconds that never go back.
        on_change: called with the new state, outside of the lock.
        on_refused: called for each call refused.
    """

    def __init__(
        self,
        service: str,
        settings: BreakerSettings | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        on_change: Callable[[State], None] | None = None,
        on_refused: Callable[[], None] | None = None,
    ) -> None:
        self.service = service
        self.settings = settings or BreakerSettings()
        self._clock = clock
        self._on_change = on_change
        self._on_refused = on_refused
        self._lock = threading.Lock()
        self._window = RollingWindow(self.settings.window_seconds, self.settings.buckets)
        self._state: State = "closed"
        self._period = 0
        self._opened_at = 0.0
        self._trial_since: float | None = None
        self._trials_passed = 0
        self._last_error: BaseException | None = None
        self._permits = threading.local()

    @property
    def state(self) -> State:
        """``open`` becomes ``half_open`` with the first call after its time, not by time alone."""
        return self._state

    def enter(self) -> Permit:
        """Ask for leave to call.

        Raises:
            CircuitOpenError: the service is not to be called now.
        """
        with self._lock:
            now, change = self._clock(), None
            if self._state == "open" and now - self._opened_at >= self.settings.open_seconds:
                change = self._change("half_open")
            if self._state == "closed":
                return Permit(self._period, is_trial=False)
            # A trial that never reports back must not block the next one for ever.
            lost = self._trial_since is not None and now - self._trial_since >= self.settings.open_seconds
            if self._state == "half_open" and (self._trial_since is None or lost):
                self._trial_since = now
                permit = Permit(self._period, is_trial=True)
            else:
                permit = None
                since = self._opened_at if self._state == "open" else now
                left = max(since + self.settings.open_seconds - now, 0.0)
                error = self._last_error
        self._tell(change)
        if permit is not None:
            return permit
        if self._on_refused is not None:
            self._on_refused()
        raise CircuitOpenError(self.service, left) from error

    def succeeded(self, permit: Permit) -> None:
        """Report that a call went well."""
        self._result(permit, None)

    def failed(self, permit: Permit, error: BaseException) -> None:
        """Report that a call failed in a way that speaks against the service."""
        self._result(permit, error)

    def abandoned(self, permit: Permit) -> None:
        """Report that a call says nothing about the service: it was cancelled."""
        with self._lock:
            if permit.is_trial and permit.period == self._period:
                self._trial_since = None

    def _result(self, permit: Permit, error: BaseException | None) -> None:
        with self._lock:
            if permit.period != self._period:
                return
            now, change = self._clock(), None
            if error is not None:
                self._last_error = error
            if permit.is_trial:
                self._trial_since = None
                self._trials_passed += 1
                if error is not None:
                    change = self._open(now)
                elif self._trials_passed >= self.settings.trials:
                    change = self._change("closed")
            else:
                self._window.add(now, failed=error is not None)
                calls, failures = self._window.counts(now)
                limit = self.settings.failure_ratio * calls
                if calls >= self.settings.minimum_calls and failures >= limit and error is not None:
                    change = self._open(now)
        self._tell(change)

    def _open(self, now: float) -> State:
        self._opened_at = now
        return self._change("open")

    def _change(self, state: State) -> State:
        self._state = state
        self._period += 1
        self._trial_since = None
        self._trials_passed = 0
        if state == "closed":
            self._window.clear()
            self._last_error = None
        return state

    def _tell(self, change: State | None) -> None:
        if change is not None and self._on_change is not None:
            self._on_change(change)

    def __enter__(self) -> Permit:
        permit = self.enter()
        stack = self._permits.__dict__.setdefault("stack", [])
        stack.append(permit)
        return permit

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        permit = self._permits.stack.pop()
        if error is None:
            self.succeeded(permit)
        elif isinstance(error, Exception):
            self.failed(permit, error)
        else:
            self.abandoned(permit)
