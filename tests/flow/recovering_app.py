"""An application that calls two services through errtally's recovery, and shows its own series.

Run as: recovering_app.py PORT

"prices" fails now and then and is saved by a further attempt. "payments" is down for a while: calls take the fallback
or fail, the circuit opens, refuses, tries and closes again.
"""

from __future__ import annotations

import itertools
import logging
import sys
import time

import prometheus_client

from errtally.client.performance import UsageReader
from errtally.recovery import BreakerSettings, ErrorClass, Recovery, Retry

CALLS_A_SECOND = 20
DOWN_FROM_SECONDS, DOWN_FOR_SECONDS = 12, 8
_QUICK = {ErrorClass.NETWORK: Retry("retry-network", tries=1, base_seconds=0.001, cap_seconds=0.001)}

prices = Recovery("prices", timeout_seconds=None, strategies=_QUICK)
payments = Recovery(
    "payments",
    timeout_seconds=None,
    strategies=_QUICK,
    breaker=BreakerSettings(minimum_calls=5, open_seconds=2, window_seconds=2),
)
_asked = itertools.count(1)


def price() -> float:
    if next(_asked) % 10 == 0:
        raise ConnectionResetError("prices hung up")
    return 7.5


def pay(started: float) -> None:
    if DOWN_FROM_SECONDS <= time.monotonic() - started < DOWN_FROM_SECONDS + DOWN_FOR_SECONDS:
        raise ConnectionRefusedError("payments is down")


def main(port: int) -> None:
    logging.basicConfig(level=logging.CRITICAL)
    prometheus_client.REGISTRY.register(UsageReader())
    prometheus_client.start_http_server(port, addr="127.0.0.1")
    started = time.monotonic()
    for number in itertools.count():
        prices.call(price)
        try:
            payments.call(pay, started, fallback=(lambda _: None) if number % 3 else None)
        except Exception:  # noqa: BLE001 (what nobody could help; its counters tell)
            time.sleep(0.001)
        time.sleep(1 / CALLS_A_SECOND)


if __name__ == "__main__":
    main(int(sys.argv[1]))
