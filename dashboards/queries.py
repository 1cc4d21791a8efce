"""PromQL of the panels, from the catalogue of metrics and the dashboard's variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally import names

if TYPE_CHECKING:
    from errtally.names import Metric

SCOPE = 'project=~"$project", environment=~"$environment"'
"""Matchers of the dashboard's variables."""

BY_ISSUE = "project, environment, issue"


def of(metric: Metric, *matchers: str, suffix: str = "") -> str:
    """Return the selector of a metric within the chosen projects and environments, as far as it has these labels."""
    scope = [f'{label}=~"${label}"' for label in names.BASE_LABELS if label in metric.labels]
    found = ", ".join([*scope, *matchers])
    return f"{metric.name}{suffix}{{{found}}}" if found else f"{metric.name}{suffix}"


def total(selector: str) -> str:
    """Return the sum of gauges."""
    return f"sum({selector})"


def rate(selector: str, by: str = "") -> str:
    """Return the sum of per-second rates."""
    return f"sum{_by(by)}(rate({selector}[$__rate_interval]))"


def increase(selector: str, by: str = "") -> str:
    """Return the sum of increases within one step of the graph."""
    return f"sum{_by(by)}(increase({selector}[$__rate_interval]))"


def counted(selector: str, by: str = "") -> str:
    """Return how much counters grew over the dashboard's time range, in whole numbers.

    `increase()` does not see the first sample of a counter that is born above 0, so the first event of
    a new issue would be missing. The exporter's counters never go down while they live, so the difference to the
    range's start is right, and a series that was not there then counts in full.
    """
    return f"sum{_by(by)}(clamp_min({selector} - {selector} offset $__range, 0) or {selector})"


def quantile(share: float, metric: Metric, *matchers: str) -> str:
    """Return a quantile of a histogram."""
    return f"histogram_quantile({share}, {rate(of(metric, *matchers, suffix='_bucket'), 'le')})"


def error_rate() -> str:
    """Return the share of requests that end with status 5xx; absent without requests, 0 without failures."""
    served = rate(of(names.REQUESTS))
    failed = rate(of(names.REQUESTS, 'status_class="5xx"'))
    return f"({failed} or 0 * {served}) / ({served} > 0)"


def mean_time_to_resolve() -> str:
    """Return the mean seconds from an issue's first event to its resolution, of those resolved in the time range."""
    seconds = counted(of(names.ISSUE_RESOLUTION, suffix="_sum"))
    resolved = counted(of(names.ISSUE_RESOLUTION, suffix="_count"))
    return f"{seconds} / ({resolved} > 0)"


def apdex() -> str:
    """Return the Apdex from the requests' zones; absent without requests."""
    zones = {zone: rate(of(names.APDEX_REQUESTS, f'zone="{zone}"')) for zone in names.APDEX_ZONES}
    served = rate(of(names.APDEX_REQUESTS))
    none = f"0 * {served}"
    return f"(({zones['satisfied']} or {none}) + ({zones['tolerating']} or {none}) / 2) / ({served} > 0)"


def recent_issues(count: int) -> str:
    """Return when each of the newest issues was last seen, in milliseconds, with what the issue is."""
    last_seen = f"max by ({BY_ISSUE}) ({of(names.ISSUE_LAST_SEEN)})"
    # One info series an issue: two, as after a change of title, would make the join fail.
    info = f"topk by ({BY_ISSUE}) (1, max by ({BY_ISSUE}, type, title, culprit, status) ({of(names.ISSUE_INFO)}))"
    joined = f"{last_seen} * on ({BY_ISSUE}) group_left (type, title, culprit, status) {info}"
    return f"sort_desc(topk({count}, {joined})) * 1000"


def top_issues(count: int) -> str:
    """Return the issues with the most events over the time range."""
    return f"topk({count}, {counted(of(names.ISSUE_EVENTS), BY_ISSUE)} > 0)"


def _by(labels: str) -> str:
    return f" by ({labels}) " if labels else ""
