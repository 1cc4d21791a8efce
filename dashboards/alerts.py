"""Alerting and time to resolve: what fires, how often it did, how long it took, and whether alerting works at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally import names
from errtally.dashboards import links, queries, shared, variables
from errtally.dashboards.colors import BAD, BY_SEVERITY, GOOD, GREY, RED, SKY
from errtally.dashboards.frame import framed
from errtally.dashboards.layout import Section
from errtally.dashboards.panels import query, stat, state_timeline, time_series
from errtally.dashboards.tables import Column, table
from errtally.rules.alerts.watchdog import WATCHDOG

if TYPE_CHECKING:
    from grafanalib.core import Dashboard

    from errtally.config.alerting import Alerting
    from errtally.dashboards.panels import KindPanel

_NOTIFIED = 'severity!="none"'
_BY_ALERT = "alertname, severity"


def alerts(alerting: Alerting) -> Dashboard:
    """Return the dashboard."""
    return framed(
        alerting,
        uid=links.ALERTING,
        title="Alerting and MTTR",
        description="What fires, what fired, how long it took to end, and how long issues take to be resolved.",
        variables=variables.base(alerting),
        parts=[
            *_numbers(),
            shared.active_alerts(alerting, (24, 8)),
            _history(),
            Section("Alerts that ended", [_by_alert(alerting), _durations(), _firing_by_severity()]),
            Section("Issues", _issues()),
        ],
    )


def _numbers() -> list[KindPanel]:
    duration = queries.of(names.ALERT_DURATION, _NOTIFIED, suffix="_sum")
    ended = queries.of(names.ALERT_DURATION, _NOTIFIED, suffix="_count")
    return [
        stat(
            "Firing",
            "Alerts that fire now, by the rules in Prometheus.",
            (5, 5),
            f"count({queries.firing()}) or vector(0)",
            unit="short",
            no_value="None",
            steps=[(GOOD, None), (BAD, 1)],
        ),
        stat(
            "Alerts that ended",
            "Alerts that were resolved within the time range, as Alertmanager told errtally.",
            (5, 5),
            queries.counted(ended),
            unit="short",
            no_value="None",
            steps=shared.PLAIN,
        ),
        stat(
            "Mean time to end",
            "From firing to resolved; of the alerts that ended in the time range.",
            (5, 5),
            f"{queries.counted(duration)} / ({queries.counted(ended)} > 0)",
            unit="s",
            no_value="None ended",
            steps=shared.PLAIN,
        ),
        shared.time_to_resolve((5, 5)),
        stat(
            "Alerting works",
            "The rules are evaluated: the alert Watchdog, which always fires, is there.",
            (4, 5),
            f'max(ALERTS{{alertname="{WATCHDOG.name}", alertstate="firing"}})',
            unit="short",
            no_value="No Watchdog: are the rules loaded?",
            steps=[(GOOD, None)],
            has_trend=False,
            texts={"1": "Yes"},
        ),
    ]


def _history() -> KindPanel:
    ranks = queries.SEVERITY_BY_RANK
    return state_timeline(
        "History",
        "When each alert fired. One that comes and goes needs a longer `for` or another limit.",
        (24, 12),
        query(queries.firing_rank("alertname, project"), "{{alertname}} {{project}}"),
        no_value="Nothing fired",
        states={severity: BY_SEVERITY[severity] for severity in ranks.values()},
    )


def _by_alert(alerting: Alerting) -> KindPanel:
    count, seconds = (queries.of(names.ALERT_DURATION, _NOTIFIED, suffix=suffix) for suffix in ("_count", "_sum"))
    ended = queries.counted(count, _BY_ALERT)
    return table(
        "By alert",
        "How often each alert ended within the time range and how long it took. The name leads to its runbook.",
        (12, 9),
        [
            query(f"{ended} > 0", instant=True, table="table"),
            query(f"{queries.counted(seconds, _BY_ALERT)} / ({ended} > 0)", instant=True, table="table", ref="B"),
        ],
        no_value="No alert has ended",
        columns=[
            Column("Alert", "alertname", links=(links.runbook(alerting),)),
            Column("Severity", "severity", width=80, texts=BY_SEVERITY),
            Column("Ended", "Value #A", unit="short", width=70),
            Column("Mean time", "Value #B", unit="s", width=100),
        ],
        first=("Ended", True),
    )


def _durations() -> KindPanel:
    buckets = queries.of(names.ALERT_DURATION, _NOTIFIED, suffix="_bucket")
    return time_series(
        "Time until an alert ends",
        "Median by severity, of those that ended within a step of the graph.",
        (12, 9),
        [query(f"histogram_quantile(0.5, {queries.stepped(buckets, 'severity, le')}) >= 0", "{{severity}}")],
        unit="s",
        no_value="No alert has ended",
        colors=BY_SEVERITY,
        is_sparse=True,
    )


def _firing_by_severity() -> KindPanel:
    return time_series(
        "Firing by severity",
        "As Alertmanager told errtally. Alertmanager itself says why one that fires in Prometheus is not here.",
        (24, 8),
        [query(queries.total(queries.of(names.ALERTS, _NOTIFIED), "severity"), "{{severity}}")],
        unit="short",
        no_value="Alertmanager has told nothing",
        colors=BY_SEVERITY,
    )


def _issues() -> list[KindPanel]:
    buckets = queries.of(names.ISSUE_RESOLUTION, suffix="_bucket")
    return [
        time_series(
            "Time to resolve an issue",
            "Of the issues resolved in the time range so far: half of them were resolved within the median.",
            (12, 8),
            [
                query(f"histogram_quantile({share}, {queries.counted(buckets, 'le')}) >= 0", name, ref=ref)
                for ref, name, share in (("A", "median", 0.5), ("B", "95th percentile", 0.95))
            ],
            unit="s",
            no_value="None resolved",
            colors={"median": SKY, "95th percentile": RED},
        ),
        time_series(
            "New and resolved issues",
            "Per step of the graph. More new ones than resolved ones: the pile grows.",
            (12, 8),
            [
                query(queries.stepped(queries.of(names.NEW_ISSUES)), "new"),
                query(queries.stepped(queries.of(names.RESOLVED_ISSUES)), "resolved", ref="B"),
            ],
            unit="short",
            no_value="No issues",
            stacked=True,
            colors={"new": SKY, "resolved": GREY},
        ),
    ]
