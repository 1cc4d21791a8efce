"""PromQL of what applications count themselves: recoveries, circuit breakers, what a process uses.

These series come by two ways. An application that has `prometheus_client` is scraped; its series have the job and
instance of the application, and a project only where the scrape configuration adds one. Others push, and the exporter
shows their series with project and environment. Queries take both: the empty alternative of a matcher takes in
what has no project.

A process that is scraped begins at 0 when it starts, often under another address. So, unlike the exporter's own
counters, these may go back or vanish within a time range, and what happened before must still count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally import names
from errtally.rules.alerts.data_absent import JOB

if TYPE_CHECKING:
    from errtally.names import Metric

SCRAPE_LABEL = "scrape"
"""Tells the series of scraped processes apart where those of replicas of the exporter are to count once."""

_SAME_TARGET = "on (job, instance)"
_UP = "up"


def scope() -> list[str]:
    """Return the matchers of project and environment, which take in what has neither."""
    return [f'{label}=~"${label}|"' for label in names.BASE_LABELS]


def of(metric: Metric, *matchers: str) -> str:
    """Return the selector of a metric of the client library within what the dashboard's variables choose."""
    chosen = ['service=~"$service"'] if "service" in metric.labels else []
    return f"{metric.name}{{{', '.join([*scope(), *chosen, *matchers])}}}"


def counted(selector: str, by: str = "") -> str:
    """Return how much counters grew over the dashboard's time range.

    Whole numbers, as `queries.counted` gives them, but where a process started anew or is gone: there Prometheus
    estimates. In this order, a series of a process

    1. that went back, grew by what `increase()` says;
    2. that was there at the range's start, by the difference;
    3. that was not there although its target was scraped, was born within the range: all of it counts;
    4. whose target was first scraped within the range, by the difference to its first sample; by all of it when it
       has fewer samples than its target had scrapes, thus was born since;
    5. that is gone, by what `increase()` says.
    """
    start = f"{selector} offset $__range"
    grown = f"increase({selector}[$__range])"
    watched = f"({_UP} offset $__range == 1)"
    first = f"min_over_time({selector}[$__range])"
    is_old = (
        f"count_over_time({selector}[$__range]) >= bool {_SAME_TARGET} group_left () sum_over_time({_UP}[$__range])"
    )
    return (
        f"sum{_by(by)}(({grown} and resets({selector}[$__range]) > 0) or ({selector} - {start} >= 0)"
        f" or ({selector} and {_SAME_TARGET} {watched}) or ({selector} - {first} * ({is_old})) or {grown})"
    )


def stepped(selector: str, by: str = "") -> str:
    """Return how much counters grew within one step of a graph; a process that started anew counts from 0."""
    before = f"{selector} offset $__interval"
    watched = f"({_UP} offset $__interval == 1)"
    return f"sum{_by(by)}(({selector} - {before} >= 0) or ({selector} and {_SAME_TARGET} {watched}))"


def each(metric: Metric, pick: str = "max") -> str:
    """Return a gauge of every process, named by one label: the address it is scraped at, or what it calls itself."""
    scraped = of(metric, f'job!="{JOB}"')
    named = f'label_join({scraped}, "{names.PROCESS_LABEL}", "", "instance")'
    pushed = of(metric, f'job="{JOB}"')
    return f"{pick} by ({', '.join(names.BASE_LABELS)}, {names.PROCESS_LABEL}) ({named} or {pushed})"


def _by(labels: str) -> str:
    return f" by ({labels}) " if labels else " "
