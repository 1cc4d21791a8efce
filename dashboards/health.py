"""Exporter health: does errtally itself keep up, what does it turn away, and how is its host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally import names
from errtally.dashboards import links, queries, shared, variables
from errtally.dashboards.colors import BAD, BY_QUANTILE, GOOD
from errtally.dashboards.frame import framed
from errtally.dashboards.layout import Section
from errtally.dashboards.panels import query, stat, time_series
from errtally.dashboards.tables import Column, table
from errtally.rules.alerts.disk_space_low import DISK_SPACE_LOW
from errtally.rules.alerts.memory_usage_critical import MEMORY_USAGE_CRITICAL
from errtally.rules.settings import threshold

if TYPE_CHECKING:
    from grafanalib.core import Dashboard

    from errtally.config.alerting import Alerting
    from errtally.dashboards.panels import KindPanel

_THIRD = (8, 9)


def health(alerting: Alerting) -> Dashboard:
    """Return the dashboard."""
    return framed(
        alerting,
        uid=links.HEALTH,
        title="Exporter health",
        description="Whether errtally keeps up with what is sent, what it turns away, its budgets and its host.",
        variables=[*variables.base(alerting), variables.instance()],
        parts=[
            *_numbers(),
            Section("Ingest", _ingest()),
            Section("Journal and store", _storage()),
            Section("Series", _series()),
            Section("Host", _host(alerting)),
        ],
    )


def _here(metric: names.Metric, *matchers: str, suffix: str = "") -> str:
    """Return the selector of a metric of the chosen exporters."""
    found = ", ".join(['instance=~"$instance"', *matchers])
    return f"{metric.name}{suffix}{{{found}}}"


def _numbers() -> list[KindPanel]:
    return [
        stat(
            "Writer",
            "Up while the writer of every exporter keeps the store current; when it is down, counts and pages are old.",
            (4, 4),
            f"min({_here(names.UP)})",
            unit="none",
            no_value="No exporter",
            steps=[(BAD, None), (GOOD, 1)],
            has_trend=False,
            texts={"0": "Down", "1": "Up"},
        ),
        stat(
            "Events taken",
            "Events that were accepted and counted within the time range.",
            (4, 4),
            queries.counted(_here(names.DIGESTED_EVENTS)),
            unit="short",
            no_value="None",
            steps=shared.PLAIN,
        ),
        stat(
            "Not taken",
            "Requests or items that were turned away within the time range.",
            (4, 4),
            queries.counted(_here(names.INGEST_REJECTED)),
            unit="short",
            no_value="Nothing",
            steps=shared.PLAIN,
        ),
        stat(
            "Oldest event waiting",
            "Age of the oldest accepted event that is not counted yet.",
            (5, 4),
            f"max({_here(names.JOURNAL_LAG_SECONDS)})",
            unit="s",
            no_value="No exporter",
            steps=[(GOOD, None), (BAD, 60)],
        ),
        table(
            "Exporters",
            "Version of each exporter.",
            (7, 4),
            [query(_here(names.BUILD_INFO), instant=True, table="table")],
            no_value="No exporter",
            columns=[Column("Exporter", "instance"), Column("Version", "version", width=80)],
        ),
    ]


def _ingest() -> list[KindPanel]:
    answer = _here(names.INGEST_DURATION, suffix="_bucket")
    return [
        time_series(
            "Ingest requests",
            "Requests from clients by protocol and the status that they were answered with.",
            _THIRD,
            [query(queries.rate(_here(names.INGEST_REQUESTS), "protocol, code"), "{{protocol}} {{code}}")],
            unit="reqps",
            no_value="No ingest",
        ),
        time_series(
            "Items",
            "What the requests held: events, transactions, sessions and so on.",
            _THIRD,
            [query(queries.rate(_here(names.INGEST_ITEMS), "item"), "{{item}}")],
            unit="cps",
            no_value="No ingest",
            stacked=True,
        ),
        time_series(
            "Rejected",
            "What was not taken, by reason. A wrong key or a limit that is too low shows here first.",
            _THIRD,
            [query(queries.rate(_here(names.INGEST_REJECTED), "reason"), "{{reason}}")],
            unit="reqps",
            no_value="Nothing rejected",
        ),
        time_series(
            "Time to answer",
            "From a request's body to its answer.",
            _THIRD,
            [
                query(queries.quantile(0.5, answer), "median"),
                query(queries.quantile(0.99, answer), "99th percentile", ref="B"),
            ],
            unit="s",
            no_value="No ingest",
            colors=BY_QUANTILE,
        ),
        time_series(
            "Scrubbed",
            "Secrets and personal data redacted before anything was kept, by rule.",
            _THIRD,
            [query(queries.rate(_here(names.SCRUBBED), "rule"), "{{rule}}")],
            unit="cps",
            no_value="Nothing to redact",
        ),
        time_series(
            "Duplicates",
            "Events that had been counted already: a client that sends again, or a proxy that does.",
            _THIRD,
            [query(queries.rate(_here(names.DUPLICATES), "project"), "{{project}}")],
            unit="cps",
            no_value="No duplicates",
        ),
    ]


def _storage() -> list[KindPanel]:
    fold = _here(names.DIGEST_DURATION, suffix="_bucket")
    return [
        time_series(
            "Events waiting",
            "Accepted events that are not counted yet. It grows when the store does not keep up.",
            _THIRD,
            [query(_here(names.JOURNAL_LAG_EVENTS), "{{instance}}")],
            unit="short",
        ),
        time_series(
            "Time to count a batch",
            "One transaction of the store; it grows with a slow disk.",
            _THIRD,
            [
                query(queries.quantile(0.5, fold), "median"),
                query(queries.quantile(0.99, fold), "99th percentile", ref="B"),
            ],
            unit="s",
            no_value="Nothing counted",
            colors=BY_QUANTILE,
        ),
        time_series(
            "Size on disk",
            "Journal and store.",
            _THIRD,
            [
                query(queries.total(_here(names.JOURNAL_SIZE)), "journal"),
                query(queries.total(_here(names.STORE_SIZE)), "store", ref="B"),
            ],
            unit="bytes",
        ),
        time_series(
            "Failed transactions",
            "Each was tried again. The alert StoreFailing fires when the writer gives up.",
            _THIRD,
            [query(queries.rate(_here(names.STORE_ERRORS)), "failed")],
            unit="cps",
            no_value="None failed",
        ),
        time_series(
            "Live streams",
            "Pages that follow errors live.",
            _THIRD,
            [query(queries.total(_here(names.STREAM_CLIENTS)), "streams")],
            unit="short",
        ),
    ]


def _series() -> list[KindPanel]:
    return [
        time_series(
            "Series against their budget",
            "Share of its budget of series that a metric uses, in the project that uses most; beyond 1, new values"
            " count as __other__.",
            (12, 9),
            [
                query(
                    f"max by (metric) ({_here(names.SERIES)} / on (job, instance, metric) group_left"
                    f" {_here(names.SERIES_LIMIT)})",
                    "{{metric}}",
                )
            ],
            unit="percentunit",
            limit=1,
        ),
        time_series(
            "Beyond the budget",
            "Values that went to __other__. Their sum stays right; raise the limit under series_limits.",
            (12, 9),
            [query(queries.rate(_here(names.SERIES_OVERFLOW), "project, metric"), "{{project}} {{metric}}")],
            unit="cps",
            no_value="Every value has its series",
        ),
    ]


def _host(alerting: Alerting) -> list[KindPanel]:
    return [
        time_series(
            "CPU",
            "Share of the CPU time of the exporter's host in use.",
            _THIRD,
            [query(_here(names.HOST_CPU), "{{instance}}")],
            unit="percentunit",
            maximum=1,
        ),
        time_series(
            "Memory",
            "Share of the host's memory in use. The dashed line is where the alert MemoryUsageCritical fires.",
            _THIRD,
            [query(_here(names.HOST_MEMORY), "{{instance}}")],
            unit="percentunit",
            limit=threshold(alerting, MEMORY_USAGE_CRITICAL),
            maximum=1,
        ),
        time_series(
            "Free disk space",
            "Share of each file system that is free. The alert DiskSpaceLow fires below the dashed line.",
            _THIRD,
            [query(_here(names.HOST_DISK_FREE), "{{instance}} {{mountpoint}}")],
            unit="percentunit",
            limit=threshold(alerting, DISK_SPACE_LOW),
            maximum=1,
            is_better_high=True,
        ),
    ]
