"""One issue: how often, whom it hits, since when, whether it grows, and the way to its stack trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally import names
from errtally.dashboards import links, queries, shared, variables
from errtally.dashboards.colors import BY_ISSUE_STATUS, BY_LEVEL
from errtally.dashboards.frame import framed
from errtally.dashboards.panels import query, stat, time_series
from errtally.dashboards.tables import Column, table

if TYPE_CHECKING:
    from grafanalib.core import Dashboard

    from errtally.config.alerting import Alerting
    from errtally.dashboards.panels import KindPanel

_ONE = (*queries.SCOPE, "issue")
_EVENTS = queries.of(names.ISSUE_EVENTS, variables=_ONE)
_INFO = queries.of(names.ISSUE_INFO, variables=_ONE)
_STARTED = 'status="started"'


def issue(alerting: Alerting) -> Dashboard:
    """Return the dashboard."""
    return framed(
        alerting,
        uid=links.ISSUE,
        title="Issue",
        description="One issue: how often it happens, whom it hits, since when; its page has the stack trace.",
        variables=[*variables.base(alerting), variables.issue()],
        parts=[
            _what(alerting),
            stat(
                "Events",
                "Events of this issue within the time range, of any level.",
                (5, 5),
                queries.counted(_EVENTS),
                unit="short",
                no_value="None",
                steps=shared.PLAIN,
            ),
            stat(
                "Users",
                "Distinct users that the issue has hit since its first event; an estimate.",
                (5, 5),
                queries.total(queries.of(names.ISSUE_USERS, variables=_ONE)),
                unit="short",
                no_value="No users",
                steps=shared.PLAIN,
                decimals=0,
            ),
            _moment("First seen", "When the first event happened.", "min", names.ISSUE_FIRST_SEEN),
            _moment("Last seen", "When the newest event happened.", "max", names.ISSUE_LAST_SEEN),
            _moment(
                "Came back", "When it last happened again after it had been resolved.", "max", names.ISSUE_REGRESSED,
                no_value="Never",
            ),
            _over_time(alerting),
            _share(),
            _users(),
            _releases(),
        ],
    )  # fmt: skip


def _what(alerting: Alerting) -> KindPanel:
    issue, project = links.column("Issue"), links.column("Project")
    page = links.issue_page(alerting, issue, project)
    return table(
        "What it is",
        "The issue in each environment; the title leads to its page with stack trace, samples and users.",
        (24, 5),
        [query(queries.known_as(queries.of(names.ISSUE_INFO, variables=_ONE)), instant=True, table="table")],
        no_value="No such issue in these projects and environments",
        columns=[
            Column("Title", "title", links=(page,)),
            Column("Type", "type", width=160),
            Column("Where", "culprit", width=260),
            Column("Project", "project", width=110, links=(shared.service_link("Project", "Environment"),)),
            Column("Environment", "environment", width=115),
            Column("Status", "status", width=105, texts=BY_ISSUE_STATUS),
            Column("Issue", "issue", width=180, links=(page,)),
        ],
    )


def _moment(title: str, text: str, pick: str, metric: names.Metric, *, no_value: str = "No such issue") -> KindPanel:
    return stat(
        title,
        text,
        (5 if metric is not names.ISSUE_REGRESSED else 4, 5),
        f"{pick}({queries.of(metric, variables=_ONE)}) * 1000",
        unit="dateTimeFromNow",
        no_value=no_value,
        steps=shared.PLAIN,
        has_trend=False,
    )


def _over_time(alerting: Alerting) -> KindPanel:
    return time_series(
        "Events over time",
        "Events per step of the graph, by level; the sum is that of the time range. A dot is one event, with a link.",
        (16, 9),
        [query(queries.stepped(_EVENTS, "project, level"), "{{level}}")],
        unit="short",
        no_value="None in the time range",
        stacked=True,
        colors=BY_LEVEL,
        links=[links.issue_page(alerting, "${issue}", links.label("project"))],
    )


def _share() -> KindPanel:
    return time_series(
        "Share of the service's events",
        "How much this issue is of all events of its project, in the environments chosen.",
        (8, 9),
        [query(queries.share(queries.rate(_EVENTS), queries.rate_of_its_project(names.EVENTS, _INFO)), "this issue")],
        unit="percentunit",
        no_value="No events",
        maximum=1,
    )


def _users() -> KindPanel:
    return time_series(
        "Users hit so far",
        "Distinct users since the first event, by environment. A steep line is a problem of everyone.",
        (12, 9),
        [query(queries.total(queries.of(names.ISSUE_USERS, variables=_ONE), "environment"), "{{environment}}")],
        unit="short",
        no_value="No users",
    )


def _releases() -> KindPanel:
    return time_series(
        "Sessions by release",
        "Sessions of its project begun per step of the graph. A release that comes up where the events do is the first"
        " suspect.",
        (12, 9),
        [
            query(
                "sum by (release) ("
                f"{queries.stepped(queries.of(names.SESSIONS, _STARTED), 'project, environment, release')}"
                f" and on (project, environment) {_INFO})",
                "{{release}}",
            )
        ],
        unit="short",
        no_value="No sessions reported",
        stacked=True,
    )
