"""Store Failing: the exporter accepts events but its writer can't count them."""

from __future__ import annotations

from errtally import names
from errtally.rules import missing_data
from errtally.rules.boards import HEALTH
from errtally.rules.model import AlertRule, Case, Check, ExpectedAlert, Runbook
from errtally.rules.rule_settings import Defaults, RuleSettings
from errtally.rules.series import selector, steady
from errtally.rules.texts import nothing

_LABELS = {"instance": "exporter:9765"}
_SERIES = selector(names.UP, **_LABELS)


def _cases(settings: RuleSettings) -> tuple[Case, ...]:
    steps, at = settings.settled_steps, settings.settled_seconds
    firing = ExpectedAlert(_LABELS, "0")
    return (
        Case("fires when the writer has stopped", {_SERIES: steady(0, steps)}, (Check(at, (firing,)),)),
        Case("is silent while the writer works", {_SERIES: steady(1, steps)}, (Check(at),)),
        Case("is silent when the metric is absent", {}, (Check(at),)),
        Case(
            "resolves when the writer works again",
            {_SERIES: f"{steady(0, steps)} {steady(1, settings.over_steps)}"},
            (Check(at, (firing,)), Check(settings.over_seconds)),
        ),
    )


STORE_FAILING = AlertRule(
    name="StoreFailing",
    title="Store Failing",
    defaults=Defaults(severity="critical", channels=("slack", "pagerduty"), for_seconds=120),
    group="errtally-health",
    labels=("instance",),
    board=HEALTH,
    summary="errtally {instance} can't write to its store",
    description="For {for} the writer of {instance} has not kept the store current: counts and pages are old.",
    value="{{ $value }}",
    threshold_text=nothing,
    expr=lambda _: f"{selector(names.UP)} == 0",
    cases=_cases,
    without_data=missing_data.always(
        "The exporter tells it while it answers scrapes. When it does not answer, TargetDown fires in its place."
    ),
    runbook=Runbook(
        meaning="The exporter answers, but the writer that folds accepted events into the store has stopped.",
        impact="Events wait in the journal. None is lost, but counts, alerts and pages stand still.",
        diagnosis=(
            "1. The exporter's log names the error of the last transaction.\n"
            "2. Is the disk full, read-only or locked by another process? Is Redis reachable?\n"
            "3. *Exporter health* on the dashboard shows how many events wait."
        ),
        mitigation=(
            "- Free space, or bring the store back; the writer tries again by itself.\n"
            "- If it stays stopped, restart the exporter: it goes on where the store's last transaction ended."
        ),
    ),
)
