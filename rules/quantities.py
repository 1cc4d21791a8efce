"""The recorded quantities that several alerts read: traffic, share of failures, mean duration, Apdex.

Each function returns recording rules whose last is the quantity itself; two alerts with the same window share them.
A quantity is absent without traffic: the comparison with 0 drops a service before the division could give NaN.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally import names
from errtally.rules.model import Recording
from errtally.rules.series import ERROR_LEVELS, added, rate, record_name

if TYPE_CHECKING:
    from errtally.rules.model import Tuned


def requests(tuned: Tuned) -> Recording:
    """Requests a second."""
    window = tuned.window_seconds
    return Recording(
        record_name(names.REQUESTS, "rate", window), added(names.REQUESTS, rate(names.REQUESTS, window), tuned)
    )


def failure_ratio(tuned: Tuned) -> tuple[Recording, ...]:
    """The share of requests that end with 5xx; 0 for a service that has no series of failures."""
    window, total = tuned.window_seconds, requests(tuned)
    failed = added(names.REQUESTS, rate(names.REQUESTS, window, 'status_class="5xx"'), tuned)
    return (
        total,
        Recording(
            record_name(names.REQUESTS, "failure_ratio_rate", window),
            f"(\n  {failed}\n  or 0 * {total.record}\n)\n/ ({total.record} > 0)",
        ),
    )


def timed_requests(tuned: Tuned) -> Recording:
    """Requests a second whose duration is known."""
    window = tuned.window_seconds
    expr = added(names.REQUEST_DURATION, rate(names.REQUEST_DURATION, window, suffix="_count"), tuned)
    return Recording(record_name(names.REQUEST_DURATION, "count_rate", window), expr)


def mean_duration(tuned: Tuned) -> tuple[Recording, ...]:
    """The mean duration of requests in seconds."""
    window, count = tuned.window_seconds, timed_requests(tuned)
    spent = added(names.REQUEST_DURATION, rate(names.REQUEST_DURATION, window, suffix="_sum"), tuned)
    name = record_name(names.REQUEST_DURATION, "mean_rate", window)
    return (count, Recording(name, f"{spent}\n/ ({count.record} > 0)"))


def apdex(tuned: Tuned) -> tuple[Recording, ...]:
    """Apdex: satisfied and half of the tolerating requests, of all. A failed request is frustrated."""
    window = tuned.window_seconds
    total = Recording(
        record_name(names.APDEX_REQUESTS, "rate", window),
        added(names.APDEX_REQUESTS, rate(names.APDEX_REQUESTS, window), tuned),
    )

    def zone(name: str) -> str:
        return added(names.APDEX_REQUESTS, rate(names.APDEX_REQUESTS, window, f'zone="{name}"'), tuned)

    satisfied, tolerating, _ = names.APDEX_ZONES
    score = (
        f"(\n  ({zone(satisfied)} or 0 * {total.record})\n  + ({zone(tolerating)} or 0 * {total.record}) / 2\n)"
        f"\n/ ({total.record} > 0)"
    )
    return (total, Recording(record_name(names.APDEX_REQUESTS, "score_rate", window), score))


def errors(tuned: Tuned, window_seconds: int) -> Recording:
    """Error events a second."""
    expr = added(names.EVENTS, rate(names.EVENTS, window_seconds, ERROR_LEVELS), tuned)
    return Recording(record_name(names.EVENTS, "error_rate", window_seconds), expr)
