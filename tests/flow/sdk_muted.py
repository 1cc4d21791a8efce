"""Errors and transactions of the real sentry-sdk, one after the other; its own debug log goes to stderr.

Run as: sdk_muted.py DSN ERRORS brotli|gzip
"""

from __future__ import annotations

import sys


def price(item: int) -> None:
    raise TypeError(f"no price for item {item}")


def main(dsn: str, errors: int, encoding: str) -> None:
    """Send and leave."""
    if encoding == "gzip":
        sys.modules["brotli"] = None  # type: ignore[assignment]  # as where the package is not installed
    import sentry_sdk  # noqa: PLC0415 (it looks for brotli when it is imported)

    sentry_sdk.init(dsn, environment="staging", traces_sample_rate=1.0, auto_session_tracking=False, debug=True)
    for number in range(errors):
        try:
            price(number)
        except TypeError as exc:
            sentry_sdk.capture_exception(exc)
        sentry_sdk.flush(5)
        with sentry_sdk.start_transaction(op="http.server", name="/cart"):
            pass
        sentry_sdk.flush(5)
    transport = sentry_sdk.get_client().transport
    print(transport._compression_algo)
    transport._last_client_report_sent = 0.0  # reports go out once in half a minute
    sentry_sdk.flush(5)
    sentry_sdk.get_client().close(5)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
