"""Performance: how fast the services answer, which transaction is slow, and what users think of it (Apdex)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally import names
from errtally.dashboards import links, queries, shared, variables
from errtally.dashboards.colors import BY_ZONE, GREEN, RED
from errtally.dashboards.frame import framed
from errtally.dashboards.panels import query, stat, time_series
from errtally.dashboards.tables import Column, table

if TYPE_CHECKING:
    from grafanalib.core import Dashboard

    from errtally.config.alerting import Alerting
    from errtally.dashboards.panels import KindPanel

_CHOSEN = (*queries.SCOPE, "transaction")
_BUCKETS = queries.of(names.REQUEST_DURATION, suffix="_bucket", variables=_CHOSEN)
_TRANSACTION = "project, transaction"
_SLOWEST = 8


def performance(alerting: Alerting) -> Dashboard:
    """Return the dashboard."""
    return framed(
        alerting,
        uid=links.PERFORMANCE,
        title="Performance and Apdex",
        description="Response times, throughput and Apdex, of all requests and by transaction.",
        variables=[*variables.base(alerting), variables.transaction()],
        parts=[
            stat(
                "Requests",
                "Requests served within the time range.",
                (6, 5),
                queries.counted(queries.of(names.REQUESTS, variables=_CHOSEN)),
                unit="short",
                no_value="No requests",
                steps=shared.PLAIN,
            ),
            shared.error_rate(alerting, (6, 5), _CHOSEN),
            shared.response_time_now(alerting, (6, 5), _CHOSEN),
            shared.apdex_now((6, 5), _CHOSEN),
            shared.response_time_map((12, 9), _CHOSEN),
            shared.response_time_quantiles(alerting, (12, 9), _CHOSEN),
            _transactions(alerting),
            shared.throughput((12, 9), _CHOSEN),
            _slowest(),
            shared.apdex_over_time("Apdex by service", (12, 9), _CHOSEN),
            _zones(),
            _outcomes(),
            _limits(),
        ],
    )


def _transactions(alerting: Alerting) -> KindPanel:
    shown = {
        "A": queries.counted(queries.of(names.REQUESTS, variables=_CHOSEN), _TRANSACTION),
        "B": queries.error_rate_of_range(_TRANSACTION, _CHOSEN),
        "C": queries.quantile_of_range(0.5, _BUCKETS, _TRANSACTION),
        "D": queries.quantile_of_range(0.95, _BUCKETS, _TRANSACTION),
        "E": queries.apdex_of_range(_TRANSACTION, _CHOSEN),
    }
    chosen = links.dashboard(
        "Only this transaction", links.PERFORMANCE, project=links.column("Project"),
        transaction=links.column("Transaction"),
    )  # fmt: skip
    return table(
        "Transactions",
        "Each transaction over the time range; its name narrows this dashboard to it.",
        (24, 10),
        [query(expr, instant=True, table="table", ref=ref) for ref, expr in shown.items()],
        no_value="No requests",
        first=("Error rate", True),
        columns=[
            Column("Project", "project", width=120, links=(shared.service_link("Project"),)),
            Column("Transaction", "transaction", links=(chosen,)),
            Column("Requests", "Value #A", unit="short", width=100),
            Column(
                "Error rate", "Value #B", unit="percentunit", width=110, steps=shared.error_rate_steps(alerting),
                decimals=2,
            ),
            Column("Median", "Value #C", unit="s", width=110),
            Column("95th percentile", "Value #D", unit="s", width=140, steps=shared.response_time_steps(alerting)),
            Column("Apdex", "Value #E", unit="none", width=90, steps=shared.APDEX_STEPS, decimals=2),
        ],
    )  # fmt: skip


def _slowest() -> KindPanel:
    return time_series(
        "Slowest transactions, 95th percentile",
        "The transactions whose 95th percentile is highest.",
        (12, 9),
        [query(f"topk({_SLOWEST}, {queries.quantile(0.95, _BUCKETS, _TRANSACTION)})", "{{transaction}}")],
        unit="s",
        no_value="No requests",
    )


def _zones() -> KindPanel:
    zones = queries.of(names.APDEX_REQUESTS, variables=_CHOSEN)
    return time_series(
        "Requests by Apdex zone",
        "Satisfied up to T, tolerating up to four times T, frustrated beyond or failed.",
        (12, 9),
        [query(queries.rate(zones, "zone"), "{{zone}}")],
        unit="reqps",
        no_value="No requests",
        stacked=True,
        colors=BY_ZONE,
    )


def _outcomes() -> KindPanel:
    return time_series(
        "95th percentile by outcome",
        "Failures that are slower than successes point to time-outs, faster ones to a check that refuses.",
        (12, 9),
        [query(queries.quantile(0.95, _BUCKETS, "outcome"), "{{outcome}}")],
        unit="s",
        no_value="No requests",
        colors=dict(zip(names.OUTCOMES, (GREEN, RED), strict=True)),
    )


def _limits() -> KindPanel:
    thresholds = queries.of(names.APDEX_THRESHOLD, f'transaction!="{names.SERVICE_WIDE}"', variables=_CHOSEN)
    return table(
        "T of Apdex",
        "Up to which response time users are satisfied; up to four times of it they tolerate it.",
        (12, 9),
        [query(f"max by (project, environment, transaction) ({thresholds})", instant=True, table="table")],
        no_value="No requests",
        columns=[
            Column("Project", "project", width=85),
            Column("Environment", "environment", width=110),
            Column("Transaction", "transaction"),
            Column("T", "Value", unit="s", width=72),
        ],
    )
