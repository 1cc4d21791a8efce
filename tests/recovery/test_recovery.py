"""Strategies by class of error, for functions and coroutine functions alike."""

from __future__ import annotations

import asyncio
import inspect
import logging
import sqlite3
import threading
import time
from dataclasses import dataclass
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from tests.recovery.faults import Failing, ResponseError, Seen, http_error, sqlite_error

from errtally import names
from errtally.errors import CallTimeoutError, CircuitOpenError
from errtally.recovery import BreakerSettings, ErrorClass, Log, Metrics, Own, Recovery, Retry, testing


@pytest.fixture(params=["function", "coroutine"])
def call(request):
    """Call through a recovery; the same test for both kinds of functions."""
    if request.param == "function":
        return lambda recovery, failing, **options: recovery.call(failing, **options)

    def awaited(recovery: Recovery, failing: Failing, replica: Any = None, **options: Any) -> Any:
        async def read() -> Any:
            return replica()

        return asyncio.run(
            recovery.call_async(failing.awaited, replica=read if replica is not None else None, **options)
        )

    return awaited


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def recovery(seen: Seen) -> Recovery:
    return Recovery("payments", observers=[seen])


BUSY = sqlite3.SQLITE_BUSY


@pytest.mark.parametrize(
    ("errors", "waits", "attempts"),
    [
        pytest.param([], [], [], id="nothing goes wrong"),
        pytest.param([ConnectionRefusedError()], [1.0], [("retry", True)], id="refused once"),
        pytest.param(
            [TimeoutError(), ConnectionResetError(), TimeoutError()],
            [1.0, 2.0, 4.0],
            [("retry", False), ("retry", False), ("retry", True)],
            id="the network fails three times",
        ),
        pytest.param(
            [sqlite_error(BUSY), sqlite_error(BUSY)],
            [0.5, 1.0],
            [("database", False), ("database", True)],
            id="the database is busy twice",
        ),
        pytest.param([http_error(429, Retry_After="7")], [7.0], [("rate_limit", True)], id="limited, with a time"),
        pytest.param([ResponseError(429)], [60.0], [("rate_limit", True)], id="limited, without a time"),
    ],
)
def test_recovers_after(call, recovery: Recovery, seen: Seen, errors, waits, attempts) -> None:
    failing = Failing(*errors)
    with testing() as waited:
        assert call(recovery, failing) == "result"
    assert waited == waits
    assert seen.attempts == attempts
    assert failing.calls == len(errors) + 1


@pytest.mark.parametrize(
    ("errors", "calls"),
    [
        pytest.param([ValueError("bug")], 1, id="an unknown error is not tried again"),
        pytest.param([ConnectionRefusedError() for _ in range(9)], 4, id="the network fails for good"),
        pytest.param([sqlite_error(BUSY) for _ in range(9)], 3, id="the database stays busy"),
        pytest.param([ResponseError(429) for _ in range(9)], 2, id="the limit stays"),
        pytest.param([ResponseError(429, {"Retry-After": "3000"})], 1, id="the limit lasts too long to wait for"),
        pytest.param([TimeoutError(), ValueError("bug")], 2, id="a bug shows after a network error"),
        pytest.param([ResponseError(503)], 1, id="the service fails and there is no fallback"),
    ],
)
def test_raises_the_original_error_when(call, recovery: Recovery, seen: Seen, errors, calls) -> None:
    original = errors[0]
    failing = Failing(*errors)
    with testing(), pytest.raises(type(original)) as caught:
        call(recovery, failing)
    assert caught.value is original
    assert failing.calls == calls
    assert seen.outcomes[-1][1] == "failed"


def test_a_note_tells_what_else_failed(call, recovery: Recovery) -> None:
    with testing(), pytest.raises(TimeoutError) as caught:
        call(recovery, Failing(TimeoutError("first"), ValueError("second")))
    assert caught.value.__notes__ == ["recovery of payments by retry failed: ValueError: second"]


def test_an_exception_that_lets_nobody_set_attributes_stays_the_one_that_is_raised(call, recovery: Recovery) -> None:
    @dataclass(frozen=True)
    class RefusedError(ConnectionRefusedError):
        service: str

    with testing(), pytest.raises(RefusedError) as caught:
        call(recovery, Failing(RefusedError("first"), ValueError("second")))
    assert caught.value.service == "first"
    assert caught.value.__notes__ == ["recovery of payments by retry failed: ValueError: second"]


def test_a_read_goes_to_the_replica_at_once(call, recovery: Recovery, seen: Seen) -> None:
    with testing() as waited:
        assert call(recovery, Failing(sqlite_error(BUSY)), replica=lambda: "from the replica") == "from the replica"
    assert waited == []
    assert seen.attempts == [("replica", True)]
    assert seen.outcomes == [("database", "recovered")]


def test_the_fallback_gets_the_original_error(call, recovery: Recovery, seen: Seen) -> None:
    error = ResponseError(503)
    assert call(recovery, Failing(error), fallback=lambda exc: ("fallback", exc)) == ("fallback", error)
    assert seen.outcomes == [("external", "fallback")]


def test_the_fallback_comes_after_the_retries(call, recovery: Recovery) -> None:
    failing = Failing(*(TimeoutError() for _ in range(9)))
    with testing():
        assert call(recovery, failing, fallback=lambda _: "fallback") == "fallback"
    assert failing.calls == 4


def test_no_fallback_for_unknown_errors(call, recovery: Recovery) -> None:
    with pytest.raises(ValueError, match="bug"):
        call(recovery, Failing(ValueError("bug")), fallback=lambda _: "fallback")


def test_a_fallback_that_fails_does_not_hide_the_error(call, recovery: Recovery) -> None:
    def fallback(_: BaseException) -> None:
        raise KeyError("no fallback")

    with pytest.raises(ResponseError) as caught:
        call(recovery, Failing(ResponseError(503)), fallback=fallback)
    assert "no fallback" in caught.value.__notes__[0]


def test_the_circuit_opens_and_then_nothing_is_called(call, recovery: Recovery, seen: Seen) -> None:
    failing = Failing(*(ResponseError(503) for _ in range(10)))
    for _ in range(10):
        with pytest.raises(ResponseError):
            call(recovery, failing)
    with pytest.raises(CircuitOpenError) as caught:
        call(recovery, failing)
    assert isinstance(caught.value.__cause__, ResponseError)
    assert failing.calls == 10
    assert seen.states == ["open"]
    assert seen.refusals == 1
    assert call(recovery, failing, fallback=lambda _: "fallback") == "fallback"


def test_errors_of_the_caller_do_not_open_the_circuit(call, recovery: Recovery) -> None:
    for _ in range(30):
        with pytest.raises(ResponseError):
            call(recovery, Failing(ResponseError(404)))
    assert call(recovery, Failing()) == "result"


def test_retries_end_when_the_circuit_opens(call, seen: Seen) -> None:
    recovery = Recovery("x", breaker=BreakerSettings(minimum_calls=2), observers=[seen])
    failing = Failing(*(TimeoutError() for _ in range(9)))
    with testing(), pytest.raises(TimeoutError):
        call(recovery, failing)
    assert failing.calls == 2


def test_own_strategies_and_classes_can_be_registered(call, recovery: Recovery, seen: Seen) -> None:
    class SoldOutError(Exception):
        pass

    own = Recovery(
        "stock",
        observers=[seen],
        classifiers=[lambda error: ErrorClass.DATABASE if isinstance(error, SoldOutError) else None],
        strategies={ErrorClass.DATABASE: Own("reorder", lambda error, _operation: f"reordered after {error}")},
    )
    assert call(own, Failing(SoldOutError("7"))) == "reordered after 7"
    assert seen.attempts == [("reorder", True)]
    recovery.register(ErrorClass.UNKNOWN, Own("none", lambda _error, _operation: None))
    assert call(recovery, Failing(ValueError())) is None


def test_a_slow_call_is_given_up(seen: Seen) -> None:
    recovery = Recovery("slow", timeout_seconds=0.05, thread_timeout_seconds=0.05, observers=[seen])
    released = threading.Event()
    with pytest.raises(CallTimeoutError):
        recovery.call(released.wait, 20)
    released.set()
    with pytest.raises(CallTimeoutError):
        asyncio.run(recovery.call_async(asyncio.sleep, 20))
    assert seen.outcomes == [("external", "failed")] * 2


def test_a_call_with_a_timeout_returns_and_raises_as_without() -> None:
    recovery = Recovery("quick", observers=[], thread_timeout_seconds=3)
    assert recovery.call(lambda a, b: a + b, 2, b=3) == 5
    with pytest.raises(ValueError, match="bug"):
        recovery.call(Failing(ValueError("bug")))
    error = TimeoutError("its own")

    async def own_timeout() -> None:
        raise error

    with testing(), pytest.raises(TimeoutError) as caught:
        asyncio.run(recovery.call_async(own_timeout))
    assert caught.value is error


def test_decorated_functions_keep_their_names_and_their_kind() -> None:
    recovery = Recovery("shop", observers=[])
    first = [TimeoutError()]

    @recovery.protect(replica=lambda number: f"replica {number}", fallback=lambda _: "fallback")
    def order(number: int) -> str:
        """Read an order."""
        if number == 5:
            raise sqlite_error(BUSY)
        if number == 6:
            raise ResponseError(500)
        return f"order {number}"

    @recovery.protect()
    async def order_async(number: int) -> str:
        if first:
            raise first.pop()
        return f"order {number}"

    assert order.__name__ == "order"
    assert [order(4), order(5), order(6)] == ["order 4", "replica 5", "fallback"]
    assert inspect.iscoroutinefunction(order_async)
    with testing():
        assert asyncio.run(order_async(7)) == "order 7"


def test_waits_are_drawn_between_half_and_whole() -> None:
    strategy = Retry("retry", tries=9, draw=lambda: 0.0)
    assert [strategy.wait_seconds(n, TimeoutError()) for n in range(1, 7)] == [0.5, 1, 2, 4, 5, 5]
    assert strategy.wait_seconds(1, ResponseError(503, {"Retry-After": "17"})) == 17


def test_without_testing_waits_take_their_time() -> None:
    quick = Retry("retry", tries=1, base_seconds=0.05, jitter=0)
    recovery = Recovery("x", observers=[], strategies={ErrorClass.NETWORK: quick})
    began = time.monotonic()
    recovery.call(Failing(TimeoutError()))
    asyncio.run(recovery.call_async(Failing(TimeoutError()).awaited))
    assert time.monotonic() - began >= 0.1


def test_cancelling_says_nothing_about_the_service(seen: Seen) -> None:
    recovery = Recovery("x", observers=[seen], breaker=BreakerSettings(minimum_calls=1))

    async def main() -> None:
        task = asyncio.create_task(recovery.call_async(asyncio.sleep, 10))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert recovery.breaker.state == "closed"


def test_everything_is_counted_and_logged(caplog) -> None:
    registry = CollectorRegistry()
    settings = BreakerSettings(minimum_calls=1, failure_ratio=0.1)
    recovery = Recovery("pay", observers=[Metrics(registry), Log()], breaker=settings)

    def value(metric: names.Metric, **labels: str) -> float | None:
        return registry.get_sample_value(metric.name, {"service": "pay", **labels})

    assert value(names.BREAKER_STATE) == 0
    assert value(names.BREAKER_CHANGES, state="open") == 0
    with testing(), caplog.at_level(logging.INFO, "errtally.recovery"):
        recovery.call(Failing(sqlite_error(BUSY)))
        with pytest.raises(ResponseError):
            recovery.call(Failing(ResponseError(503)))
        recovery.call(Failing(), fallback=lambda _: None)
    assert value(names.RECOVERY_ATTEMPTS, strategy="database", outcome="success") == 1
    assert value(names.RECOVERIES, error_class="database", outcome="recovered") == 1
    assert value(names.RECOVERIES, error_class="external", outcome="failed") == 1
    assert value(names.RECOVERIES, error_class="external", outcome="fallback") == 1
    assert value(names.BREAKER_STATE) == 2
    assert value(names.BREAKER_CHANGES, state="open") == 1
    assert value(names.BREAKER_REFUSED) == 1
    assert "pay: circuit open" in caplog.messages
    assert "pay: database error recovered: OperationalError: database is locked" in caplog.messages


def test_metrics_have_the_names_and_labels_of_the_catalogue() -> None:
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    metrics.attempted("s", "retry", None)
    metrics.ended("s", ErrorClass.NETWORK, "recovered", TimeoutError())
    metrics.began("s")
    documented = {metric.family: set(metric.labels) for metric in names.CLIENT_CATALOGUE}
    for family in registry.collect():
        for sample in family.samples:
            if not sample.name.endswith("_created"):
                assert set(sample.labels) == documented[family.name]
