# ruff: noqa: ARG001, ARG002, ARG005 (signatures are all that counts here)
"""Calls of errtally.recovery as an application types them; mypy reads this file, nobody runs it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import assert_type

from errtally.recovery import Recovery

prices = Recovery("prices")


def price(order: int, currency: str = "eur") -> float:
    return 1.0


async def price_async(order: int) -> float:
    return 1.0


async def nothing(error: BaseException) -> None:
    return None


assert_type(prices.call(price, 5), float)
assert_type(prices.call(price, 5, currency="usd"), float)
assert_type(prices.call(price, 5, fallback=lambda error: None), float | None)
assert_type(prices.call(price, 5, replica=lambda: 2.0), float)
prices.call(price, "5")  # wrong
prices.call(price, 5, curency="usd")  # wrong


@prices.protect()
def plain(order: int) -> float:
    return 1.0


@prices.protect(fallback=lambda error: None)
def with_fallback(order: int) -> float:
    return 1.0


@prices.protect(replica=price)
async def plain_async(order: int) -> float:
    return 1.0


@prices.protect(fallback=nothing)
async def async_with_fallback(order: int) -> float:
    return 1.0


@prices.protect()
def rows(order: int) -> Iterator[int]:
    yield order


@prices.protect()
async def rows_async(order: int) -> AsyncIterator[int]:
    yield order


class Shop:
    @prices.protect()
    def price(self, order: int) -> float:
        return 1.0


assert_type(plain(5), float)
assert_type(with_fallback(5), float | None)
assert_type(rows(5), Iterator[int])
assert_type(Shop().price(5), float)
plain("5")  # wrong
with_fallback(order="5")  # wrong
Shop().price()  # wrong


async def main() -> None:
    assert_type(await prices.call_async(price_async, 5), float)
    assert_type(await prices.call_async(price_async, 5, fallback=lambda error: None), float | None)
    assert_type(await prices.call_async(price_async, 5, fallback=nothing), float | None)
    assert_type(await plain_async(5), float)
    assert_type(await async_with_fallback(5), float | None)
    assert_type([row async for row in rows_async(5)], list[int])
    await prices.call_async(price_async, "5")  # wrong
    await plain_async("5")  # wrong
