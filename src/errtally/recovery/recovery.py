"""Protects calls to one service: timeout, circuit breaker, a strategy by class of error, a fallback."""

# ruff: noqa: ANN401 (what functions take and return is theirs)
from __future__ import annotations

import functools
import importlib.util
import inspect
import time
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar, overload

from errtally.recovery.breaker import BreakerSettings, CircuitBreaker
from errtally.recovery.classes import ErrorClass, classify, speaks_against_the_service
from errtally.recovery.deadline import within, within_async
from errtally.recovery.observing import default_observers
from errtally.recovery.protecting import Protecting, ProtectingOr, decorator
from errtally.recovery.retrying import reporting, reporting_async, retry, retry_async
from errtally.recovery.strategies import DEFAULTS, Fallback, Own, Retry, Strategy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from errtally.recovery.breaker import State
    from errtally.recovery.observing import Observer

P = ParamSpec("P")
T = TypeVar("T")
F = TypeVar("F")

DEFAULT_TIMEOUT_SECONDS: Final = 3.0


class Recovery:
    """What protects the calls to one service.

    Args:
        service: its name, a label of the metrics.
        strategies: for classes of error, in addition to or instead of `strategies.DEFAULTS`.
        timeout_seconds: for one call of a coroutine function, which is cancelled then; None for none.
        thread_timeout_seconds: for one call of a function, which is called in a thread of its own for that. None, the
            default, calls it where it is: what belongs to a thread (SQLite's connections, Django's transactions) works
            in no other, so only ask for it where nothing of the kind is used, and prefer the timeout of its driver.
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
        thread_timeout_seconds: float | None = None,
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
        self._thread_timeout = thread_timeout_seconds
        self._classifiers = tuple(classifiers)
        self._observers = tuple(default_observers() if observers is None else observers)
        self.breaker: CircuitBreaker | None = None
        if breaker is not None:
            self.breaker = CircuitBreaker(
                service,
                breaker,
                is_failure=lambda error: speaks_against_the_service(self.classify(error)),
                clock=clock,
                on_change=self._changed,
                on_refused=self._refused,
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

    @overload
    def call(
        self,
        function: Callable[..., T],
        /,
        *args: object,
        replica: Callable[[], T] | None = None,
        fallback: Callable[[BaseException], F],
        **kwargs: object,
    ) -> T | F: ...
    @overload
    def call(self, function: Callable[..., T], /, *args: object, replica: Callable[[], T], **kwargs: object) -> T: ...
    @overload
    def call(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T: ...
    def call(  # type: ignore[misc]  # a function's own keywords of these names have to be bound to it before
        self,
        function: Callable[..., Any],
        /,
        *args: object,
        replica: Callable[[], Any] | None = None,
        fallback: Callable[[BaseException], Any] | None = None,
        **kwargs: object,
    ) -> Any:
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

    @overload
    async def call_async(
        self,
        function: Callable[..., Awaitable[T]],
        /,
        *args: object,
        replica: Callable[[], Awaitable[T]] | None = None,
        fallback: Callable[[BaseException], Awaitable[F]],
        **kwargs: object,
    ) -> T | F: ...
    @overload
    async def call_async(
        self,
        function: Callable[..., Awaitable[T]],
        /,
        *args: object,
        replica: Callable[[], Awaitable[T]] | None = None,
        fallback: Callable[[BaseException], F],
        **kwargs: object,
    ) -> T | F: ...
    @overload
    async def call_async(
        self,
        function: Callable[..., Awaitable[T]],
        /,
        *args: object,
        replica: Callable[[], Awaitable[T]],
        **kwargs: object,
    ) -> T: ...
    @overload
    async def call_async(self, function: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs) -> T: ...
    async def call_async(  # type: ignore[misc]  # as in `call`
        self,
        function: Callable[..., Awaitable[Any]],
        /,
        *args: object,
        replica: Callable[[], Awaitable[Any]] | None = None,
        fallback: Callable[[BaseException], Any] | None = None,
        **kwargs: object,
    ) -> Any:
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

    @overload
    def protect(self, *, replica: Callable[..., Any] | None = None) -> Protecting: ...
    @overload
    def protect(
        self, *, replica: Callable[..., Any] | None = None, fallback: Callable[[BaseException], F]
    ) -> ProtectingOr[F]: ...
    def protect(
        self,
        *,
        replica: Callable[..., Any] | None = None,
        fallback: Callable[[BaseException], Any] | None = None,
    ) -> Any:
        """Decorate a function of any kind so that each call is protected; ``replica`` gets its arguments.

        A generator is protected as a call is until its first item; what fails later is raised, and the breaker counts
        it. Its replica and its fallback return what is iterated instead.
        """
        return decorator(self, replica, fallback)

    def _guarded(self, operation: Callable[[], Any]) -> Any:
        breaker = self.breaker
        if breaker is None:
            return within(self._thread_timeout, operation)
        permit = breaker.enter()
        try:
            result = within(self._thread_timeout, operation)
        except BaseException as exc:
            breaker.judge(permit, exc)
            raise
        breaker.succeeded(permit)
        return result

    async def _guarded_async(self, operation: Callable[[], Awaitable[Any]]) -> Any:
        breaker = self.breaker
        if breaker is None:
            return await within_async(self._timeout, operation)
        permit = breaker.enter()
        try:
            result = await within_async(self._timeout, operation)
        except BaseException as exc:
            breaker.judge(permit, exc)
            raise
        breaker.succeeded(permit)
        return result

    def _recover(
        self,
        strategy: Strategy,
        error: BaseException,
        operation: Callable[[], Any],
        replica: Callable[[], Any] | None,
    ) -> Any:
        told = functools.partial(self._attempted, strategy.name)
        guarded = functools.partial(self._guarded, operation)
        if isinstance(strategy, Own):
            return reporting(told, functools.partial(strategy.run, error, guarded))
        if isinstance(strategy, Retry):
            if strategy.use_replica and replica is not None:
                return reporting(functools.partial(self._attempted, "replica"), replica)
            return retry(strategy, error, guarded, self.classify, told)
        raise error

    async def _recover_async(
        self,
        strategy: Strategy,
        error: BaseException,
        operation: Callable[[], Awaitable[Any]],
        replica: Callable[[], Awaitable[Any]] | None,
    ) -> Any:
        told = functools.partial(self._attempted, strategy.name)
        guarded = functools.partial(self._guarded_async, operation)
        if isinstance(strategy, Own):
            return await reporting_async(told, functools.partial(strategy.run, error, guarded))
        if isinstance(strategy, Retry):
            if strategy.use_replica and replica is not None:
                return await reporting_async(functools.partial(self._attempted, "replica"), replica)
            return await retry_async(strategy, error, guarded, self.classify, told)
        raise error

    def _explain(self, error: BaseException, strategy: Strategy, last: BaseException) -> None:
        if last is not error:
            note = f"recovery of {self.service} by {strategy.name} failed: {type(last).__name__}: {last}"
            # Not by `add_note`, which fails on exceptions that let nobody set attributes, such as frozen dataclasses.
            object.__getattribute__(error, "__dict__").setdefault("__notes__", []).append(note)

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
