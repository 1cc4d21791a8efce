"""Target Down: Prometheus knows an exporter but can't scrape it."""

from __future__ import annotations

from errtally.rules import missing_data
from errtally.rules.alerts.data_absent import JOB
from errtally.rules.boards import HEALTH
from errtally.rules.model import AlertRule, Case, Check, ExpectedAlert, Runbook
from errtally.rules.rule_settings import Defaults, RuleSettings
from errtally.rules.series import steady
from errtally.rules.texts import nothing

_LABELS = {"job": JOB, "instance": "exporter:9765"}
_TARGET = f'up{{job="{JOB}", instance="exporter:9765"}}'


def _cases(settings: RuleSettings) -> tuple[Case, ...]:
    steps, at = settings.settled_steps, settings.settled_seconds
    down = ExpectedAlert(_LABELS, "0")
    return (
        Case("fires when a target can't be scraped", {_TARGET: steady(0, steps)}, (Check(at, (down,)),)),
        Case("is silent while it is scraped", {_TARGET: steady(1, steps)}, (Check(at),)),
        Case("is silent for another job", {'up{job="other", instance="x"}': steady(0, steps)}, (Check(at),)),
        Case("is silent when there is no target", {}, (Check(at),)),
        Case(
            "is silent for a gap that is shorter than the wait",
            {_TARGET: f"1x{steps} 0 1x{steps}"},
            (Check((steps + 1) * settings.step_seconds),),
        ),
        Case(
            "resolves when the target is back",
            {_TARGET: f"{steady(0, steps)} {steady(1, settings.over_steps)}"},
            (Check(at, (down,)), Check(settings.over_seconds)),
        ),
    )


TARGET_DOWN = AlertRule(
    name="TargetDown",
    title="Target Down",
    defaults=Defaults(severity="critical", channels=("slack", "pagerduty"), for_seconds=180),
    group="errtally-health",
    labels=("job", "instance"),
    board=HEALTH,
    summary="Prometheus can't scrape errtally at {instance}",
    description="Prometheus has not reached errtally at {instance} for {for}: what it counts is not seen.",
    value="{{ $value }}",
    threshold_text=nothing,
    expr=lambda _: f'up{{job="{JOB}"}} == 0',
    cases=_cases,
    without_data=missing_data.IS_ITS_SUBJECT,
    runbook=Runbook(
        meaning="An exporter that stands in Prometheus' scrape configuration does not answer.",
        impact="With one exporter, errors go unseen: rules have nothing to work on. With replicas, one is missing.",
        diagnosis=(
            "1. *Status > Targets* in Prometheus: what does it say about the job `errtally`?\n"
            "2. `curl http://EXPORTER:9765/-/healthy` from Prometheus' host: is it the process or the network?\n"
            "3. The exporter's log says why it stopped."
        ),
        mitigation=(
            "- Start the exporter again; accepted events are on disk and are counted then.\n"
            "- An exporter that was taken away on purpose: take it out of the scrape configuration."
        ),
    ),
)
