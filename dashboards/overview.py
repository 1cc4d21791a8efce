"""The overview: is anything wrong, since when, how bad, what is it, and where do I look next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally import names
from errtally.dashboards import links, queries, shared, variables
from errtally.dashboards.frame import framed
from errtally.dashboards.layout import Section
from errtally.dashboards.panels import query, time_series
from errtally.dashboards.tables import Column, table

if TYPE_CHECKING:
    from grafanalib.core import Dashboard

    from errtally.config.alerting import Alerting
    from errtally.dashboards.panels import KindPanel


def overview(alerting: Alerting) -> Dashboard:
    """Return the dashboard; limits that it draws are those of the alerts."""
    return framed(
        alerting,
        uid=links.OVERVIEW,
        title="Overview",
        description="Errors of the chosen projects and environments: how many, which, whom they hit, what is new.",
        variables=variables.base(alerting),
        parts=[
            shared.error_rate(alerting, (6, 5)),
            shared.total_errors((6, 5)),
            shared.affected_users((6, 5)),
            shared.time_to_resolve((6, 5)),
            shared.errors_and_warnings(alerting, (10, 9)),
            shared.errors_by_type((6, 9)),
            shared.top_errors(alerting, (8, 9)),
            shared.recent_errors(alerting, (24, 10)),
            services(alerting, (24, 9)),
            shared.active_alerts(alerting, (24, 8)),
            shared.response_time_map((12, 9)),
            shared.response_time_quantiles(alerting, (12, 9)),
            shared.throughput((12, 9)),
            shared.apdex_over_time("Apdex", (12, 9)),
            Section("Exporter health", _health(), is_collapsed=True),
        ],
    )


def services(alerting: Alerting, size: tuple[int, int]) -> KindPanel:
    """Return a table of the services, of which a row leads to the service's dashboard."""
    by = ", ".join(names.BASE_LABELS)
    shown = {
        "A": queries.errors(by),
        "B": queries.total(queries.of(names.USERS_AFFECTED, 'window="24h"'), by),
        "C": queries.error_rate(shared.error_rate_window(alerting), by),
        "D": queries.quantile_of_range(0.95, queries.of(names.REQUEST_DURATION, suffix="_bucket"), by),
        "E": queries.apdex_of_range(by),
        "F": queries.counted(queries.of(names.NEW_ISSUES), by),
    }
    return table(
        "Services",
        "Each service over the time range, its error rate as the alert sees it now; its name leads to its dashboard."
        " Red is where an alert would fire.",
        size,
        [query(expr, instant=True, table="table", ref=ref) for ref, expr in shown.items()],
        no_value="No services",
        first=("Errors", True),
        columns=[
            Column("Project", "project", links=(shared.service_link("Project", "Environment"),)),
            Column("Environment", "environment", width=110),
            Column("Errors", "Value #A", unit="short", width=75),
            Column("New issues", "Value #F", unit="short", width=95),
            Column("Users, 24h", "Value #B", unit="short", width=95),
            Column(
                "Error rate", "Value #C", unit="percentunit", width=95, steps=shared.error_rate_steps(alerting),
                decimals=2,
            ),
            Column("95th percentile", "Value #D", unit="s", width=125, steps=shared.response_time_steps(alerting)),
            Column("Apdex", "Value #E", unit="none", width=75, steps=shared.APDEX_STEPS, decimals=2),
        ],
    )  # fmt: skip


def _health() -> list[KindPanel]:
    return [
        time_series(
            "Rejected",
            "What was not taken, by reason. A wrong key or a limit that is too low shows here first.",
            (12, 7),
            [query(queries.rate(names.INGEST_REJECTED.name, "reason"), "{{reason}}")],
            unit="reqps",
            no_value="Nothing rejected",
        ),
        time_series(
            "Events waiting",
            "Accepted events that are not counted yet. It grows when the store does not keep up.",
            (12, 7),
            [query(queries.total(names.JOURNAL_LAG_EVENTS.name), "events")],
            unit="short",
        ),
    ]
