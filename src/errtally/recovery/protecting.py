"""The decorator of `Recovery.protect`, for functions, coroutine functions, generators and asynchronous generators."""

# ruff: noqa: ANN401 (what functions take and return is theirs)
from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Generator

    from errtally.recovery.breaker import CircuitBreaker

    Function = Callable[..., Any]

P = ParamSpec("P")
T = TypeVar("T")
F = TypeVar("F")
F_co = TypeVar("F_co", covariant=True)
AnyFunction = TypeVar("AnyFunction", bound="Callable[..., Any]")


class Calls(Protocol):
    """What a protected function is called through: a `Recovery`."""

    @property
    def breaker(self) -> CircuitBreaker | None:
        """The circuit breaker, None without one."""

    def call(self, function: Function, /, *, replica: Function | None = None, fallback: Function | None = None) -> Any:
        """Call a function."""

    async def call_async(
        self, function: Function, /, *, replica: Function | None = None, fallback: Function | None = None
    ) -> Any:
        """Await what a coroutine function returns."""


class Protecting(Protocol):
    """A decorator that leaves the type of a function as it is."""

    def __call__(self, function: AnyFunction, /) -> AnyFunction:
        """Return the protected function."""


class ProtectingOr(Protocol[F_co]):
    """A decorator of a function that may return what its fallback returns."""

    @overload
    def __call__(
        self: ProtectingOr[Coroutine[Any, Any, F]], function: Callable[P, Coroutine[Any, Any, T]], /
    ) -> Callable[P, Coroutine[Any, Any, T | F]]: ...
    @overload
    def __call__(
        self: ProtectingOr[F], function: Callable[P, Coroutine[Any, Any, T]], /
    ) -> Callable[P, Coroutine[Any, Any, T | F]]: ...
    @overload
    def __call__(self: ProtectingOr[F], function: Callable[P, T], /) -> Callable[P, T | F]: ...


_ENDED: Any = object()
"""Stands for the first item of a generator that has none."""


def decorator(
    recovery: Calls, replica: Callable[..., Any] | None, fallback: Callable[[BaseException], Any] | None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return what decorates a function; what it returns is of the same kind, which frameworks look at."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.iscoroutinefunction(function):
            made = _coroutine_function
        elif inspect.isgeneratorfunction(function):
            made = _generator_function
        elif inspect.isasyncgenfunction(function):
            made = _asynchronous_generator_function
        else:
            made = _function
        return functools.wraps(function)(made(recovery, function, replica, fallback))

    return decorate


def _function(recovery: Calls, function: Function, replica: Function | None, fallback: Function | None) -> Function:
    def protected(*args: object, **kwargs: object) -> Any:
        first, second = _bound(function, args, kwargs), _bound(replica, args, kwargs)
        return recovery.call(first, replica=second, fallback=fallback)

    return protected


def _coroutine_function(
    recovery: Calls, function: Function, replica: Function | None, fallback: Function | None
) -> Function:
    async def protected(*args: object, **kwargs: object) -> Any:
        first, second = _bound(function, args, kwargs), _bound(replica, args, kwargs)
        return await recovery.call_async(first, replica=second, fallback=fallback)

    return protected


def _generator_function(
    recovery: Calls, function: Function, replica: Function | None, fallback: Function | None
) -> Function:
    def begun(source: Function, *args: object, **kwargs: object) -> tuple[Any, Any, Any]:
        items = iter(source(*args, **kwargs))
        try:
            return items, next(items), None
        except StopIteration as end:
            return items, _ENDED, end.value

    def protected(*args: object, **kwargs: object) -> Generator[Any, Any, Any]:
        first = _bound(begun, (function, *args), kwargs)
        second = _bound(begun, (replica, *args), kwargs) if replica is not None else None
        instead = functools.partial(begun, fallback) if fallback is not None else None
        items, item, result = recovery.call(first, replica=second, fallback=instead)
        while item is not _ENDED:
            try:
                sent = yield item
            except GeneratorExit:
                if hasattr(items, "close"):
                    items.close()
                raise
            except BaseException as exc:
                if not hasattr(items, "throw"):
                    raise
                step = functools.partial(items.throw, exc)
            else:
                step = functools.partial(next, items) if sent is None else functools.partial(items.send, sent)
            try:
                item = step()
            except StopIteration as end:
                return end.value
            except Exception as exc:
                _judge_late(recovery, exc)
                raise
        return result

    return protected


def _asynchronous_generator_function(
    recovery: Calls, function: Function, replica: Function | None, fallback: Function | None
) -> Function:
    async def begun(source: Function, *args: object, **kwargs: object) -> tuple[Any, Any]:
        items = aiter(source(*args, **kwargs))
        return items, await anext(items, _ENDED)

    async def protected(*args: object, **kwargs: object) -> AsyncGenerator[Any, Any]:
        first = _bound(begun, (function, *args), kwargs)
        second = _bound(begun, (replica, *args), kwargs) if replica is not None else None
        instead = functools.partial(begun, fallback) if fallback is not None else None
        items, item = await recovery.call_async(first, replica=second, fallback=instead)
        while item is not _ENDED:
            try:
                sent = yield item
            except GeneratorExit:
                if hasattr(items, "aclose"):
                    await items.aclose()
                raise
            except BaseException as exc:
                if not hasattr(items, "athrow"):
                    raise
                step = items.athrow(exc)
            else:
                step = anext(items) if sent is None else items.asend(sent)
            try:
                item = await step
            except StopAsyncIteration:
                return
            except Exception as exc:
                _judge_late(recovery, exc)
                raise

    return protected


def _bound(function: Function | None, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return functools.partial(function, *args, **kwargs) if function is not None else None


def _judge_late(recovery: Calls, error: Exception) -> None:
    if recovery.breaker is not None:
        recovery.breaker.judge_late(error)
