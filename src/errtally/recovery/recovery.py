"""Protects calls to one service: timeout, circuit breaker, a strategy by class of error, a fallback."""

from __future__ import annotations

import functools
import importlib.util
import inspect
import time
from typing import TYPE_CHECKING, Any, Final

from errtally.recovery.breaker import BreakerSettings, CircuitBreaker
from errtally.recovery.classes import ErrorClass, classify
from errtally.recovery.deadline import within, within_async
from errtally.recovery.observing import default_observers
from errtally.recovery.retrying import retry, retry_async
from errtally.recovery.strategies import DEFAULTS, Fallback, Own, Retry, Strategy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from errtally.recovery.breaker import State
    from errtally.recovery.observing import Observer

DEFAULT_TIMEOUT_SECONDS: Final = 3.0
_AGAINST_THE_SERVICE = frozenset({ErrorClass.NETWORK, ErrorClass.EXTERNAL, ErrorClass.RATE_LIMIT})
"""Errors of other classes say that the service answers: they are the caller's, or a lock's."""


class Recovery:
    """What protects the calls to one service.

    Args:
        service: its name, a label of the metrics.
        strategies: for classes of error, in addition to or instead of `strategies.DEFAULTS`.
        timeout_seconds: for one call; a function (no coroutine) is then called in a thread of its own. None for none.
        breaker: when its circuit opens; None for no breaker.
        classifiers: asked in this order before the built-in one; each returns a class or None.
        observers: told of everything; the log, and Prometheus where it is installed, by default.
        clock: of the breaker.

    Raises:
        ModuleNotFoundError: tenacity is not installed.
    """

    def __init__(
        self,
        service: str,
        *,
        strategies: Mapping[ErrorClass, Strategy] | None = None,
        timeout_seconds: float | None = DEFAULT_TIMEOUT_SECONDS,
        breaker: BreakerSettings | None = BreakerSettings(),  # noqa: B008 (frozen)
        classifiers: Sequence[Callable[[BaseException], ErrorClass | None]] = (),
        observers: Sequence[Observer] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if importlib.util.find_spec("tenacity") is None:
            # Now, not when a call has failed.
            raise ModuleNotFoundError("recovery retries by tenacity: pip install 'errtally[recovery]'", name="tenacity")
        self.service = service
        self._strategies = {**DEFAULTS, **(strategies or {})}
        self._timeout = timeout_seconds
        self._classifiers = tuple(classifiers)
        self._observers = tuple(default_observers() if observers is None else observers)
        self.breaker: CircuitBreaker | None = None
        if breaker is not None:
            self.breaker = CircuitBreaker(
                service, breaker, clock=clock, on_change=self._changed, on_refused=self._refused
            )
            for observer in self._observers:
                if (began := getattr(observer, "began", None)) is not None:
                    began(service)

    def register(self, error_class: ErrorClass, strategy: Strategy) -> None:
        """Use a strategy for a class of error from now on."""
        self._strategies[error_class] = strategy

    def classify(self, error: BaseException) -> ErrorClass:
        """Return the class of an error."""
        for own in self._classifiers:
            found = own(error)
            if found is not None:
                return found
        return classify(error)

    def call(
        self,
        function: Callable[..., Any],
        *args: Any,  # noqa: ANN401 (the function's)
        replica: Callable[[], Any] | None = None,
        fallback: Callable[[BaseException], Any] | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """Call a function.

        Args:
            function: what to call.
            args: for the function.
            kwargs: for the function.
            replica: reads the same elsewhere, for database errors; give it for reads only.
            fallback: makes a result of the original error when nothing else helped.

        Raises:
            Exception: the original error when recovery fails, with a note that says what was tried.
            CircuitOpenError: the service is not called now and there is no fallback.
        """
        operation = functools.partial(function, *args, **kwargs)
        try:
            return self._guarded(operation)
        except Exception as exc:
            kind = self.classify(exc)
            strategy = self._strategies.get(kind)
            if strategy is None:
                self._ended(kind, "failed", exc)
                raise
            try:
                result = self._recover(strategy, exc, operation, replica)
            except Exception as last:  # noqa: BLE001 (the original error is raised in its place)
                self._explain(exc, strategy, last)
            else:
                self._ended(kind, "recovered", exc)
                return result
            if fallback is not None:
                try:
                    result = fallback(exc)
                except Exception as last:  # noqa: BLE001
                    self._explain(exc, Fallback(), last)
                else:
                    self._ended(kind, "fallback", exc)
                    return result
            self._ended(kind, "failed", exc)
            raise

    async def call_async(
        self,
        function: Callable[..., Awaitable[Any]],
        *args: Any,  # noqa: ANN401
        replica: Callable[[], Awaitable[Any]] | None = None,
        fallback: Callable[[BaseException], Any] | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """Await a coroutine function; else as `call`. The fallback may be a coroutine function or not."""
        operation = functools.partial(function, *args, **kwargs)
        try:
            return await self._guarded_async(operation)
        except Exception as exc:
            kind = self.classify(exc)
            strategy = self._strategies.get(kind)
            if strategy is None:
                self._ended(kind, "failed", exc)
                raise
            try:
                result = await self._recover_async(strategy, exc, operation, replica)
            except Exception as last:  # noqa: BLE001 (the original error is raised in its place)
                self._explain(exc, strategy, last)
            else:
                self._ended(kind, "recovered", exc)
                return result
            if fallback is not None:
                try:
                    result = fallback(exc)
                    result = await result if inspect.isawaitable(result) else result
                except Exception as last:  # noqa: BLE001
                    self._explain(exc, Fallback(), last)
                else:
                    self._ended(kind, "fallback", exc)
                    return result
            self._ended(kind, "failed", exc)
            raise

    def protect(
        self,
        *,
        replica: Callable[..., Any] | None = None,
        fallback: Callable[[BaseException], Any] | None = None,
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Decorate a function or coroutine function so that each call is protected; ``replica`` gets its arguments."""

        def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
            call = self.call_async if inspect.iscoroutinefunction(function) else self.call

            @functools.wraps(function)
            def protected(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
                other = functools.partial(replica, *args, **kwargs) if replica is not None else None
                return call(functools.partial(function, *args, **kwargs), replica=other, fallback=fallback)

            if inspect.iscoroutinefunction(function):

                @functools.wraps(function)
                async def protected_async(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
                    return await protected(*args, **kwargs)

                return protected_async
            return protected

        return decorate

    def _guarded(self, operation: Callable[[], Any]) -> Any:  # noqa: ANN401
        permit = self.breaker.enter() if self.breaker is not None else None
        try:
            result = within(self._timeout, operation)
        except BaseException as exc:
            self._judge(permit, exc)
            raise
        self._judge(permit, None)
        return result

    async def _guarded_async(self, operation: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401
        permit = self.breaker.enter() if self.breaker is not None else None
        try:
            result = await within_async(self._timeout, operation)
        except BaseException as exc:
            self._judge(permit, exc)
            raise
        self._judge(permit, None)
        return result

    def _judge(self, permit: Any, error: BaseException | None) -> None:  # noqa: ANN401 (a Permit or None)
        if self.breaker is None:
            return
        if error is not None and not isinstance(error, Exception):
            self.breaker.abandoned(permit)
        elif error is not None and self.classify(error) in _AGAINST_THE_SERVICE:
            self.breaker.failed(permit, error)
        else:
            self.breaker.succeeded(permit)

    def _recover(
        self,
        strategy: Strategy,
        error: BaseException,
        operation: Callable[[], Any],
        replica: Callable[[], Any] | None,
    ) -> Any:  # noqa: ANN401
        told = functools.partial(self._attempted, strategy.name)
        guarded = functools.partial(self._guarded, operation)
        if isinstance(strategy, Own):
            return self._told(told, functools.partial(strategy.run, error, guarded))
        if isinstance(strategy, Retry):
            if strategy.use_replica and replica is not None:
                return self._told(functools.partial(self._attempted, "replica"), replica)
            return retry(strategy, error, guarded, self.classify, told)
        raise error

    async def _recover_async(
        self,
        strategy: Strategy,
        error: BaseException,
        operation: Callable[[], Awaitable[Any]],
        replica: Callable[[], Awaitable[Any]] | None,
    ) -> Any:  # noqa: ANN401
        told = functools.partial(self._attempted, strategy.name)
        guarded = functools.partial(self._guarded_async, operation)
        if isinstance(strategy, Own):
            return await self._told_async(told, functools.partial(strategy.run, error, guarded))
        if isinstance(strategy, Retry):
            if strategy.use_replica and replica is not None:
                return await self._told_async(functools.partial(self._attempted, "replica"), replica)
            return await retry_async(strategy, error, guarded, self.classify, told)
        raise error

    @staticmethod
    def _told(told: Callable[[BaseException | None], None], operation: Callable[[], Any]) -> Any:  # noqa: ANN401
        try:
            result = operation()
        except Exception as exc:
            told(exc)
            raise
        told(None)
        return result

    @staticmethod
    async def _told_async(told: Callable[[BaseException | None], None], operation: Callable[[], Any]) -> Any:  # noqa: ANN401
        try:
            result = operation()
            result = await result if inspect.isawaitable(result) else result
        except Exception as exc:
            told(exc)
            raise
        told(None)
        return result

    def _explain(self, error: BaseException, strategy: Strategy, last: BaseException) -> None:
        if last is not error:
            error.add_note(f"recovery of {self.service} by {strategy.name} failed: {type(last).__name__}: {last}")

    def _attempted(self, strategy: str, error: BaseException | None) -> None:
        for observer in self._observers:
            observer.attempted(self.service, strategy, error)

    def _ended(self, kind: ErrorClass, outcome: str, error: BaseException) -> None:
        for observer in self._observers:
            observer.ended(self.service, kind, outcome, error)

    def _changed(self, state: State) -> None:
        for observer in self._observers:
            observer.changed(self.service, state)

    def _refused(self) -> None:
        for observer in self._observers:
            observer.refused(self.service)
