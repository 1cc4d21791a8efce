"""Apdex Dropping: satisfaction with response times falls well below what it was in the last hour."""

from __future__ import annotations

from errtally import names
from errtally.rules.alerts.apdex_low import rated
from errtally.rules.baseline import anomaly_cases, baseline, baseline_record
from errtally.rules.boards import PERFORMANCE
from errtally.rules.cases import NEAR
from errtally.rules.model import AlertRule, Case, ExpectedAlert, Recording, Runbook
from errtally.rules.quantities import apdex
from errtally.rules.rule_settings import Defaults, RuleSettings
from errtally.rules.series import DEMO_LABELS, and_minimum, number
from errtally.rules.texts import DECIMAL, decimal

_USUAL = 0.9


def _recordings(settings: RuleSettings) -> tuple[Recording, ...]:
    total, score = apdex(settings)
    return (total, score, baseline(score.record, settings))


def _expr(settings: RuleSettings) -> str:
    total, score = apdex(settings)
    drop = f"{score.record} < {baseline_record(score.record)} - {number(settings.threshold)}"
    return f"{drop}{and_minimum(total.record, settings)}"


def _cases(settings: RuleSettings) -> tuple[Case, ...]:
    return anomaly_cases(
        settings,
        rated,
        lambda score: ExpectedAlert(DEMO_LABELS, decimal(score)),
        usual=_USUAL,
        high=max(_USUAL - 4 * settings.threshold, 0.0),
        fires_near=_USUAL - settings.threshold * (1 + NEAR),
        silent_near=_USUAL - settings.threshold * (1 - NEAR),
    )


APDEX_DROPPING = AlertRule(
    name="ApdexDropping",
    title="Apdex Dropping",
    defaults=Defaults(
        severity="warning",
        channels=("slack",),
        threshold=0.1,
        window_seconds=300,
        minimum=20,
        for_seconds=120,
        has_cooldown=True,
    ),
    labels=names.BASE_LABELS,
    board=PERFORMANCE,
    step_seconds=60,
    summary="Apdex of {project} ({environment}) dropped to {value}",
    description=("Over {window} the Apdex of {project} in {environment} is {value}: more than {threshold}."),
    value=DECIMAL,
    threshold_text=lambda limit: f"{decimal(limit)} below the last hour",
    minimum_of="requests in the window",
    recordings=_recordings,
    expr=_expr,
    cases=_cases,
    problem=lambda settings: "" if settings.threshold < 0.5 else "the threshold is a drop of the score, below 0.5",  # noqa: PLR2004
    runbook=Runbook(
        meaning="The Apdex over the window lies below the mean of the hour before by more than the threshold.",
        impact="The service got noticeably worse for its users within minutes, whatever its level was before.",
        diagnosis=(
            "1. What changed within the hour? A deploy, a feature switch, a dependency?\n"
            "2. Failures or slowness: compare *Error rate* and *Response times*.\n"
            "3. Which transaction's score fell?"
        ),
        mitigation=("- Undo the change.\n- If the new level is meant, the alert ends by itself within the hour."),
    ),
)
