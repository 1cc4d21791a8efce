"""One service: everything about a project, to which alerts, tables and graphs of the overview lead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally import names
from errtally.dashboards import links, queries, shared, variables
from errtally.dashboards.colors import BY_ISSUE_STATUS, GREY, RED, SKY
from errtally.dashboards.frame import framed
from errtally.dashboards.layout import Section
from errtally.dashboards.panels import query, time_series
from errtally.rules.alerts.high_error_rate import HIGH_ERROR_RATE
from errtally.rules.settings import threshold

if TYPE_CHECKING:
    from grafanalib.core import Dashboard

    from errtally.config.alerting import Alerting
    from errtally.dashboards.panels import KindPanel


def service(alerting: Alerting) -> Dashboard:
    """Return the dashboard."""
    return framed(
        alerting,
        uid=links.SERVICE,
        title="Service",
        description="One service: its errors, its issues, how fast it answers, and what its clients report.",
        variables=variables.one_project(alerting),
        parts=[
            shared.error_rate(alerting, (5, 5)),
            shared.total_errors((5, 5)),
            shared.affected_users((5, 5)),
            shared.response_time_now(alerting, (5, 5)),
            shared.apdex_now((4, 5)),
            shared.errors_and_warnings(alerting, (12, 9)),
            _error_rate_over_time(alerting),
            Section(
                "Issues",
                [
                    shared.new_issues(alerting, (24, 10)),
                    shared.top_errors(alerting, (8, 9)),
                    shared.errors_by_type((6, 9)),
                    _issues_by_status(),
                    _new_and_gone(),
                ],
            ),
            Section(
                "Requests",
                [shared.response_time_map((12, 9)), shared.response_time_quantiles(alerting, (12, 9))],
            ),
            Section("Clients and jobs", _clients()),
        ],
    )


def _error_rate_over_time(alerting: Alerting) -> KindPanel:
    return time_series(
        "Error rate by environment",
        "Share of requests that end with status 5xx. The dashed line is where the alert HighErrorRate fires.",
        (12, 9),
        [
            query(
                queries.error_rate(shared.error_rate_window(alerting), "project, environment"),
                "{{project}} {{environment}}",
            )
        ],
        unit="percentunit",
        no_value="No requests",
        limit=threshold(alerting, HIGH_ERROR_RATE),
    )


def _issues_by_status() -> KindPanel:
    return time_series(
        "Issues by status",
        "How many issues there are. Regressed ones were resolved and came back.",
        (5, 9),
        [query(queries.total(queries.of(names.ISSUES), "status"), "{{status}}")],
        unit="short",
        no_value="No issues",
        colors=BY_ISSUE_STATUS,
    )


def _new_and_gone() -> KindPanel:
    return time_series(
        "New and resolved",
        "Issues per step of the graph. More new ones than resolved ones: the pile grows.",
        (5, 9),
        [
            query(queries.stepped(queries.of(metric)), name, ref=ref)
            for ref, name, metric in (
                ("A", "new", names.NEW_ISSUES),
                ("B", "returned", names.REGRESSIONS),
                ("C", "resolved", names.RESOLVED_ISSUES),
            )
        ],
        unit="short",
        no_value="No issues",
        stacked=True,
        colors={"new": SKY, "returned": RED, "resolved": GREY},
    )


def _clients() -> list[KindPanel]:
    check_ins = queries.stepped(queries.of(names.CHECK_INS), "project, monitor, status")
    last_ok = f"max by (project, monitor) ({queries.of(names.CHECK_IN_LAST_OK)})"
    discarded = queries.stepped(queries.of(names.CLIENT_DISCARDED_EVENTS), "reason, category")
    return [
        time_series(
            "Check-ins of jobs",
            "What scheduled jobs reported, per step of the graph.",
            (8, 9),
            [query(check_ins, "{{project}} {{monitor}} {{status}}")],
            unit="short",
            no_value="No jobs report",
            stacked=True,
        ),
        time_series(
            "Time since a job went well",
            "A job that should run every night and stands above a day has not run, or failed.",
            (8, 9),
            [query(f"time() - {last_ok}", "{{project}} {{monitor}}")],
            unit="s",
            no_value="No jobs report",
        ),
        time_series(
            "Discarded by clients",
            "What clients say that they threw away before sending, so that it is missing from every other number.",
            (8, 9),
            [query(discarded, "{{reason}} {{category}}")],
            unit="short",
            no_value="Nothing discarded",
            stacked=True,
        ),
    ]
