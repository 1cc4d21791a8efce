"""Log-ins are tried a few times by each address, and not without end by all of them together."""

from __future__ import annotations

import pytest

from errtally.exporter.web.attempts import MAX_ADDRESSES, MAX_BY_ACCOUNT, MAX_BY_ADDRESS, WINDOW_SECONDS, Attempts


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_an_address_that_failed_too_often_waits_and_others_do_not(clock):
    attempts = Attempts(clock=clock)
    for _ in range(MAX_BY_ADDRESS):
        assert attempts.wait_seconds("192.0.2.1") == 0
        attempts.failed("192.0.2.1")
    assert 0 < attempts.wait_seconds("192.0.2.1") <= WINDOW_SECONDS + 1
    assert attempts.wait_seconds("192.0.2.2") == 0
    clock.now += WINDOW_SECONDS + 1
    assert attempts.wait_seconds("192.0.2.1") == 0


def test_one_network_of_ipv6_is_one_address(clock):
    attempts = Attempts(clock=clock)
    for number in range(MAX_BY_ADDRESS):
        attempts.failed(f"2001:db8::{number:x}")
    assert attempts.wait_seconds("2001:db8::ffff")
    assert not attempts.wait_seconds("2001:db8:0:1::1")


def test_many_addresses_share_a_limit_that_spares_those_who_logged_in_before(clock):
    attempts = Attempts(clock=clock)
    attempts.succeeded("192.0.2.1")
    for number in range(MAX_BY_ACCOUNT):
        attempts.failed(f"198.51.{number // 250}.{number % 250}")
    assert attempts.wait_seconds("203.0.113.5")
    assert not attempts.wait_seconds("192.0.2.1")


def test_a_success_forgives(clock):
    attempts = Attempts(clock=clock)
    for _ in range(MAX_BY_ADDRESS - 1):
        attempts.failed("192.0.2.1")
    attempts.succeeded("192.0.2.1")
    attempts.failed("192.0.2.1")
    assert not attempts.wait_seconds("192.0.2.1")


def test_memory_is_bounded(clock):
    attempts = Attempts(clock=clock)
    for number in range(MAX_ADDRESSES + 500):
        attempts.failed(f"host{number}")
    assert len(attempts._failed) == MAX_ADDRESSES


def test_workers_share_the_limit(clock):
    attempts = Attempts(workers=4, clock=clock)
    for _ in range(MAX_BY_ADDRESS // 4):
        attempts.failed("a")
    assert attempts.wait_seconds("a")
