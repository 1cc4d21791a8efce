"""Store Errors: transactions of the exporter's store fail again and again."""

from __future__ import annotations

from errtally import names
from errtally.rules.boards import HEALTH
from errtally.rules.cases import NEAR, threshold_cases
from errtally.rules.model import AlertRule, Case, ExpectedAlert, Runbook
from errtally.rules.rule_settings import Defaults, RuleSettings
from errtally.rules.series import increase, number, selector
from errtally.rules.texts import COUNT, count

_SERIES = selector(names.STORE_ERRORS)


def _expr(settings: RuleSettings) -> str:
    # Replicas that share a store all show its counter, so one of them is enough, however many there are.
    errors = increase(names.STORE_ERRORS, settings.window_seconds)
    return f"max without (instance) ({errors}) > {number(settings.threshold)}"


def _cases(settings: RuleSettings) -> tuple[Case, ...]:
    share = settings.step_seconds / settings.window_seconds
    return threshold_cases(
        settings,
        lambda failed, _: {_SERIES: failed * share},
        lambda failed: ExpectedAlert({"job": "errtally"}, count(failed)),
        high=10 * settings.threshold,
        calm=0.0,
        fires_near=settings.threshold * (1 + NEAR),
        silent_near=settings.threshold * (1 - NEAR),
    )


STORE_ERRORS = AlertRule(
    name="StoreErrors",
    title="Store Errors",
    defaults=Defaults(
        severity="warning", channels=("slack",), threshold=3, window_seconds=600, for_seconds=60, has_cooldown=True
    ),
    group="errtally-health",
    labels=("job",),
    board=HEALTH,
    summary="{value} transactions of errtally's store failed within {window}",
    description="{value} transactions failed within {window} and were tried again; the limit is {threshold}.",
    value=COUNT,
    threshold_text=count,
    expr=_expr,
    cases=_cases,
    runbook=Runbook(
        meaning="The writer could not commit to the store several times. It tries again; no event is lost.",
        impact="Counts and pages lag behind. If it goes on, StoreFailing or JournalLag follow.",
        diagnosis=(
            "1. The exporter's log names the error of each failed transaction.\n"
            "2. Is the disk slow, full or shared? Does another process hold the database locked?\n"
            "3. A store on the network: was it restarted?"
        ),
        mitigation="- Free space, or end what holds the lock; keep the store on a local disk.",
    ),
)
