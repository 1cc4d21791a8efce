"""The overview dashboard: is anything wrong, since when, how bad, what is it, and where do I look next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from grafanalib.core import Annotations, Dashboard, DashboardLink, Template, Templating, Time, TimePicker

from errtally import names
from errtally.dashboards import queries
from errtally.dashboards.health_row import health_row
from errtally.dashboards.panels import (
    BLUE,
    DATASOURCE,
    GREEN,
    ORANGE,
    RED,
    bar_gauge,
    grid,
    heatmap,
    pie,
    query,
    stat,
    table,
    time_series,
)
from errtally.rules.alerts.high_error_rate import HIGH_ERROR_RATE
from errtally.rules.alerts.response_time_degradation import RESPONSE_TIME_DEGRADATION
from errtally.rules.annotations import OVERVIEW_UID
from errtally.rules.series import ERROR_LEVELS
from errtally.rules.settings import threshold

if TYPE_CHECKING:
    from errtally.config.alerting import Alerting
    from errtally.dashboards.panels import KindPanel

TIME_RANGES = ("1h", "6h", "24h", "7d", "30d")
_APDEX_GOOD, _APDEX_FAIR = 0.94, 0.7
_TOP_ISSUES, _RECENT_ISSUES = 10, 20


def overview(alerting: Alerting) -> Dashboard:
    """Return the dashboard; limits that it draws are those of the alerts."""
    panels = [
        *_numbers(alerting),
        *_errors(alerting),
        *_latency(alerting),
        *_lists(alerting),
        health_row(y=46),
    ]
    return Dashboard(
        uid=OVERVIEW_UID,
        title="errtally / Overview",
        description="Errors of the chosen projects and environments: how many, which, whom they hit, what is new.",
        tags=["errtally"],
        timezone="browser",
        editable=False,
        refresh=alerting.grafana.refresh,
        sharedCrosshair=True,
        time=Time("now-1h", "now"),
        timePicker=TimePicker(refreshIntervals=["10s", "30s", "1m", "5m"], timeOptions=list(TIME_RANGES)),
        templating=Templating(_variables(alerting)),
        annotations=Annotations(_annotations(alerting)),
        links=[
            DashboardLink(title="errtally dashboards", type="dashboards", tags=["errtally"], includeVars=True),
            DashboardLink(title="Issues", type="link", uri=f"{alerting.external_url}/", targetBlank=True),
        ],
        panels=panels,
    ).auto_panel_ids()


def _numbers(alerting: Alerting) -> list[KindPanel]:
    limit = threshold(alerting, HIGH_ERROR_RATE)
    return [
        stat(
            "Error rate",
            "Share of requests that end with status 5xx. Red is where the alert HighErrorRate fires.",
            grid(0, 0, 6, 5),
            queries.error_rate(),
            unit="percentunit",
            no_value="No requests",
            steps=[(GREEN, None), (ORANGE, limit / 2), (RED, limit)],
            decimals=2,
        ),
        stat(
            "Total errors",
            "Events of level error and fatal within the time range.",
            grid(6, 0, 6, 5),
            queries.counted(queries.of(names.EVENTS, ERROR_LEVELS)),
            unit="short",
            no_value="No errors",
            steps=[(BLUE, None)],
        ),
        stat(
            "Affected users",
            "Distinct users who met any error within the last 24 hours; an estimate.",
            grid(12, 0, 6, 5),
            queries.total(queries.of(names.USERS_AFFECTED, 'window="24h"')),
            unit="short",
            no_value="No users",
            steps=[(BLUE, None)],
            decimals=0,
        ),
        stat(
            "MTTR",
            "Mean time from an issue's first event, or return, to its resolution; those resolved in the time range.",
            grid(18, 0, 6, 5),
            queries.mean_time_to_resolve(),
            unit="s",
            no_value="None resolved",
            steps=[(BLUE, None)],
        ),
    ]


def _errors(alerting: Alerting) -> list[KindPanel]:
    return [
        time_series(
            "Errors and warnings",
            "Events by level, per step of the graph. A rise at a deploy annotation points to that deploy.",
            grid(0, 5, 12, 9),
            [query(queries.increase(queries.of(names.EVENTS, 'level=~"warning|error|fatal"'), "level"), "{{level}}")],
            unit="short",
            no_value="No errors",
            stacked=True,
            colors={"fatal": "#7b1fa2", "error": RED, "warning": ORANGE},
        ),
        pie(
            "Errors by type",
            "Which error types make up the errors of the time range.",
            grid(12, 5, 6, 9),
            query(
                f"topk(8, {queries.counted(queries.of(names.EVENTS, ERROR_LEVELS), 'type')} > 0)",
                "{{type}}",
                instant=True,
            ),
            unit="short",
            no_value="No errors",
        ),
        bar_gauge(
            "Top errors",
            "Issues with the most events in the time range; a bar leads to the issue's page.",
            grid(18, 5, 6, 9),
            query(queries.top_issues(_TOP_ISSUES), "{{issue}}", instant=True),
            unit="short",
            no_value="No errors",
            link=_issue_link(alerting, "${__field.labels.issue}"),
        ),
    ]


def _latency(alerting: Alerting) -> list[KindPanel]:
    limit = threshold(alerting, RESPONSE_TIME_DEGRADATION)
    return [
        heatmap(
            "Response times",
            "How many requests took how long. One slow band points to one transaction, a shift of all to a resource.",
            grid(0, 14, 12, 9),
            query(
                queries.increase(queries.of(names.REQUEST_DURATION, suffix="_bucket"), "le"), "{{le}}", table="heatmap"
            ),
            unit="s",
            no_value="No requests",
        ),
        time_series(
            "Response time, 95th percentile",
            "One request in twenty is slower. The dashed line is where the alert ResponseTimeDegradation fires.",
            grid(12, 14, 12, 9),
            [
                query(queries.quantile(0.95, names.REQUEST_DURATION), "95th percentile"),
                query(queries.quantile(0.5, names.REQUEST_DURATION), "median", ref="B"),
            ],
            unit="s",
            no_value="No requests",
            limit=limit,
        ),
        time_series(
            "Throughput",
            "Requests per second by class of status.",
            grid(0, 23, 12, 8),
            [query(queries.rate(queries.of(names.REQUESTS), "status_class"), "{{status_class}}")],
            unit="reqps",
            no_value="No requests",
            stacked=True,
            colors={"2xx": GREEN, "3xx": BLUE, "4xx": ORANGE, "5xx": RED},
        ),
        time_series(
            "Apdex",
            f"1 is all satisfied, below {_APDEX_FAIR} is poor. A failed request counts as frustrated.",
            grid(12, 23, 12, 8),
            [query(queries.apdex(), "Apdex")],
            unit="none",
            no_value="No requests",
            limit=None,
            maximum=1,
        ),
    ]


def _lists(alerting: Alerting) -> list[KindPanel]:
    return [
        table(
            "Recent errors",
            "Issues by their newest event; a row leads to the issue's page with stack trace, samples and users.",
            grid(0, 31, 16, 15),
            query(queries.recent_issues(_RECENT_ISSUES), instant=True, table="table"),
            no_value="No errors",
            columns={
                "Value": "Last seen",
                "issue": "Issue",
                "type": "Type",
                "title": "Title",
                "culprit": "Where",
                "project": "Project",
                "environment": "Environment",
                "status": "Status",
            },
            links={
                "Issue": _issue_link(alerting, "${__data.fields.Issue}"),
                "Title": _issue_link(alerting, "${__data.fields.Issue}"),
            },
            units={"Last seen": "dateTimeFromNow"},
        ),
        table(
            "Active alerts",
            "Alerts that fire now, those of hosts and exporters among them. The alert's name leads to its runbook.",
            grid(16, 31, 8, 15),
            query(_alerts(), instant=True, table="table"),
            no_value="No alerts",
            columns={
                "alertname": "Alert",
                "severity": "Severity",
                "project": "Project",
                "environment": "Environment",
                "instance": "Instance",
            },
            links={
                "Alert": {
                    "title": "Runbook",
                    "url": f"{alerting.runbook_base_url}/${{__value.text}}",
                    "targetBlank": True,
                }
            },
        ),
    ]


def _alerts() -> str:
    # An alert of a host or exporter has no project: the empty alternative takes it in.
    return 'ALERTS{alertstate="firing", severity!="none", project=~"$project|", environment=~"$environment|"}'


def _issue_link(alerting: Alerting, issue: str) -> dict[str, Any]:
    return {"title": "Open the issue", "url": f"{alerting.external_url}/issues/{issue}", "targetBlank": True}


def _variables(alerting: Alerting) -> list[Template]:
    # These counters exist at 0 before the first error, so the lists are filled from the start.
    project = f"label_values({names.NEW_ISSUES.name}, project)"
    environment = f'label_values({names.NEW_ISSUES.name}{{project=~"$project"}}, environment)'
    chosen: dict[str, Any] = {"dataSource": DATASOURCE, "includeAll": True, "multi": True, "allValue": ".+"}
    found = [
        Template(
            name="datasource",
            label="Data source",
            type="datasource",
            query="prometheus",
            default=alerting.grafana.datasource,
        ),
        Template(name="project", label="Project", query=project, **chosen),
        Template(name="environment", label="Environment", query=environment, **chosen),
    ]
    for variable in found[1:]:
        variable._current = {"selected": True, "text": ["All"], "value": ["$__all"]}  # noqa: SLF001 (no argument sets it)
    return found


def _annotations(_alerting: Alerting) -> list[dict[str, Any]]:
    common = {"datasource": DATASOURCE, "enable": True, "hide": False}
    first_seen = f"{queries.of(names.ISSUE_FIRST_SEEN)} * 1000"
    return [
        {
            **common,
            "name": "Alerts",
            "iconColor": "red",
            "expr": _alerts(),
            "titleFormat": "{{alertname}}",
            "textFormat": "{{severity}} {{project}} {{environment}} {{instance}}",
            "tagKeys": "severity",
            "step": "60s",
            "target": {"refId": "alerts", "expr": _alerts()},
        },
        {
            **common,
            "name": "New issues",
            "iconColor": "purple",
            "expr": first_seen,
            "titleFormat": "New issue {{issue}}",
            "textFormat": "{{project}} {{environment}}",
            "useValueForTime": True,
            "target": {"refId": "new-issues", "expr": first_seen},
        },
    ]
