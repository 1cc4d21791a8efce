"""Names of requests that were made of addresses."""

from __future__ import annotations

import pytest
from tests.exporter.digest.test_requests import request
from tests.exporter.digest.world import World, batch

from errtally import names
from errtally.exporter.digest.addresses import MAX_NAMES, SETTLED, Addresses


@pytest.mark.parametrize(
    ("known", "sent", "name"),
    [
        pytest.param("/orders/*", "/orders/fail/*", "/orders/*", id="a longer address below it"),
        pytest.param("GET /orders/*", "GET /orders/fail/*", "GET /orders/*", id="with a method"),
        pytest.param("POST /orders/*", "GET /orders/fail/*", "GET /orders/fail/*", id="of another method"),
        pytest.param("/orders/*", "/orders", "/orders", id="what lies above it"),
        pytest.param("/orders/*", "/users/*", "/users/*", id="another collection"),
        pytest.param("/orders/*", "/orders/*", "/orders/*", id="itself"),
        pytest.param("/*", "/checkout/pay", "/checkout/pay", id="an id at the root covers nothing"),
    ],
)
def test_a_name_that_is_new_counts_under_the_one_that_covers_it(known, sent, name):
    addresses = Addresses()
    addresses.name(known)
    assert addresses.name(sent) == name


def test_a_name_that_is_asked_for_often_stands_for_itself():
    addresses = Addresses()
    addresses.name("/orders/*")
    seen = [addresses.name("/orders/fail/*") for _ in range(SETTLED + 1)]
    assert seen == ["/orders/*"] * (SETTLED - 1) + ["/orders/fail/*"] * 2


def test_names_are_bounded():
    addresses = Addresses()
    for number in range(3 * MAX_NAMES):
        addresses.name(f"/{number:x}")
    assert len(addresses._seen) <= MAX_NAMES


def test_a_scan_does_not_take_the_places_of_real_routes():
    world = World(limits={names.REQUESTS.name: 100, names.REQUEST_DURATION.name: 50, names.APDEX_REQUESTS.name: 60})

    def ask(transaction, times=1):
        asked = request(trace="")
        asked.transaction, asked.is_address = transaction, True
        world.fold(batch(requests=[asked] * times))

    for number in range(1000):
        ask(f"/scan-{'abcdefghij'[number % 10]}{'klmnopqrst'[number // 10 % 10]}{'uvwxyzabcd'[number // 100]}.php")
    ask("/checkout", 20)
    for metric in (names.REQUESTS, names.REQUEST_DURATION, names.APDEX_REQUESTS):
        assert world.total(metric, transaction="/checkout") >= 10, metric.name
    assert world.total(names.REQUESTS) == 1020
