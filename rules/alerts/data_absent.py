"""Data Absent: Prometheus gets nothing from an exporter, so every other rule is blind."""

from __future__ import annotations

from errtally import names
from errtally.rules.model import AlertRule, Case, Check, Defaults, Firing, Runbook, Tuned
from errtally.rules.series import steady
from errtally.rules.texts import nothing

JOB = "errtally"
"""The job of the exporter in Prometheus' scrape configuration."""

_LABELS = {"job": JOB, "instance": "exporter:9765"}
_TARGET = f'up{{job="{JOB}", instance="exporter:9765"}}'


def _expr(_tuned: Tuned) -> str:
    # The second branch covers an exporter that nobody scrapes at all, under whatever name of the job.
    return f'up{{job="{JOB}"}} == 0\nor\n(absent({names.UP.name}) unless on () up{{job="{JOB}"}})'


def _cases(tuned: Tuned) -> tuple[Case, ...]:
    steps, at = tuned.settled_steps, tuned.settled_seconds
    down = Firing(_LABELS, "0", {"where": " at exporter:9765"})
    gone = Firing({}, "1", {"where": ""})
    return (
        Case("fires when a target can't be scraped", {_TARGET: steady(0, steps)}, (Check(at, (down,)),)),
        Case("fires when nothing is scraped at all", {}, (Check(at, (gone,)),)),
        Case(
            "is silent while the exporter is scraped",
            {_TARGET: steady(1, steps), names.UP.name: steady(1, steps)},
            (Check(at),),
        ),
        Case("is silent under another job's name", {names.UP.name: steady(1, steps)}, (Check(at),)),
        Case(
            "is silent for a gap that is shorter than the wait",
            {_TARGET: f"1x{steps} 0 1x{steps}", names.UP.name: f"1x{2 * steps}"},
            (Check((steps + 1) * tuned.step_seconds),),
        ),
        Case(
            "resolves when the target is back",
            {_TARGET: f"{steady(0, steps)} {steady(1, tuned.over_steps)}"},
            (Check(at, (down,)), Check(tuned.over_seconds)),
        ),
    )


DATA_ABSENT = AlertRule(
    name="DataAbsent",
    title="Data Absent",
    defaults=Defaults(severity="critical", channels=("slack", "pagerduty"), for_seconds=180),
    labels=("job", "instance"),
    summary="Prometheus gets no data from errtally{where}",
    description="No series of errtally came in for {for}: errors are not counted and no other rule can fire.",
    value="{{ $value }}",
    threshold_text=nothing,
    fields={"where": "{{ with $labels.instance }} at {{ . }}{{ end }}"},
    expr=_expr,
    cases=_cases,
    runbook=Runbook(
        meaning="Prometheus can't scrape an exporter, or scrapes none at all.",
        impact="Errors go unseen: rules have nothing to work on. Clients may lose events once their queues are full.",
        diagnosis=(
            "1. *Status > Targets* in Prometheus: what does it say about the job `errtally`?\n"
            "2. `curl http://EXPORTER:9765/-/healthy` from Prometheus' host: is it the process or the network?\n"
            "3. The exporter's log says why it stopped."
        ),
        mitigation=(
            "- Start the exporter again; accepted events are on disk and are counted then.\n"
            "- Correct the address or the job in Prometheus' scrape configuration."
        ),
    ),
)
