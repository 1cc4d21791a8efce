"""A service under the real sentry-sdk: serves requests for a while, some fail; prints what it did as JSON.

Run as: sentry_app.py DSN SECONDS FAILED_SHARE
"""

from __future__ import annotations

import json
import sys
import time

import sentry_sdk


def price(order: int) -> float:
    prices: dict[int, float] = {}
    try:
        return prices[order]
    except KeyError as exc:
        raise ValueError(f"could not price order {order} for user{order}@example.com") from exc


def main(dsn: str, seconds: float, failed_share: float) -> None:
    sentry_sdk.init(
        dsn,
        release="shop@1.4.2",
        environment="production",
        traces_sample_rate=1.0,
        auto_session_tracking=False,
        send_default_pii=True,
    )
    done = {"requests": 0, "failed": 0, "events": 0, "event_ids": []}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        order = 1000 + done["requests"]
        is_failing = (done["requests"] % 10) < failed_share * 10
        with sentry_sdk.isolation_scope() as scope:
            scope.set_user({"id": f"u-{order % 5}"})
            with sentry_sdk.start_transaction(op="http.server", name="/orders/{id}") as transaction:
                if is_failing:
                    try:
                        price(order)
                    except ValueError as exc:
                        done["event_ids"].append(sentry_sdk.capture_exception(exc))
                        done["events"] += 1
                        done["failed"] += 1
                transaction.set_http_status(500 if is_failing else 200)
        done["requests"] += 1
        time.sleep(0.04)
    sentry_sdk.flush(10)
    print(json.dumps(done))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]))
