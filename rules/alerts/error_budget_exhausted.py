"""Error Budget Exhausted: over its window an objective was missed.

A share of a few hours says nothing about a month, so a service must have been seen for a sixtieth of the window: half a
day of a month.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally import names
from errtally.rules import missing_data, objectives
from errtally.rules.boards import SERVICE_LEVELS
from errtally.rules.cases import NEAR
from errtally.rules.model import AlertRule, Case, Check, ExpectedAlert, Recording, Runbook
from errtally.rules.rule_settings import Defaults, RuleSettings
from errtally.rules.texts import PERCENTAGE, nothing, percentage
from errtally.rules.timeline import timeline

if TYPE_CHECKING:
    from errtally.config.objectives import Slo

_TRAFFIC = 1000.0


def _recordings(settings: RuleSettings) -> tuple[Recording, ...]:
    return (*objectives.inputs(settings), *objectives.left(settings))


def _expr(_settings: RuleSettings) -> str:
    return f"{objectives.LEFT} < 0"


def _cases(settings: RuleSettings) -> tuple[Case, ...]:
    slo = settings.slos[0]
    labels = {**objectives.demo_labels(slo), "slo": slo.name}
    budget, step = objectives.budget(slo), settings.step_seconds
    # A tenth of the window is measured: what fails in it may use the whole budget up.
    seen = slo.window_seconds // 10 // step + settings.for_seconds // step + 10
    spent = 10 * budget

    def requests(share: float) -> dict[str, float]:
        return objectives.demo_requests(slo, share, _TRAFFIC)

    # How much of the window the last points that were looked at lie apart makes the last digits of the value.
    beyond = min(spent * 1.5, 1.0)
    return (
        Case(
            "is silent just within the budget of the whole window",
            timeline((requests(spent * (1 - 2 * NEAR)), seen)),
            (Check(seen * step),),
        ),
        Case(
            "is silent for an outage on the first day",
            timeline((requests(1), 1800 // step), (requests(0), seen)),
            (Check(7200), Check(seen * step)),
        ),
        Case("is silent without failures", timeline((requests(0), seen)), (Check(seen * step),)),
        Case("is silent without traffic", timeline((dict.fromkeys(requests(0.5), 0.0), seen)), (Check(seen * step),)),
        Case("is silent when the metrics are absent", {}, (Check(seen * step),)),
        Case(
            "fires when the budget of the whole window is used up",
            timeline((requests(beyond), seen)),
            (
                Check(seen * step // 2),
                Check(seen * step, (ExpectedAlert(labels, percentage(_left(slo, beyond, seen * step))),)),
            ),
        ),
    )


def _left(slo: Slo, share: float, measured_seconds: int) -> float:
    """What is left when a share of all requests failed for some time, as the points of the window tell."""
    step = slo.window_seconds // 720 // 60 * 60
    points = measured_seconds // step
    return 1 - share / objectives.budget(slo) * points * step / slo.window_seconds


ERROR_BUDGET_EXHAUSTED = AlertRule(
    name="ErrorBudgetExhausted",
    title="Error Budget Exhausted",
    defaults=Defaults(severity="warning", channels=("slack",), for_seconds=300),
    labels=(*names.BASE_LABELS, "slo"),
    board=SERVICE_LEVELS,
    group=objectives.GROUP,
    step_seconds=120,
    is_due=lambda alerting: bool(alerting.slos),
    summary="{project} ({environment}) has used up the error budget of {slo}",
    description="What is left of the error budget of {slo} for {project} in {environment}: {value}.",
    value=PERCENTAGE,
    threshold_text=nothing,
    recordings=_recordings,
    expr=_expr,
    cases=_cases,
    without_data=missing_data.BUDGET,
    runbook=Runbook(
        meaning="Over the objective's window more requests were bad than it allows: the objective was missed.",
        impact="The promise to users is broken. Nothing need be wrong at this moment.",
        diagnosis=(
            "1. When was the budget spent: in one outage or evenly? See `errtally:slo_error_budget:left_ratio`.\n"
            "2. One outage: is its cause repaired for good?\n"
            "3. Evenly: which issue has the most events within the window?"
        ),
        mitigation=(
            "- Put reliability first until there is a budget again: fixes before features, careful deploys.\n"
            "- If the objective asks for more than users need, lower it in `alerting.slos`."
        ),
    ),
)
