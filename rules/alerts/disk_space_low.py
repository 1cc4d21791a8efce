"""Disk Space Low: a file system of an exporter's host is nearly full."""

from __future__ import annotations

from errtally import names
from errtally.rules.boards import HEALTH
from errtally.rules.cases import NEAR, threshold_cases
from errtally.rules.model import AlertRule, Case, ExpectedAlert, Runbook
from errtally.rules.problems import share_below_one
from errtally.rules.rule_settings import Defaults, RuleSettings
from errtally.rules.series import selector
from errtally.rules.texts import PERCENTAGE, percentage

_LABELS = {"instance": "web-1", "mountpoint": "/var"}
_SERIES = selector(names.HOST_DISK_FREE, **_LABELS)


def _cases(settings: RuleSettings) -> tuple[Case, ...]:
    return threshold_cases(
        settings,
        lambda share, _: {_SERIES: share},
        lambda share: ExpectedAlert(_LABELS, percentage(share)),
        high=settings.threshold / 2,
        calm=(1 + settings.threshold) / 2,
        fires_near=settings.threshold * (1 - NEAR),
        silent_near=settings.threshold,
    )


DISK_SPACE_LOW = AlertRule(
    name="DiskSpaceLow",
    title="Disk Space Low",
    defaults=Defaults(
        severity="warning",
        channels=("slack", "email"),
        threshold=0.1,
        for_seconds=900,
        has_cooldown=True,
    ),
    group="errtally-health",
    labels=("instance", "mountpoint"),
    board=HEALTH,
    summary="Only {value} of {mountpoint} on {instance} is free",
    description="{value} of the file system {mountpoint} on the host of {instance} is free; the limit is {threshold}.",
    value=PERCENTAGE,
    threshold_text=percentage,
    expr=lambda settings: f"{selector(names.HOST_DISK_FREE)} < {settings.threshold:.15g}",
    cases=_cases,
    problem=share_below_one("the disk"),
    runbook=Runbook(
        meaning="A file system on the exporter's host has less free space than the threshold asks for.",
        impact="When it is full, the exporter answers 503 to new events until there is space; none accepted is lost.",
        diagnosis=(
            "1. `df -h` and `du -xh --max-depth=1 MOUNTPOINT | sort -h` on the host.\n"
            "2. *Exporter health* on the dashboard shows the size of journal and store: does the journal grow"
            " because the store does not keep up?"
        ),
        mitigation=(
            "- Remove old logs and unused images first; they are the usual cause.\n"
            "- Lower `retention.events_per_issue` or `limits.journal_bytes`, or move `data_dir` to a larger disk."
        ),
    ),
)
