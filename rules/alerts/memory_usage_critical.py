"""Memory Usage Critical: the host of an exporter has hardly any memory left."""

from __future__ import annotations

from errtally import names
from errtally.rules.model import AlertRule, Case, Check, Defaults, Firing, Runbook, Tuned
from errtally.rules.series import selector, steady
from errtally.rules.texts import percentage

_SERIES = selector(names.HOST_MEMORY, instance="web-1")
_LABELS = {"instance": "web-1"}


def _cases(tuned: Tuned) -> tuple[Case, ...]:
    steps, at = tuned.settled_steps, tuned.settled_seconds
    above = (tuned.threshold + 1) / 2
    firing = Firing(_LABELS, percentage(above))
    return (
        Case("fires above the threshold", {_SERIES: steady(above, steps)}, (Check(at, (firing,)),)),
        Case("is silent below the threshold", {_SERIES: steady(tuned.threshold / 2, steps)}, (Check(at),)),
        Case("is silent at the threshold itself", {_SERIES: steady(tuned.threshold, steps)}, (Check(at),)),
        Case("is silent when the metric is absent", {}, (Check(at),)),
        Case(
            "resolves when memory is free again and the cooldown is over",
            {_SERIES: f"{steady(above, steps)} {steady(0.1 * tuned.threshold, tuned.over_steps)}"},
            (Check(at, (firing,)), Check(tuned.over_seconds)),
        ),
    )


def _problem(tuned: Tuned) -> str:
    return "" if tuned.threshold < 1 else "the threshold is a share of the memory and must be below 1"


MEMORY_USAGE_CRITICAL = AlertRule(
    name="MemoryUsageCritical",
    title="Memory Usage Critical",
    defaults=Defaults(
        severity="critical",
        channels=("slack", "pagerduty"),
        threshold=0.9,
        for_seconds=300,
        has_cooldown=True,
    ),
    labels=("instance",),
    summary="{value} of the memory of {instance} is in use",
    description="{value} of the memory of the host of {instance} is in use; the limit is {threshold}, for {for}.",
    value="{{ $value | humanizePercentage }}",
    threshold_text=percentage,
    expr=lambda tuned: f"{selector(names.HOST_MEMORY)} > {tuned.threshold:.15g}",
    cases=_cases,
    problem=_problem,
    runbook=Runbook(
        meaning="The host on which the exporter runs has had less memory available than the threshold leaves.",
        impact="The kernel may soon kill processes, the exporter and what else runs on the host among them.",
        diagnosis=(
            "1. `ps aux --sort=-rss | head` on the host: which process holds the memory?\n"
            "2. Does it grow steadily (a leak) or in steps (load)?\n"
            "3. `dmesg | grep -i oom` tells whether the kernel has killed anything yet."
        ),
        mitigation=(
            "- Restart the process that leaks, after a heap dump if it can give one.\n"
            "- Move work away from the host or give it more memory.\n"
            "- An exporter that is restarted loses no event: accepted ones are on disk."
        ),
    ),
)
