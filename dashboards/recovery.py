"""Recovery: which services fail those who call them, what was done about it, and what the calling processes use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally import names
from errtally.dashboards import links, processes, shared, variables
from errtally.dashboards.colors import BAD, BY_BREAKER_STATE, BY_RECOVERY_OUTCOME, FAIR, GOOD
from errtally.dashboards.frame import framed
from errtally.dashboards.layout import Section
from errtally.dashboards.panels import query, stat, state_timeline, time_series
from errtally.dashboards.tables import Column, table

if TYPE_CHECKING:
    from grafanalib.core import Dashboard

    from errtally.config.alerting import Alerting
    from errtally.dashboards.panels import KindPanel

_THIRD, _HALF = (8, 9), (12, 9)
_PROCESS = f"{{{{project}}}} {{{{{names.PROCESS_LABEL}}}}}"
_NO_BREAKER = "No application has a breaker"
_STATES = [state.replace("_", " ") for state in names.BREAKER_STATES]


def recovery(alerting: Alerting) -> Dashboard:
    """Return the dashboard."""
    return framed(
        alerting,
        uid=links.RECOVERY,
        title="Recovery",
        description="Calls of applications to the services they need: failed, recovered, refused by circuit breakers.",
        variables=[*variables.base(alerting), variables.called_service()],
        parts=[
            *_numbers(),
            _breakers(),
            _services(),
            Section("Failed calls", _failed_calls()),
            Section("Circuit breakers", _breaker_counts()),
            Section("Processes", _processes()),
        ],
    )


def _numbers() -> list[KindPanel]:
    ended = processes.of(names.RECOVERIES)
    unhelped = processes.of(names.RECOVERIES, 'outcome="failed"')
    failed, every = processes.counted(unhelped), processes.counted(ended)
    return [
        stat(
            "Breakers not closed",
            "Services to which at least one process does not call, or only to try. After some minutes the alert"
            " CircuitBreakerOpen fires.",
            (6, 5),
            f"count(max by (service) ({processes.of(names.BREAKER_STATE)}) > 0)"
            f" or 0 * count({processes.of(names.BREAKER_STATE)})",
            unit="short",
            no_value=_NO_BREAKER,
            steps=[(GOOD, None), (BAD, 1)],
        ),
        stat(
            "Failed calls",
            "Calls that failed at first within the time range, whatever became of them.",
            (6, 5),
            every,
            unit="short",
            no_value="None",
            steps=shared.PLAIN,
            decimals=0,
        ),
        stat(
            "Helped",
            "Share of the failed calls that a further attempt or a fallback saved.",
            (6, 5),
            f"1 - ({failed} or 0 * {every}) / ({every} > 0)",
            unit="percentunit",
            no_value="No call failed",
            steps=[(BAD, None), (FAIR, 0.5), (GOOD, 0.9)],
            decimals=1,
        ),
        stat(
            "Refused calls",
            "Calls that open breakers refused within the time range: what the service was spared.",
            (6, 5),
            processes.counted(processes.of(names.BREAKER_REFUSED)),
            unit="short",
            no_value=_NO_BREAKER,
            steps=shared.PLAIN,
            decimals=0,
        ),
    ]


def _breakers() -> KindPanel:
    worst = f"max by (project, service) ({processes.of(names.BREAKER_STATE)})"
    return state_timeline(
        "Circuit breakers",
        "The worst state of each service's breakers. Open: calls are refused; half open: one call tries.",
        (24, 6),
        query(f"{worst} + 1", "{{project}} {{service}}"),
        no_value=_NO_BREAKER,
        states=dict(zip(_STATES, BY_BREAKER_STATE.values(), strict=True)),
    )


def _services() -> KindPanel:
    by = "service"
    outcomes = [processes.of(names.RECOVERIES, f'outcome="{outcome}"') for outcome in names.RECOVERY_OUTCOMES]
    shown = {
        "A": f"max by ({by}) ({processes.of(names.BREAKER_STATE)})",
        **{ref: processes.counted(selector, by) for ref, selector in zip("BCD", outcomes, strict=True)},
        "E": processes.counted(processes.of(names.BREAKER_REFUSED), by),
    }
    states = {str(value): state for value, state in enumerate(_STATES)}
    return table(
        "Services",
        "Each service that is called, over the time range: its breaker now, and how calls that failed at first ended.",
        (24, 6),
        [query(expr, instant=True, table="table", ref=ref) for ref, expr in shown.items()],
        no_value="No application reports",
        first=("Failed", True),
        columns=[
            Column("Service", "service"),
            Column(
                "Breaker", "Value #A", width=90, texts=dict(zip(states, BY_BREAKER_STATE.values(), strict=True)),
                named=states,
            ),
            Column("Recovered", "Value #B", unit="short", width=95, decimals=0),
            Column("Fallback", "Value #C", unit="short", width=85, decimals=0),
            Column("Failed", "Value #D", unit="short", width=75, decimals=0),
            Column("Refused", "Value #E", unit="short", width=85, decimals=0),
        ],
    )  # fmt: skip


def _failed_calls() -> list[KindPanel]:
    attempts = processes.stepped(processes.of(names.RECOVERY_ATTEMPTS), "strategy, outcome")
    return [
        time_series(
            "How failed calls ended",
            "Per step of the graph: saved by a further attempt, by a fallback, or failed for whoever asked.",
            _THIRD,
            [query(processes.stepped(processes.of(names.RECOVERIES), "outcome"), "{{outcome}}")],
            unit="short",
            no_value="No call failed",
            stacked=True,
            colors=BY_RECOVERY_OUTCOME,
        ),
        time_series(
            "Failed calls by class of error",
            "Network, database, rate limit, the service's own errors, or unknown.",
            _THIRD,
            [query(processes.stepped(processes.of(names.RECOVERIES), "error_class"), "{{error_class}}")],
            unit="short",
            no_value="No call failed",
            stacked=True,
        ),
        time_series(
            "Further attempts",
            "By strategy and whether the attempt went well. Attempts that only fail make an outage worse.",
            _THIRD,
            [query(attempts, "{{strategy}} {{outcome}}")],
            unit="short",
            no_value="No further attempts",
            stacked=True,
        ),
    ]


def _breaker_counts() -> list[KindPanel]:
    return [
        time_series(
            "Refused calls over time",
            "Calls that open breakers refused, per step of the graph.",
            _HALF,
            [query(processes.stepped(processes.of(names.BREAKER_REFUSED), "service"), "{{service}}")],
            unit="short",
            no_value=_NO_BREAKER,
            stacked=True,
        ),
        time_series(
            "Changes of state",
            "How often breakers opened, tried and closed, per step of the graph. Many: the service is on the brink.",
            _HALF,
            [query(processes.stepped(processes.of(names.BREAKER_CHANGES), "state"), "{{state}}")],
            unit="short",
            no_value=_NO_BREAKER,
            stacked=True,
            colors=BY_BREAKER_STATE,
        ),
    ]


def _processes() -> list[KindPanel]:
    return [
        time_series(
            "CPU of processes",
            "Cores that each process uses; 100 % is one core.",
            _THIRD,
            [query(processes.each(names.CLIENT_CPU), _PROCESS)],
            unit="percentunit",
            no_value="No process reports",
        ),
        time_series(
            "Memory of processes",
            "Resident memory of each process. A line that only rises is a leak.",
            _THIRD,
            [query(processes.each(names.CLIENT_MEMORY), _PROCESS)],
            unit="bytes",
            no_value="No process reports",
        ),
        time_series(
            "Free disk of processes",
            "Free share of the file system that each process works in.",
            _THIRD,
            [query(processes.each(names.CLIENT_DISK_FREE, "min"), _PROCESS)],
            unit="percentunit",
            no_value="No process reports",
            maximum=1,
            is_better_high=True,
        ),
    ]
