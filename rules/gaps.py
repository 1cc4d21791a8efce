"""What rules do about times without data: news that came meanwhile is told, and what was known last stands.

News has a time at which the exporter noticed it. It is new when that time lies after the last scrape that is older than
the rule's window: a few minutes ago in quiet times, the last scrape before the gap after one. A Prometheus that knows
nothing older (its first start) calls new what was noticed within the window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally import names
from errtally.config.duration import format_duration
from errtally.rules.model import Recording

if TYPE_CHECKING:
    from errtally.rules.rule_settings import RuleSettings

_POINT_SECONDS, _POINTS = 60, 1440
"""How far the points lie apart at which it is looked for the last scrape, and how many: the longest gap is a day."""

_STANDS_FOR = "1h"
"""How long what was known last stands while its source can't be scraped; TargetDown tells of the gap itself."""


def seen_until(settings: RuleSettings) -> Recording:
    """Return the record of the time until which news is old, seconds since the epoch.

    Exporters with stores of their own have a time each, for one may have been away while others were scraped.
    """
    window = settings.window_seconds
    name = f"errtally:seen_until:timestamp{format_duration(window)}"
    scraped = f"timestamp({names.UP.name})"
    point = min(_POINT_SECONDS, max(window // 4, 1))
    gap = f"{format_duration(_POINTS * point)}:{format_duration(point)}"
    past = f"max_over_time({scraped}[{gap}] offset {format_duration(window)})"
    if settings.exporters == "independent":
        by = "max by (job, instance)"
        return Recording(name, f"{by} ({past})\nor\n0 * {by} ({scraped}) + time() - {window}")
    return Recording(name, f"max({past})\nor\nvector(time() - {window})")


def is_news(metric: str, settings: RuleSettings) -> str:
    """Return the query of a gauge of times that are news."""
    return f"{metric} > {_until(settings)}"


def is_old(metric: str, settings: RuleSettings) -> str:
    """Return the query of a gauge of times that are no news any more."""
    return f"{metric} <= {_until(settings)}"


def _until(settings: RuleSettings) -> str:
    on = "job, instance" if settings.exporters == "independent" else ""
    return f"on ({on}) group_left () {seen_until(settings).record}"


def held(series: str) -> str:
    """Return a query of series that stand as they were while their source is known to Prometheus and is down."""
    return f"({series} or (last_over_time({series}[{_STANDS_FOR}]) and on (job, instance) up == 0))"
