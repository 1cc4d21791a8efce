"""Apdex Low: too few users are satisfied with a service's response times."""

from __future__ import annotations

from errtally import names
from errtally.rules.boards import PERFORMANCE
from errtally.rules.cases import NEAR, threshold_cases
from errtally.rules.model import AlertRule, Case, ExpectedAlert, Runbook
from errtally.rules.quantities import apdex
from errtally.rules.rule_settings import Defaults, RuleSettings
from errtally.rules.series import DEMO_LABELS, and_minimum, number, selector
from errtally.rules.texts import DECIMAL, decimal

SATISFIED, TOLERATING, FRUSTRATED = (
    selector(names.SERVICE_APDEX_REQUESTS, **DEMO_LABELS, zone=zone) for zone in names.APDEX_ZONES
)


def rated(score: float, traffic: float) -> dict[str, float]:
    """Requests a step that give a score: a tenth of them tolerating, the rest satisfied or frustrated."""
    satisfied = max(score - 0.05, 0.0)
    tolerating = (score - satisfied) * 2
    return {
        SATISFIED: satisfied * traffic,
        TOLERATING: tolerating * traffic,
        FRUSTRATED: (1 - satisfied - tolerating) * traffic,
    }


def _expr(settings: RuleSettings) -> str:
    total, score = apdex(settings)
    return f"{score.record} < {number(settings.threshold)}{and_minimum(total.record, settings)}"


def _cases(settings: RuleSettings) -> tuple[Case, ...]:
    return threshold_cases(
        settings,
        rated,
        lambda score: ExpectedAlert(DEMO_LABELS, decimal(score)),
        high=settings.threshold / 2,
        calm=(settings.threshold + 0.95) / 2,
        fires_near=settings.threshold * (1 - NEAR),
        silent_near=settings.threshold * (1 + NEAR),
    )


APDEX_LOW = AlertRule(
    name="ApdexLow",
    title="Apdex Low",
    defaults=Defaults(
        severity="warning",
        channels=("slack",),
        threshold=0.7,
        window_seconds=300,
        minimum=20,
        for_seconds=300,
        has_cooldown=True,
    ),
    labels=names.BASE_LABELS,
    board=PERFORMANCE,
    summary="Apdex of {project} ({environment}) is {value}",
    description="Over {window} the Apdex of {project} in {environment} is {value}; the limit is {threshold}.",
    value=DECIMAL,
    threshold_text=decimal,
    minimum_of="requests in the window",
    recordings=apdex,
    expr=_expr,
    cases=_cases,
    problem=lambda settings: "" if settings.threshold < 0.9 else "the threshold is a score and must be below 0.9",  # noqa: PLR2004
    runbook=Runbook(
        meaning=(
            "Apdex is the share of satisfied requests plus half of the tolerating ones. Satisfied is what answers"
            " within T, tolerating what answers within four times T; a failed request is frustrated."
        ),
        impact="Users wait or see failures so often that they notice. Below 0.7 a service counts as *fair* at best.",
        diagnosis=(
            "1. Failures or slowness? Compare *Error rate* and *Response times* on the dashboard.\n"
            "2. Which transaction has the lowest score?\n"
            "3. Is T right for this service? `apdex` in the configuration sets it for a project or a transaction."
        ),
        mitigation=(
            "- Treat failures first: each costs a whole request, a slow answer only half of one.\n"
            "- Then the slowest transaction with the most traffic.\n"
            "- Set a T that fits, for jobs that are meant to take long."
        ),
    ),
)
