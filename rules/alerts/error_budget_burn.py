"""Error Budget Burn: an objective's error budget is used up too fast; one alert that pages, one that can wait.

Each alert joins two pairs of windows of the SRE Workbook, chapter 5 (`objectives.PAGE`, `objectives.TICKET`): the long
one says that it matters, the short one that it still goes on. They are one alert, not two: a fault that passes from
the quick pair to the slow one goes on as what it was. And a fault that is over pages nobody: the budget must still be
burning within the last five minutes, however long a window remembers.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from errtally import names
from errtally.config.duration import format_duration
from errtally.rules import missing_data, objectives
from errtally.rules.boards import SERVICE_LEVELS
from errtally.rules.cases import NEAR
from errtally.rules.model import AlertRule, Case, Check, ExpectedAlert, Recording, Runbook
from errtally.rules.rule_settings import Defaults, RuleSettings
from errtally.rules.series import minimum_bad, number
from errtally.rules.timeline import timeline

if TYPE_CHECKING:
    from errtally.rules.objectives import Tier

Pair = tuple["Tier", "Tier"]

_VALUE = '{{ $value | printf "%.1f" }}'
_ALLOWED = 1
"""The burn rate that uses a budget up exactly over its window."""


def _text(rate: float) -> str:
    return f"{rate:.1f}"


def _recordings(tiers: Pair, settings: RuleSettings) -> tuple[Recording, ...]:
    return (*objectives.inputs(settings), *objectives.burn_rates(tiers, settings))


def rates(tiers: Pair, settings: RuleSettings) -> tuple[tuple[Tier, float], ...]:
    """Return the tiers with their limits: the threshold is that of the first, the others keep their distance."""
    return tuple((tier, settings.threshold * tier.rate / tiers[0].rate) for tier in tiers)


def _expr(tiers: Pair, settings: RuleSettings) -> str:
    pairs = [
        f"  (\n    {objectives.burn_rate(tier)} > {number(limit)}"
        f"\n    and {objectives.burn_rate(tier, short=True)} > {number(limit)}\n  )"
        for tier, limit in rates(tiers, settings)
    ]
    floor = ""
    if settings.minimum:
        requests = objectives.mean(objectives.REQUESTS, settings.window_seconds)
        floor = f"\nand {requests} * {settings.window_seconds} >= {number(settings.minimum)}"
        if tiers is objectives.PAGE:
            failures, longest = objectives.mean(objectives.FAILURES, tiers[1].long_seconds), tiers[1].long_seconds
            floor += f"\nand {failures} * {longest} >= {number(minimum_bad(settings))}"
    return "(\n" + "\n  or\n".join(pairs) + f"\n)\nand {objectives.BURN_NOW} > {_ALLOWED}{floor}"


def _cases(tiers: Pair, settings: RuleSettings) -> tuple[Case, ...]:
    slo, first = settings.slos[0], tiers[0]
    labels = {**objectives.demo_labels(slo), "slo": slo.name}
    step, long = settings.step_seconds, first.long(slo)
    # The long window is full, and what was before the first sample of a rate has left it.
    held = (long + settings.for_seconds) // step + 8
    at, least = held * step, settings.minimum * step / settings.window_seconds
    budget = objectives.budget(slo)
    limit = settings.threshold * budget
    high = min(1.5 * limit, (1 + limit) / 2)
    after = (objectives.BASE_SECONDS + settings.keep_firing_seconds) // step + 8

    def firing(share: float) -> tuple[ExpectedAlert, ...]:
        return (ExpectedAlert(labels, _text(share / budget)),)

    def requests(share: float, traffic: float = 1000 * (least or 1)) -> dict[str, float]:
        return objectives.demo_requests(slo, share, traffic)

    quiet = [
        Case(
            "is silent just below the least traffic",
            timeline((requests(high, least * (1 - NEAR)), held)),
            (Check(at),),
        ),
        Case(
            "fires just above the least traffic",
            timeline((requests(high, least * (1 + NEAR)), held)),
            (Check(at, firing(high)),),
        ),
    ]
    return (
        Case("fires far above the threshold", timeline((requests(high), held)), (Check(at, firing(high)),)),
        Case(
            "fires just above the threshold",
            timeline((requests(limit * (1 + NEAR)), held)),
            (Check(at, firing(limit * (1 + NEAR))),),
        ),
        Case("is silent just below the threshold", timeline((requests(limit * (1 - NEAR)), held)), (Check(at),)),
        Case(
            "is silent for the share of a window that a young installation has measured",
            timeline((requests(high), held)),
            (Check(long // 3),),
        ),
        Case(
            "ends minutes after the failures, whatever the windows remember",
            timeline((requests(high), held), (requests(0), after)),
            (Check(at, firing(high)), Check((held + after) * step)),
        ),
        Case("is silent without failures", timeline((requests(0), held)), (Check(at),)),
        Case("is silent without traffic", timeline((requests(high, 0), held)), (Check(at),)),
        *(quiet if settings.minimum else []),
        Case("is silent when the metrics are absent", {}, (Check(at),)),
    )


def out_of_reach(tiers: Pair, settings: RuleSettings) -> list[str]:
    """Return the objectives so low that not even failing altogether burns their budget fast enough."""
    slowest = min(limit for _, limit in rates(tiers, settings))
    return [slo.name for slo in settings.slos if slowest * objectives.budget(slo) >= 1]


def _rule(tiers: Pair, defaults: Defaults, name: str, title: str, urgency: str) -> AlertRule:
    first, second = tiers
    return AlertRule(
        name=name,
        title=title,
        defaults=defaults,
        labels=(*names.BASE_LABELS, "slo"),
        board=SERVICE_LEVELS,
        group=objectives.GROUP,
        # The rate over five minutes needs two samples.
        step_seconds=60 if tiers is objectives.PAGE else 120,
        is_due=lambda alerting: bool(alerting.slos),
        summary="{project} ({environment}) burns the error budget of {slo} {value} times too fast",
        description=(
            "{project} in {environment} uses up the error budget of {slo} {value} times as fast as it may; the limit is"
            " {threshold}."
        ),
        value=_VALUE,
        threshold_text=_text,
        minimum_of="requests in the window",
        recordings=partial(_recordings, tiers),
        expr=partial(_expr, tiers),
        cases=partial(_cases, tiers),
        without_data=missing_data.BUDGET,
        runbook=Runbook(
            meaning=(
                "The error budget is the share of requests that an objective allows to be bad. At a burn rate of 1 it"
                f" lasts exactly as long as the objective's window. For an objective of 30 days: over"
                f" {format_duration(first.long_seconds)} and still over the last"
                f" {format_duration(first.short_seconds)} it burned faster than the threshold, or over"
                f" {format_duration(second.long_seconds)} and {format_duration(second.short_seconds)} faster than"
                f" {second.rate / first.rate:.3g} of it; and it burns now. Windows of other objectives are the same"
                " share of theirs. What was not measured counts as not spent."
            ),
            impact=f"If this goes on, the objective is missed. {urgency}",
            diagnosis=(
                "1. Which transactions are bad? *Error rate* for availability, the heatmap for latency.\n"
                "2. Since when? Compare with deploys and with the first events of new issues.\n"
                "3. How much budget is left? See `errtally:slo_error_budget:left_ratio`."
            ),
            mitigation=(
                "- Fast: roll back or switch to a fallback first, look for the cause afterwards.\n"
                "- Slow: plan the fix of what fails most often; hold risky changes back until the budget recovers.\n"
                "- An objective that nobody needs: lower it in `alerting.slos`."
            ),
        ),
    )


ERROR_BUDGET_BURN = _rule(
    objectives.PAGE,
    Defaults(
        severity="critical",
        channels=("slack", "pagerduty"),
        threshold=objectives.FAST.rate,
        window_seconds=objectives.BASE_SECONDS,
        minimum=20,
        for_seconds=120,
        has_cooldown=True,
    ),
    "ErrorBudgetBurn",
    "Error Budget Burn",
    "Users see it now.",
)
ERROR_BUDGET_BURN_SLOW = _rule(
    objectives.TICKET,
    Defaults(
        severity="warning",
        channels=("slack",),
        threshold=objectives.SLOW.rate,
        window_seconds=objectives.SLOW.short_seconds,
        minimum=20,
        for_seconds=900,
        has_cooldown=True,
    ),
    "ErrorBudgetBurnSlow",
    "Error Budget Burn (slow)",
    "It is slow: a matter for today, not tonight.",
)
