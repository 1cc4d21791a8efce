"""Panels that several dashboards show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally import names
from errtally.config.duration import format_duration
from errtally.dashboards import links, queries
from errtally.dashboards.colors import (
    BAD,
    BLUE,
    BY_ISSUE_STATUS,
    BY_LEVEL,
    BY_QUANTILE,
    BY_SEVERITY,
    BY_STATUS_CLASS,
    FAIR,
    GOOD,
)
from errtally.dashboards.panels import bar_gauge, heatmap, pie, query, stat, time_series
from errtally.dashboards.tables import Column, table
from errtally.rules.alerts.high_error_rate import HIGH_ERROR_RATE
from errtally.rules.alerts.response_time_degradation import RESPONSE_TIME_DEGRADATION
from errtally.rules.settings import rule_settings, threshold

if TYPE_CHECKING:
    from errtally.config.alerting import Alerting
    from errtally.dashboards.panels import KindPanel, Size, Steps

PLAIN: Steps = [(BLUE, None)]
APDEX_FAIR, APDEX_GOOD = 0.7, 0.94
APDEX_STEPS: Steps = [(BAD, None), (FAIR, APDEX_FAIR), (GOOD, APDEX_GOOD)]
SCOPE = queries.SCOPE
_TOP_ISSUES, _TOP_TYPES, _RECENT_ISSUES = 8, 8, 20


def error_rate_steps(alerting: Alerting) -> Steps:
    """Return the colours of an error rate: red is where the alert HighErrorRate fires."""
    limit = threshold(alerting, HIGH_ERROR_RATE)
    return [(GOOD, None), (FAIR, limit / 2), (BAD, limit)]


def response_time_steps(alerting: Alerting) -> Steps:
    """Return the colours of a response time: red is where the alert ResponseTimeDegradation fires."""
    limit = threshold(alerting, RESPONSE_TIME_DEGRADATION)
    return [(GOOD, None), (FAIR, limit / 2), (BAD, limit)]


def error_rate_window(alerting: Alerting) -> int:
    """Return the seconds over which an error rate is taken everywhere: those of the alert HighErrorRate."""
    return rule_settings(HIGH_ERROR_RATE, alerting).window_seconds


def error_rate(alerting: Alerting, size: Size, variables: tuple[str, ...] = SCOPE) -> KindPanel:
    """Return the share of requests that fail."""
    return stat(
        "Error rate",
        f"Share of requests that ended with status 5xx within {format_duration(error_rate_window(alerting))}."
        " Red is where the alert HighErrorRate fires.",
        size,
        queries.error_rate(error_rate_window(alerting), variables=variables),
        unit="percentunit",
        no_value="No requests",
        steps=error_rate_steps(alerting),
        decimals=2,
    )


def total_errors(size: Size) -> KindPanel:
    """Return how many errors happened in the time range."""
    return stat(
        "Total errors",
        "Events of level error and fatal within the time range.",
        size,
        queries.errors(),
        unit="short",
        no_value="No errors",
        steps=PLAIN,
    )


def affected_users(size: Size) -> KindPanel:
    """Return how many users met an error lately."""
    return stat(
        "Affected users, 24h",
        "Distinct users who met any error within the last 24 hours; an estimate.",
        size,
        queries.total(queries.of(names.USERS_AFFECTED, 'window="24h"')),
        unit="short",
        no_value="No users",
        steps=PLAIN,
        decimals=0,
    )


def time_to_resolve(size: Size) -> KindPanel:
    """Return the mean time from an issue's first event to its resolution."""
    return stat(
        "MTTR",
        "Mean time from an issue's first event, or return, to its resolution; of those resolved in the time range.",
        size,
        queries.mean(names.ISSUE_RESOLUTION),
        unit="s",
        no_value="None resolved",
        steps=PLAIN,
    )


def apdex_now(size: Size, variables: tuple[str, ...] = SCOPE) -> KindPanel:
    """Return the Apdex."""
    return stat(
        "Apdex",
        f"1 is all satisfied; below {APDEX_FAIR} is poor, from {APDEX_GOOD} excellent. A failed request is frustrated.",
        size,
        queries.apdex(variables=variables),
        unit="none",
        no_value="No requests",
        steps=APDEX_STEPS,
        decimals=2,
    )


def apdex_over_time(title: str, size: Size, variables: tuple[str, ...] = SCOPE) -> KindPanel:
    """Return each service's Apdex over time."""
    return time_series(
        title,
        f"1 is all satisfied; below {APDEX_FAIR}, the dashed line, is poor. A failed request counts as frustrated.",
        size,
        [query(queries.apdex("project", variables), "{{project}}")],
        unit="none",
        no_value="No requests",
        maximum=1,
        limit=APDEX_FAIR,
        is_better_high=True,
        links=[links.dashboard("Performance", links.PERFORMANCE, project=links.label("project"))],
    )


def response_time_now(alerting: Alerting, size: Size, variables: tuple[str, ...] = SCOPE) -> KindPanel:
    """Return the 95th percentile of the response time."""
    return stat(
        "95th percentile",
        "One request in twenty is slower. Red is where the alert ResponseTimeDegradation fires.",
        size,
        queries.quantile(0.95, queries.of(names.REQUEST_DURATION, suffix="_bucket", variables=variables)),
        unit="s",
        no_value="No requests",
        steps=response_time_steps(alerting),
    )


def errors_and_warnings(alerting: Alerting, size: Size) -> KindPanel:
    """Return events by level over time, each dot an event to look at."""
    return time_series(
        "Errors and warnings",
        "Events by level, per step of the graph; the sum is that of the time range. A rise at a deploy points to that"
        " deploy; a dot is one event, with a link to it.",
        size,
        [query(queries.stepped(queries.of(names.ISSUE_EVENTS, 'level=~"warning|error|fatal"'), "level"), "{{level}}")],
        unit="short",
        no_value="No errors",
        stacked=True,
        colors={level: BY_LEVEL[level] for level in ("warning", *names.ERROR_LEVELS)},
        links=[{"title": "All issues", "url": f"{alerting.external_url}/", "targetBlank": True}],
    )


def errors_by_type(size: Size) -> KindPanel:
    """Return the shares of error types."""
    return pie(
        "Errors by type",
        "Which error types make up the errors of the time range.",
        size,
        query(f"topk({_TOP_TYPES}, {queries.errors('type')} > 0)", "{{type}}", instant=True),
        unit="short",
        no_value="No errors",
    )


def top_errors(alerting: Alerting, size: Size) -> KindPanel:
    """Return the issues with the most events."""
    issue, project = links.label("issue"), links.label("project")
    return bar_gauge(
        "Top errors",
        "Issues with the most events in the time range; a bar leads to the issue's page.",
        size,
        query(queries.top_issues(_TOP_ISSUES), "{{project}} {{environment}}: {{title}}", instant=True),
        unit="short",
        no_value="No errors",
        links=[
            links.issue_page(alerting, issue, project),
            links.dashboard(
                "Dashboard of the issue", links.ISSUE, project=project, environment=links.label("environment"),
                issue=issue,
            ),
        ],
    )  # fmt: skip


def recent_errors(alerting: Alerting, size: Size) -> KindPanel:
    """Return the newest issues."""
    return issue_table(
        alerting,
        "Recent errors",
        "Issues by their newest event; the title leads to stack trace, samples, users, the issue to its dashboard too.",
        size,
        names.ISSUE_LAST_SEEN,
        seen="Last seen",
    )


def new_issues(alerting: Alerting, size: Size, title: str = "New issues") -> KindPanel:
    """Return the issues that were seen for the first time last."""
    return issue_table(
        alerting,
        title,
        "Issues by their first event: what has begun since the last deploy stands on top.",
        size,
        names.ISSUE_FIRST_SEEN,
        seen="First seen",
    )


def issue_table(
    alerting: Alerting, title: str, description: str, size: Size, metric: names.Metric, *, seen: str
) -> KindPanel:
    """Return a table of the issues with the newest moment of a metric, which the column ``seen`` shows."""
    issue, project = links.column("Issue"), links.column("Project")
    page = links.issue_page(alerting, issue, project)
    own = links.dashboard(
        "Dashboard of the issue", links.ISSUE, project=project, environment=links.column("Environment"), issue=issue
    )
    return table(
        title,
        description,
        size,
        [
            query(queries.recent_issues(_RECENT_ISSUES, metric), instant=True, table="table"),
            query(queries.events_of_recent_issues(_RECENT_ISSUES, metric), instant=True, table="table", ref="B"),
        ],
        no_value="No errors",
        first=(seen, True),
        # What matters stands on the left: a narrow screen cuts off the right.
        columns=[
            Column(seen, "Value #A", unit="dateTimeFromNow", width=120),
            Column("Level", "level", width=75, texts=BY_LEVEL),
            Column("Events", "Value #B", unit="short", width=75),
            Column("Title", "title", links=(page,)),
            Column("Project", "project", width=100, links=(service_link("Project", "Environment"),)),
            Column("Environment", "environment", width=110),
            Column("Status", "status", width=100, texts=BY_ISSUE_STATUS),
            Column("Where", "culprit", width=190),
            Column("Issue", "issue", width=160, links=(page, own)),
        ],
    )


def service_link(heading: str, environment: str = "") -> links.Link:
    """Return the link from a cell with a project to its dashboard.

    Args:
        heading: of the column with the project.
        environment: heading of the column with the environment; without one, what is chosen is kept.
    """
    of_row = {"environment": links.column(environment)} if environment else {}
    return links.dashboard("Dashboard of the service", links.SERVICE, project=links.column(heading), **of_row)


def active_alerts(alerting: Alerting, size: Size) -> KindPanel:
    """Return the alerts that fire, the most severe first."""
    ranks = queries.SEVERITY_BY_RANK
    return table(
        "Active alerts",
        "Alerts that fire now, those of hosts and exporters among them, whether Alertmanager tells of them or not. The"
        " alert's name leads to its runbook.",
        size,
        [
            query(queries.firing_since(), instant=True, table="table"),
            query(queries.firing_rank(queries.BY_ALERT), instant=True, table="table", ref="B"),
        ],
        no_value="Nothing fires",
        first=("Severity", False),
        columns=[
            Column("Alert", "alertname", links=(links.runbook(alerting),)),
            Column(
                "Severity",
                "Value #B",
                width=85,
                texts={str(rank): BY_SEVERITY[severity] for rank, severity in ranks.items()},
                named={str(rank): severity for rank, severity in ranks.items()},
            ),
            Column("Since", "Value #A", unit="dateTimeFromNow", width=130),
            Column("Project", "project", width=110, links=(service_link("Project"),)),
            Column("Environment", "environment", width=115),
        ],
    )


def response_time_map(size: Size, variables: tuple[str, ...] = SCOPE) -> KindPanel:
    """Return how many requests took how long, over time."""
    buckets = queries.of(names.REQUEST_DURATION, suffix="_bucket", variables=variables)
    return heatmap(
        "Response times",
        "How many requests took how long. One slow band points to one transaction, a shift of all to a resource.",
        size,
        query(queries.stepped(buckets, "le"), "{{le}}", table="heatmap"),
        unit="s",
        no_value="No requests",
    )


def response_time_quantiles(alerting: Alerting, size: Size, variables: tuple[str, ...] = SCOPE) -> KindPanel:
    """Return quantiles of the response time, with the limit of the alert."""
    buckets = queries.of(names.REQUEST_DURATION, suffix="_bucket", variables=variables)
    shown = {"median": 0.5, "95th percentile": 0.95, "99th percentile": 0.99}
    return time_series(
        "Response time",
        "The dashed line is where the alert ResponseTimeDegradation fires for the 95th percentile. A dot is one"
        " request, with a link to its trace.",
        size,
        [
            query(queries.quantile(share, buckets), name, ref=ref)
            for ref, (name, share) in zip("ABC", shown.items(), strict=True)
        ],
        unit="s",
        no_value="No requests",
        limit=threshold(alerting, RESPONSE_TIME_DEGRADATION),
        colors=BY_QUANTILE,
    )


def throughput(size: Size, variables: tuple[str, ...] = SCOPE) -> KindPanel:
    """Return requests per second by class of status."""
    return time_series(
        "Throughput",
        "Requests per second by class of status.",
        size,
        [query(queries.rate(queries.of(names.REQUESTS, variables=variables), "status_class"), "{{status_class}}")],
        unit="reqps",
        no_value="No requests",
        stacked=True,
        colors=BY_STATUS_CLASS,
    )
