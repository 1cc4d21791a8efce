"""Data Absent: Prometheus scrapes no exporter at all, so every other rule is blind."""

from __future__ import annotations

from errtally import names
from errtally.rules import missing_data
from errtally.rules.boards import HEALTH
from errtally.rules.model import AlertRule, Case, Check, ExpectedAlert, Runbook
from errtally.rules.rule_settings import Defaults, RuleSettings
from errtally.rules.series import steady
from errtally.rules.texts import nothing

JOB = "errtally"
"""The job of the exporter in Prometheus' scrape configuration."""

_TARGET = f'up{{job="{JOB}", instance="exporter:9765"}}'


def _expr(_settings: RuleSettings) -> str:
    # A target that is down is TargetDown's; an exporter may be scraped under another job's name.
    return f'absent({names.UP.name}) unless on () up{{job="{JOB}"}}'


def _cases(settings: RuleSettings) -> tuple[Case, ...]:
    steps, at = settings.settled_steps, settings.settled_seconds
    gone = ExpectedAlert({}, "1")
    return (
        Case("fires when nothing is scraped at all", {}, (Check(at, (gone,)),)),
        Case("leaves a target that is down to its own alert", {_TARGET: steady(0, steps)}, (Check(at),)),
        Case(
            "is silent while the exporter is scraped",
            {_TARGET: steady(1, steps), names.UP.name: steady(1, steps)},
            (Check(at),),
        ),
        Case("is silent under another job's name", {names.UP.name: steady(1, steps)}, (Check(at),)),
        Case("waits before it fires", {}, (Check(settings.step_seconds),)),
        Case(
            "resolves when the exporter is scraped",
            {names.UP.name: f"_x{steps} 1x{settings.over_steps}"},
            (Check(at - settings.step_seconds, (gone,)), Check(settings.over_seconds)),
        ),
    )


DATA_ABSENT = AlertRule(
    name="DataAbsent",
    title="Data Absent",
    defaults=Defaults(severity="critical", channels=("slack", "pagerduty"), for_seconds=180),
    group="errtally-health",
    labels=(),
    board=HEALTH,
    summary="Prometheus gets no data from errtally",
    description="No series of errtally came in for {for}: errors are not counted and no other rule can fire.",
    value="{{ $value }}",
    threshold_text=nothing,
    expr=_expr,
    cases=_cases,
    without_data=missing_data.IS_ITS_SUBJECT,
    runbook=Runbook(
        meaning="Prometheus scrapes no exporter, under whatever name of the job.",
        impact="Errors go unseen: rules have nothing to work on. Clients may lose events once their queues are full.",
        diagnosis=(
            "1. *Status > Targets* in Prometheus: is there a job `errtally`?\n"
            "2. `curl http://EXPORTER:9765/-/healthy` from Prometheus' host: is it the process or the network?\n"
            "3. The exporter's log says why it stopped."
        ),
        mitigation=(
            "- Start the exporter again; accepted events are on disk and are counted then.\n"
            "- Correct the address or the job in Prometheus' scrape configuration."
        ),
    ),
)
