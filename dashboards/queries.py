"""PromQL of the panels, from the catalogue of metrics and the dashboard's variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally import names
from errtally.config.duration import format_duration
from errtally.rules.series import ERROR_LEVELS

if TYPE_CHECKING:
    from errtally.names import Metric

SCOPE = names.BASE_LABELS
"""The labels that every dashboard has a variable for."""

BY_ISSUE = "project, environment, issue"
_WHAT = "type, title, culprit, status"
SEVERITY_BY_RANK = {rank: severity for rank, severity in enumerate(names.SEVERITIES, 1) if severity != "none"}
"""1 is the most severe."""
BY_ALERT = "alertname, severity, project, environment, instance"
_SAME_SCRAPE = "on (job, instance)"
_CREATED = names.STORE_CREATED.name
_FRESH_SECONDS = 3600
"""A deploy that is told of is marked where it appears; one that is older by then was told to another Prometheus."""


def of(metric: Metric, *matchers: str, suffix: str = "", variables: tuple[str, ...] = SCOPE) -> str:
    """Return the selector of a metric within what the dashboard's variables choose, as far as it has these labels."""
    scope = [f'{label}=~"${label}"' for label in variables if label in metric.labels]
    found = ", ".join([*scope, *matchers])
    return f"{metric.name}{suffix}{{{found}}}" if found else f"{metric.name}{suffix}"


def total(selector: str, by: str = "") -> str:
    """Return the sum of gauges."""
    return f"sum{_by(by)}({selector})"


def rate(selector: str, by: str = "") -> str:
    """Return the sum of per-second rates."""
    return f"sum{_by(by)}(rate({selector}[$__rate_interval]))"


def counted(selector: str, by: str = "") -> str:
    """Return how much counters grew over the dashboard's time range, in whole numbers.

    `increase()` does not see the first sample of a counter that is born above 0, so the first event of a new issue
    would be missing; a plain difference counts all of the past when Prometheus began later than the range.
    So there are three cases, told apart by whether this Prometheus scraped the exporter at the range's start:

    1. the series was there at the start: the difference;
    2. it was not, but scrapes were, or the exporter's store is younger than the range: born within, so all of it;
    3. Prometheus began within the range, beside an older exporter: the difference to the first sample ever seen,
       or all of it when it has fewer samples than the exporter's own series, thus was born since.
    """
    start = f"{selector} offset $__range"
    unwatched = f"({_CREATED} <= time() - $__range_s unless {_SAME_SCRAPE} {_CREATED} offset $__range)"
    # At the end of the range once for all steps of a graph: these two read all samples of the range.
    first = f"min_over_time({selector}[$__range] @ end())"
    is_old = (
        f"count_over_time({selector}[$__range] @ end()) >= bool {_SAME_SCRAPE} group_left ()"
        f" count_over_time({_CREATED}[$__range] @ end())"
    )
    young = f"({_CREATED} @ end() unless {_SAME_SCRAPE} {_CREATED} @ end() offset $__range)"
    return (
        f"sum{_by(by)}(({selector} - {start} >= 0) or ({selector} unless {_SAME_SCRAPE} {unwatched})"
        f" or ({selector} - {first} * ({is_old}) >= 0 and {_SAME_SCRAPE} {young}))"
    )


def stepped(selector: str, by: str = "") -> str:
    """Return how much counters grew within one step of a graph, in whole numbers: the bars add up to the total.

    As `counted`, a series born within the step counts in full, but not those of an older exporter whose scrapes begin.
    """
    before = f"{selector} offset $__interval"
    unwatched = f"({_CREATED} <= time() - $__interval_ms / 1000 unless {_SAME_SCRAPE} {_CREATED} offset $__interval)"
    return f"sum{_by(by)}(({selector} - {before} >= 0) or ({selector} unless {_SAME_SCRAPE} {unwatched}))"


def errors(by: str = "") -> str:
    """Return the events of level error and fatal within the time range."""
    return counted(of(names.EVENTS, ERROR_LEVELS), by)


def rate_of_its_project(metric: Metric, info: str) -> str:
    """Return the sum of per-second rates over the projects and environments that an issue is in."""
    return f"sum(rate({of(metric)}[$__rate_interval]) and on ({', '.join(SCOPE)}) {info})"


def quantile(share: float, buckets: str, by: str = "") -> str:
    """Return a quantile of a histogram, now; absent where it took in nothing, which Prometheus calls NaN."""
    return f"(histogram_quantile({share}, {rate(buckets, _joined(by, 'le'))}) >= 0)"


def quantile_of_range(share: float, buckets: str, by: str = "") -> str:
    """Return a quantile of a histogram over the dashboard's time range."""
    return f"(histogram_quantile({share}, sum by ({_joined(by, 'le')}) (rate({buckets}[$__range]))) >= 0)"


def share(part: str, whole: str) -> str:
    """Return part by whole: 0 without a part, absent without a whole."""
    return f"({part} or 0 * {whole}) / ({whole} > 0)"


def error_rate(window_seconds: int, by: str = "", variables: tuple[str, ...] = SCOPE) -> str:
    """Return the share of requests that end with status 5xx, over the window that the alert about it looks at.

    Absent without requests, 0 without failures.
    """
    failed = of(names.REQUESTS, 'status_class="5xx"', variables=variables)
    part, whole = (
        f"sum{_by(by)}(rate({one}[{format_duration(window_seconds)}]))"
        for one in (failed, of(names.REQUESTS, variables=variables))
    )
    return share(part, whole)


def error_rate_of_range(by: str = "", variables: tuple[str, ...] = SCOPE) -> str:
    """Return the share of the time range's requests that ended with status 5xx."""
    failed = of(names.REQUESTS, 'status_class="5xx"', variables=variables)
    return share(counted(failed, by), counted(of(names.REQUESTS, variables=variables), by))


def mean(histogram: Metric, by: str = "") -> str:
    """Return the mean of what a histogram took in over the dashboard's time range."""
    return f"{counted(of(histogram, suffix='_sum'), by)} / ({counted(of(histogram, suffix='_count'), by)} > 0)"


def apdex(by: str = "", variables: tuple[str, ...] = SCOPE) -> str:
    """Return the Apdex from the requests' zones, now; absent without requests."""
    return _apdex({zone: rate(_zone(zone, variables), by) for zone in (*names.APDEX_ZONES, "")})


def apdex_of_range(by: str = "", variables: tuple[str, ...] = SCOPE) -> str:
    """Return the Apdex of the time range's requests."""
    return _apdex({zone: counted(_zone(zone, variables), by) for zone in (*names.APDEX_ZONES, "")})


def _zone(zone: str, variables: tuple[str, ...]) -> str:
    matchers = (f'zone="{zone}"',) if zone else ()
    return of(names.APDEX_REQUESTS, *matchers, variables=variables)


def _apdex(zones: dict[str, str]) -> str:
    every = zones[""]
    none = f"0 * {every}"
    return f"(({zones['satisfied']} or {none}) + ({zones['tolerating']} or {none}) / 2) / ({every} > 0)"


def described(values: str, *, kept: str = "") -> str:
    """Join values by issue with what the issue is.

    Args:
        values: one series an issue.
        kept: matchers of the info series, such as a status.
    """
    matchers = (kept,) if kept else ()
    # One info series an issue: two, as after a change of title, would make the join fail.
    info = f"topk by ({BY_ISSUE}) (1, {known_as(of(names.ISSUE_INFO, *matchers))})"
    return f"{values} * on ({BY_ISSUE}) group_left ({_WHAT}) {info}"


def known_as(info: str) -> str:
    """Return what issues are, once each, however many exporters tell of them."""
    return f"max by ({BY_ISSUE}, {_WHAT}) ({info})"


def recent_issues(count: int, metric: Metric = names.ISSUE_LAST_SEEN) -> str:
    """Return the newest issues with the moment that ``metric`` knows, in milliseconds, and what the issue is."""
    seen = f"max by ({BY_ISSUE}) ({of(metric)})"
    return f"sort_desc(topk({count}, {described(seen)})) * 1000"


def events_of_recent_issues(count: int, metric: Metric = names.ISSUE_LAST_SEEN) -> str:
    """Return the same issues with their events of the time range, and the level that most of their series have."""
    newest = f"topk({count}, {described(f'max by ({BY_ISSUE}) ({of(metric)})')})"
    events = of(names.ISSUE_EVENTS)
    level = f"topk by ({BY_ISSUE}) (1, sum by ({BY_ISSUE}, level) ({events}))"
    return (
        f"({counted(events, BY_ISSUE)} and on ({BY_ISSUE}) {newest})"
        f" * on ({BY_ISSUE}) group_left (level) ({level} > bool 0)"
    )


def top_issues(count: int) -> str:
    """Return the issues with the most events over the time range; those beyond the budget have no name to show."""
    events = f"({counted(of(names.ISSUE_EVENTS), BY_ISSUE)} > 0)"
    return f"topk({count}, {described(events)})"


def firing(*matchers: str) -> str:
    """Return the alerts that fire, but for the dead man's switch."""
    # An alert of a host or exporter has no project: the empty alternative takes it in.
    found = ['alertstate="firing"', 'severity!="none"', 'project=~"$project|"', 'environment=~"$environment|"']
    return f"ALERTS{{{', '.join([*found, *matchers])}}}"


def began(*matchers: str) -> str:
    """Return the alerts that did not fire a step before: 1 where one begins, absent otherwise."""
    now = firing(*matchers)
    return f"count by ({BY_ALERT}) ({now}) unless count by ({BY_ALERT}) ({now} offset $__interval)"


def firing_since() -> str:
    """Return since when each alert fires, in milliseconds."""
    since = 'ALERTS_FOR_STATE{severity!="none", project=~"$project|", environment=~"$environment|"}'
    return f"(min by ({BY_ALERT}) ({since}) and on ({BY_ALERT}) {firing()}) * 1000"


def firing_rank(by: str) -> str:
    """Return the severity of each alert that fires as its place among the severities, so that a table sorts by it."""
    return " or ".join(
        f"max by ({by}) ({firing(matcher)}) * {rank}"
        for rank, matcher in ((rank, f'severity="{severity}"') for rank, severity in SEVERITY_BY_RANK.items())
    )


def deploys() -> str:
    """Return each release at the steps at which it was deployed, 1 then and absent otherwise.

    A deploy is one that errtally was told of; of a release without any, it is the first session that came in. A
    Prometheus that has only just begun would take every release for new: what it did not watch is no deploy.
    """
    by, named = "project, environment, release", f'release!="{names.OTHER}"'
    seen = of(names.SESSIONS, named)
    watched = f"{_SAME_SCRAPE} {_CREATED} offset $__interval"
    begun = f"count by ({by}) ({seen} and {watched}) unless count by ({by}) ({seen} offset $__interval)"
    deployed = of(names.RELEASE_DEPLOYED, named)
    told, before = (f"max by ({by}) ({deployed}{at})" for at in ("", " offset $__interval"))
    fresh = f"({told} > time() - {_FRESH_SECONDS}) unless ({told} == {before})"
    return f"(({begun}) unless {told}) or count by ({by}) ({fresh})"


def _by(labels: str) -> str:
    return f" by ({labels}) " if labels else " "


def _joined(*labels: str) -> str:
    return ", ".join(label for label in labels if label)
