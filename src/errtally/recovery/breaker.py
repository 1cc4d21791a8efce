"""A circuit breaker: stops calling a service that fails, and tries one call at a time whether it is back."""

from __future__ import annotations

import threading
import time
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from errtally.errors import CircuitOpenError
from errtally.recovery.classes import classify, speaks_against_the_service
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


def _is_failure(error: BaseException) -> bool:
    return speaks_against_the_service(classify(error))


_blocks: ContextVar[tuple[tuple[CircuitBreaker, Permit], ...]] = ContextVar("breaker_blocks", default=())
"""The `with` blocks that a task or thread is in, the innermost last: tasks of one thread leave theirs in any order."""


class CircuitBreaker:
    """The breaker of one service, for any number of threads and tasks; ``with breaker:`` protects a block.

    Args:
        service: its name.
        settings: when it opens and closes.
        is_failure: whether an exception speaks against the service; by default by its class of error.
        clock: seconds that never go back.
        on_change: called with the new state, outside of the lock.
        on_refused: called for each call refused.
    """

    def __init__(
        self,
        service: str,
        settings: BreakerSettings | None = None,
        *,
        is_failure: Callable[[BaseException], bool] = _is_failure,
        clock: Callable[[], float] = time.monotonic,
        on_change: Callable[[State], None] | None = None,
        on_refused: Callable[[], None] | None = None,
    ) -> None:
        self.service = service
        self.settings = settings or BreakerSettings()
        self._is_failure = is_failure
        self._clock = clock
        self._on_change = on_change
        self._on_refused = on_refused
        self._lock = threading.Lock()
        self._window = RollingWindow(self.settings.window_seconds, self.settings.buckets)
        self._state: State = "closed"
        self._period = 0
        # One permit for all calls of a period in which the breaker is closed: most calls take no lock to get theirs.
        self._ordinary: Permit | None = Permit(0, is_trial=False)
        self._opened_at = 0.0
        self._trial_since: float | None = None
        self._trials_passed = 0
        self._last_error: BaseException | None = None

    @property
    def state(self) -> State:
        """``open`` becomes ``half_open`` with the first call after its time, not by time alone."""
        return self._state

    def enter(self) -> Permit:
        """Ask for leave to call.

        Raises:
            CircuitOpenError: the service is not to be called now.
        """
        ordinary = self._ordinary
        if ordinary is not None:
            return ordinary
        with self._lock:
            now, change = self._clock(), None
            if self._state == "open" and now - self._opened_at >= self.settings.open_seconds:
                change = self._change("half_open")
            if self._ordinary is not None:
                return self._ordinary
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

    def judge(self, permit: Permit, error: BaseException | None) -> None:
        """Report how a call ended: well, by an exception that speaks against the service or not, or cancelled."""
        if error is None:
            self.succeeded(permit)
        elif not isinstance(error, Exception):
            self.abandoned(permit)
        elif self._is_failure(error):
            self.failed(permit, error)
        else:
            self.succeeded(permit)

    def judge_late(self, error: BaseException) -> None:
        """Report that a call failed after it had been reported to go well, as a generator may."""
        self.judge(self._lost_permit(), error)

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
                if error is not None:
                    calls, failures = self._window.counts(now)
                    if calls >= self.settings.minimum_calls and failures >= self.settings.failure_ratio * calls:
                        change = self._open(now)
        self._tell(change)

    def _open(self, now: float) -> State:
        self._opened_at = now
        return self._change("open")

    def _change(self, state: State) -> State:
        self._state = state
        self._period += 1
        self._ordinary = Permit(self._period, is_trial=False) if state == "closed" else None
        self._trial_since = None
        self._trials_passed = 0
        if state == "closed":
            self._window.clear()
            self._last_error = None
        return state

    def _tell(self, change: State | None) -> None:
        if change is not None and self._on_change is not None:
            self._on_change(change)

    def _lost_permit(self) -> Permit:
        """Stand in for a permit that is not known: in a half open breaker only the one trial can come back."""
        with self._lock:
            return Permit(self._period, is_trial=self._trial_since is not None)

    def __enter__(self) -> Permit:
        permit = self.enter()
        _blocks.set((*_blocks.get(), (self, permit)))
        return permit

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        blocks = _blocks.get()
        for place in range(len(blocks) - 1, -1, -1):
            if blocks[place][0] is self:
                _blocks.set(blocks[:place] + blocks[place + 1 :])
                permit = blocks[place][1]
                break
        else:
            # Left in another context than it was entered in, as a framework does with a dependency that yields.
            permit = self._lost_permit()
        self.judge(permit, error)
