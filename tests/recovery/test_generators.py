"""Generators that are protected: as a call until their first item, counted to their end."""

from __future__ import annotations

import asyncio
import contextlib
import inspect

import pytest
from tests.recovery.faults import ResponseError, Seen, sqlite_error

from errtally.recovery import BreakerSettings, Recovery, testing


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def recovery(seen: Seen) -> Recovery:
    return Recovery("rows", observers=[seen], breaker=BreakerSettings(minimum_calls=3, failure_ratio=0.5))


def _rows(recovery: Recovery, errors: list[BaseException], after: list[BaseException], **options):
    @recovery.protect(**options)
    def rows(count: int):
        """Read rows."""
        if errors:
            raise errors.pop(0)
        yield from range(count)
        if after:
            raise after.pop(0)

    return rows


def _rows_async(recovery: Recovery, errors: list[BaseException], after: list[BaseException], **options):
    @recovery.protect(**options)
    async def rows(count: int):
        """Read rows."""
        if errors:
            raise errors.pop(0)
        for number in range(count):
            yield number
        if after:
            raise after.pop(0)

    async def taken(count: int) -> list[int]:
        return [row async for row in rows(count)]

    return rows, lambda count: asyncio.run(taken(count))


@pytest.fixture(params=["generator", "asynchronous"])
def made(request, recovery: Recovery):
    """Make a protected generator; returns what takes all of its items."""

    def make(errors=(), after=(), **options):
        if request.param == "generator":
            rows = _rows(recovery, list(errors), list(after), **options)
            return lambda count: list(rows(count))
        for name in ("replica", "fallback"):
            if (source := options.get(name)) is not None:

                async def instead(*args, source=source):
                    for row in source(*args):
                        yield row

                options[name] = instead
        return _rows_async(recovery, list(errors), list(after), **options)[1]

    return make


@pytest.mark.parametrize("count", [0, 1, 3])
def test_all_items_come(made, seen: Seen, count: int) -> None:
    assert made()(count) == list(range(count))
    assert seen.outcomes == []


def test_a_failure_before_the_first_item_is_tried_again(made, seen: Seen) -> None:
    with testing() as waits:
        assert made([TimeoutError(), TimeoutError()])(2) == [0, 1]
    assert waits == [1.0, 2.0]
    assert seen.outcomes == [("network", "recovered")]


def test_a_failure_after_the_first_item_is_raised_and_counted(made, recovery: Recovery) -> None:
    take = made(after=[TimeoutError("late"), TimeoutError("late")])
    for _ in range(2):
        with testing() as waits, pytest.raises(TimeoutError, match="late"):
            take(2)
        assert waits == []
    assert recovery.breaker.state == "open"


def test_replica_and_fallback_are_iterated_instead(made) -> None:
    assert made([sqlite_error(5)], replica=lambda count: range(10, 10 + count))(2) == [10, 11]
    assert made([ResponseError(503)], fallback=lambda _: ["none"])(2) == ["none"]


def test_the_kind_and_the_name_stay(recovery: Recovery) -> None:
    assert inspect.isgeneratorfunction(_rows(recovery, [], []))
    assert inspect.isasyncgenfunction(_rows_async(recovery, [], [])[0])
    assert _rows(recovery, [], []).__name__ == "rows"


def test_values_are_sent_in_and_the_result_comes_out(recovery: Recovery) -> None:
    @recovery.protect()
    def echo():
        got = yield "first"
        while got != "stop":
            got = yield got
        return "result"

    running = echo()
    assert (next(running), running.send(7), next(running)) == ("first", 7, None)
    with pytest.raises(StopIteration) as end:
        running.send("stop")
    assert end.value.value == "result"


def test_context_managers_are_closed_and_see_what_is_raised_in_their_block(recovery: Recovery) -> None:
    told = []

    @contextlib.contextmanager
    @recovery.protect()
    def connected():
        try:
            yield "connection"
        except LookupError as error:
            told.append(error)
            raise
        finally:
            told.append("closed")

    with connected() as connection:
        assert connection == "connection"
    with pytest.raises(LookupError), connected():
        raise LookupError
    assert [str(type(one).__name__) for one in told] == ["str", "LookupError", "str"]


def test_asynchronous_context_managers_are_closed_and_see_what_is_raised_in_their_block(recovery: Recovery) -> None:
    told = []

    @contextlib.asynccontextmanager
    @recovery.protect()
    async def connected():
        try:
            yield "connection"
        except LookupError:
            told.append("seen")
        finally:
            told.append("closed")

    async def main() -> None:
        async with connected():
            raise LookupError

    asyncio.run(main())
    assert told == ["seen", "closed"]


def test_a_generator_that_is_left_early_is_closed(recovery: Recovery) -> None:
    closed = []

    @recovery.protect()
    def rows():
        try:
            yield from range(10)
        finally:
            closed.append(True)

    running = rows()
    next(running)
    running.close()
    assert closed == [True]
    assert recovery.breaker.state == "closed"
