"""Memory Usage Critical: the host of an exporter has hardly any memory left."""

from __future__ import annotations

from errtally import names
from errtally.rules.boards import HEALTH
from errtally.rules.cases import NEAR, threshold_cases
from errtally.rules.model import AlertRule, Case, ExpectedAlert, Runbook
from errtally.rules.problems import share_below_one
from errtally.rules.rule_settings import Defaults, RuleSettings
from errtally.rules.series import selector
from errtally.rules.texts import PERCENTAGE, percentage

_SERIES = selector(names.HOST_MEMORY, instance="web-1")
_LABELS = {"instance": "web-1"}


def _cases(settings: RuleSettings) -> tuple[Case, ...]:
    return threshold_cases(
        settings,
        lambda share, _: {_SERIES: share},
        lambda share: ExpectedAlert(_LABELS, percentage(share)),
        high=(settings.threshold + 1) / 2,
        calm=settings.threshold / 2,
        fires_near=settings.threshold * (1 + NEAR),
        silent_near=settings.threshold,
    )


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
    group="errtally-health",
    labels=("instance",),
    board=HEALTH,
    summary="{value} of the memory of {instance} is in use",
    description="{value} of the memory of the host of {instance} is in use; the limit is {threshold}, for {for}.",
    value=PERCENTAGE,
    threshold_text=percentage,
    expr=lambda settings: f"{selector(names.HOST_MEMORY)} > {settings.threshold:.15g}",
    cases=_cases,
    problem=share_below_one("the memory"),
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
