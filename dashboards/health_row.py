"""The row "Exporter health": does errtally itself keep up, and what does it turn away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally import names
from errtally.dashboards import queries
from errtally.dashboards.panels import grid, query, row, time_series

if TYPE_CHECKING:
    from grafanalib.core import RowPanel


def health_row(y: int) -> RowPanel:
    """Return the row, collapsed, at line ``y`` of the grid."""
    top, below = y + 1, y + 9
    panels = [
        time_series(
            "Ingest requests",
            "Requests from clients by the status that they were answered with.",
            grid(0, top, 8, 8),
            [query(queries.rate(names.INGEST_REQUESTS.name, "protocol, code"), "{{protocol}} {{code}}")],
            unit="reqps",
            no_value="No ingest",
        ),
        time_series(
            "Rejected",
            "What was not taken, by reason. A wrong key or a limit that is too low shows here first.",
            grid(8, top, 8, 8),
            [query(queries.rate(names.INGEST_REJECTED.name, "reason"), "{{reason}}")],
            unit="reqps",
            no_value="Nothing rejected",
        ),
        time_series(
            "Time to answer, 99th percentile",
            "From a request's body to its answer.",
            grid(16, top, 8, 8),
            [query(queries.quantile(0.99, names.INGEST_DURATION), "99th percentile")],
            unit="s",
            no_value="No ingest",
        ),
        time_series(
            "Events waiting",
            "Accepted events that are not counted yet. It grows when the store does not keep up.",
            grid(0, below, 8, 8),
            [query(queries.total(names.JOURNAL_LAG_EVENTS.name), "events")],
            unit="short",
        ),
        time_series(
            "Journal and store",
            "Size on disk.",
            grid(8, below, 8, 8),
            [
                query(queries.total(names.JOURNAL_SIZE.name), "journal"),
                query(queries.total(names.STORE_SIZE.name), "store", ref="B"),
            ],
            unit="bytes",
        ),
        time_series(
            "Series against their budget",
            "Share of its budget of series that a metric uses; beyond 1, new values count as __other__.",
            grid(16, below, 8, 8),
            [
                query(
                    f"max by (metric) ({names.SERIES.name} / on (instance, metric) group_left"
                    f" {names.SERIES_LIMIT.name})",
                    "{{metric}}",
                )
            ],
            unit="percentunit",
            limit=1,
        ),
    ]
    return row("Exporter health", y, panels, collapsed=True)
