"""Service levels: do the services keep the limits of the alerts, now and over the time range.

Current values are read from the recording rules of the alerts, so what is shown here is what the alerts see. A rule
that is switched off records nothing, and its panels are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally import names
from errtally.config.duration import format_duration
from errtally.dashboards import links, queries, shared, variables
from errtally.dashboards.colors import BAD, FAIR, GOOD
from errtally.dashboards.frame import framed
from errtally.dashboards.layout import Section
from errtally.dashboards.objectives import objectives_section
from errtally.dashboards.panels import query, stat, time_series
from errtally.dashboards.tables import Column, table
from errtally.rules.alerts.high_error_rate import HIGH_ERROR_RATE
from errtally.rules.alerts.response_time_degradation import RESPONSE_TIME_DEGRADATION
from errtally.rules.series import record_name
from errtally.rules.settings import enabled_rules, threshold

if TYPE_CHECKING:
    from grafanalib.core import Dashboard

    from errtally.config.alerting import Alerting
    from errtally.dashboards.panels import KindPanel, Steps
    from errtally.rules.rule_settings import RuleSettings

_SCOPE = ", ".join(f'{label}=~"${label}"' for label in names.BASE_LABELS)
_BY = ", ".join(names.BASE_LABELS)
_KEPT_GOOD, _KEPT_FAIR = 0.999, 0.99


def service_levels(alerting: Alerting) -> Dashboard:
    """Return the dashboard."""
    rules = enabled_rules(alerting)
    parts: list[KindPanel | Section] = [*_range_numbers(alerting), _services(alerting)]
    recorded = {recording.record for rule, settings in rules.items() for recording in rule.recordings(settings)}
    if section := objectives_section(alerting, recorded):
        parts.append(section)
    if HIGH_ERROR_RATE in rules:
        parts.append(_error_section(rules[HIGH_ERROR_RATE]))
    if RESPONSE_TIME_DEGRADATION in rules:
        parts.append(_speed_section(rules[RESPONSE_TIME_DEGRADATION]))
    return framed(
        alerting,
        uid=links.LEVELS,
        title="Service levels",
        description="Availability and speed against the limits of the alerts, and how much of the time they were kept.",
        variables=variables.base(alerting),
        parts=parts,
    )


def _range_numbers(alerting: Alerting) -> list[KindPanel]:
    return [
        stat(
            "Availability",
            "Share of the time range's requests that did not end with status 5xx."
            " Red is beyond the limit of the alert HighErrorRate.",
            (8, 5),
            f"1 - {queries.error_rate_of_range()}",
            unit="percentunit",
            no_value="No requests",
            steps=_availability_steps(alerting),
            decimals=3,
        ),
        stat(
            "Failed requests",
            "Requests of the time range that ended with status 5xx: what of an error budget was used.",
            (8, 5),
            queries.counted(queries.of(names.REQUESTS, 'status_class="5xx"')),
            unit="short",
            no_value="None",
            steps=shared.PLAIN,
        ),
        stat(
            "Apdex of the time range",
            f"1 is all satisfied; below {shared.APDEX_FAIR} is poor. A failed request is frustrated.",
            (8, 5),
            queries.apdex_of_range(),
            unit="none",
            no_value="No requests",
            steps=shared.APDEX_STEPS,
            decimals=3,
        ),
    ]


def _availability_steps(alerting: Alerting) -> Steps:
    limit = threshold(alerting, HIGH_ERROR_RATE)
    return [(BAD, None), (FAIR, 1 - limit), (GOOD, 1 - limit / 2)]


def _services(alerting: Alerting) -> KindPanel:
    failed = queries.counted(queries.of(names.REQUESTS, 'status_class="5xx"'), _BY)
    shown = {
        "A": f"1 - {queries.error_rate_of_range(_BY)}",
        "B": failed,
        "C": queries.quantile_of_range(0.95, queries.of(names.REQUEST_DURATION, suffix="_bucket"), _BY),
        "D": queries.apdex_of_range(_BY),
    }
    return table(
        "Services over the time range",
        "Each service; its name leads to its dashboard.",
        (24, 8),
        [query(expr, instant=True, table="table", ref=ref) for ref, expr in shown.items()],
        no_value="No requests",
        first=("Availability", False),
        columns=[
            Column("Project", "project", links=(shared.service_link("Project", "Environment"),)),
            Column("Environment", "environment"),
            Column(
                "Availability", "Value #A", unit="percentunit", decimals=3,
                steps=_availability_steps(alerting),
            ),
            Column("Failed requests", "Value #B", unit="short"),
            Column("95th percentile", "Value #C", unit="s", steps=shared.response_time_steps(alerting)),
            Column("Apdex", "Value #D", unit="none", steps=shared.APDEX_STEPS, decimals=3),
        ],
    )  # fmt: skip


def _error_section(settings: RuleSettings) -> Section:
    ratio = f"{record_name(names.SERVICE_REQUESTS, 'failure_ratio_rate', settings.window_seconds)}{{{_SCOPE}}}"
    requests = f"{record_name(names.SERVICE_REQUESTS, 'rate', settings.window_seconds)}{{{_SCOPE}}}"
    window = format_duration(settings.window_seconds)
    return Section(
        "Errors",
        [
            _over_time(
                f"Error rate over {window}",
                "What the alert HighErrorRate sees; it fires above the dashed line.",
                ratio, "percentunit", settings.threshold,
            ),
            _share_within_limit("Error rate within its limit", ratio, settings.threshold),
            time_series(
                f"Requests over {window}",
                "A service with few requests reaches a high error rate by few failures.",
                (24, 8),
                [query(requests, "{{project}} {{environment}}")],
                unit="reqps",
                no_value="The rules are not loaded, or there are no requests",
            ),
        ],
    )  # fmt: skip


def _speed_section(settings: RuleSettings) -> Section:
    # Without requests the record is NaN, which is neither slow nor fast.
    p95 = f"({record_name(names.SERVICE_REQUEST_DURATION, 'p95_rate', settings.window_seconds)}{{{_SCOPE}}} >= 0)"
    window = format_duration(settings.window_seconds)
    return Section(
        "Response time",
        [
            _over_time(
                f"95th percentile over {window}",
                "What the alert ResponseTimeDegradation sees; it fires above the dashed line.",
                p95, "s", settings.threshold,
            ),
            _share_within_limit("95th percentile within its limit", p95, settings.threshold),
        ],
    )  # fmt: skip


def _over_time(title: str, text: str, record: str, unit: str, limit: float) -> KindPanel:
    return time_series(
        title,
        text,
        (12, 9),
        [query(record, "{{project}} {{environment}}")],
        unit=unit,
        no_value="The rules are not loaded, or there are no requests",
        limit=limit,
    )


def _share_within_limit(title: str, record: str, limit: float) -> KindPanel:
    return table(
        title,
        "Share of the time range in which the limit of the alert was kept, of the time with requests.",
        (12, 9),
        [
            query(
                f"sort(avg_over_time(({record} <= bool {limit:.15g})[$__range:]))", instant=True, table="table"
            )
        ],
        no_value="The rules are not loaded, or there are no requests",
        first=("Kept", False),
        columns=[
            Column("Project", "project", links=(shared.service_link("Project", "Environment"),)),
            Column("Environment", "environment"),
            Column(
                "Kept", "Value", unit="percentunit", decimals=2,
                steps=[(BAD, None), (FAIR, _KEPT_FAIR), (GOOD, _KEPT_GOOD)],
            ),
        ],
    )  # fmt: skip
