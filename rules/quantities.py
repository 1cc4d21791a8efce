"""The recorded quantities that several alerts read: traffic, share of failures, mean duration, Apdex.

Each function returns recording rules whose last is the quantity itself; two alerts with the same window share them.
A quantity is absent without traffic: the comparison with 0 drops a service before the division could give NaN.

They reckon with the counters of a service as a whole, which exist at 0 from its first sight and are never evicted: each
event is an increase. A share is made of raw counters in one query, never of two records: an engine that sees a record
only at the next evaluation would divide numbers of different times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally import names
from errtally.rules.model import Recording
from errtally.rules.series import ERROR_LEVELS, rate, record_name, sum_by

if TYPE_CHECKING:
    from errtally.names import Metric
    from errtally.rules.rule_settings import RuleSettings


def requests(settings: RuleSettings) -> Recording:
    """Requests a second."""
    window = settings.window_seconds
    return Recording(record_name(names.SERVICE_REQUESTS, "rate", window), _rate(names.SERVICE_REQUESTS, settings))


def failure_ratio(settings: RuleSettings) -> tuple[Recording, ...]:
    """The share of requests that end with 5xx."""
    window, total = settings.window_seconds, requests(settings)
    failed = _rate(names.SERVICE_REQUESTS, settings, 'status_class="5xx"')
    name = record_name(names.SERVICE_REQUESTS, "failure_ratio_rate", window)
    return (total, Recording(name, f"{failed}\n/ ({total.expr} > 0)"))


def timed_requests(settings: RuleSettings) -> Recording:
    """Requests a second whose duration is known."""
    metric = names.SERVICE_REQUEST_DURATION
    name = record_name(metric, "count_rate", settings.window_seconds)
    return Recording(name, _rate(metric, settings, suffix="_count"))


def mean_duration(settings: RuleSettings) -> tuple[Recording, ...]:
    """The mean duration of requests in seconds."""
    metric, count = names.SERVICE_REQUEST_DURATION, timed_requests(settings)
    name = record_name(metric, "mean_rate", settings.window_seconds)
    return (count, Recording(name, f"{_rate(metric, settings, suffix='_sum')}\n/ ({count.expr} > 0)"))


def apdex(settings: RuleSettings) -> tuple[Recording, ...]:
    """Apdex: satisfied and half of the tolerating requests, of all. A failed request is frustrated."""
    metric, window = names.SERVICE_APDEX_REQUESTS, settings.window_seconds
    total = Recording(record_name(metric, "rate", window), _rate(metric, settings))
    satisfied, tolerating = (_rate(metric, settings, f'zone="{zone}"') for zone in names.APDEX_ZONES[:2])
    score = f"(\n  {satisfied}\n  + {tolerating} / 2\n)\n/ ({total.expr} > 0)"
    return (total, Recording(record_name(metric, "score_rate", window), score))


def errors(settings: RuleSettings, window_seconds: int) -> Recording:
    """Error events a second."""
    expr = sum_by(names.SERVICE_EVENTS, rate(names.SERVICE_EVENTS, window_seconds, ERROR_LEVELS), settings)
    return Recording(record_name(names.SERVICE_EVENTS, "error_rate", window_seconds), expr)


def _rate(metric: Metric, settings: RuleSettings, matchers: str = "", suffix: str = "") -> str:
    return sum_by(metric, rate(metric, settings.window_seconds, matchers, suffix), settings)
