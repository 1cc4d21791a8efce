"""Error Budget Burn: an objective's error budget is used up too fast; four alerts, from minutes to days.

Each looks at two windows: the long one says that it matters, the short one that it still goes on. The factors and
windows are those of the SRE Workbook, chapter 5: 14.4 times for an hour uses up 2 % of a budget of 30 days, 6 times
for six hours 5 %, 3 times for a day and once for three days 10 % each.
"""

from __future__ import annotations

from functools import partial

from errtally import names
from errtally.config.duration import format_duration
from errtally.rules import objectives
from errtally.rules.boards import SERVICE_LEVELS
from errtally.rules.cases import NEAR
from errtally.rules.model import AlertRule, Case, Check, Defaults, Firing, Recording, Runbook, Tuned
from errtally.rules.series import number
from errtally.rules.timeline import timeline

_HOUR_SECONDS = 3600
_VALUE = '{{ $value | printf "%.1f" }}'


def _text(rate: float) -> str:
    return f"{rate:.1f}"


def _recordings(long_seconds: int, short_seconds: int, tuned: Tuned) -> tuple[Recording, ...]:
    return (*objectives.inputs(tuned), *objectives.burn_rates(short_seconds, long_seconds))


def _expr(long_seconds: int, short_seconds: int, tuned: Tuned) -> str:
    limit = number(tuned.threshold)
    floor = ""
    if tuned.minimum:
        requests = objectives.mean(objectives.REQUESTS, short_seconds)
        floor = f"\nand {requests} * {short_seconds} >= {number(tuned.minimum)}"
    long, short = objectives.burn_rate(long_seconds), objectives.burn_rate(short_seconds)
    return f"{long} > {limit}\nand {short} > {limit}{floor}"


def _cases(short_seconds: int, tuned: Tuned) -> tuple[Case, ...]:
    slo = tuned.slos[0]
    labels = {**objectives.demo_labels(slo), "slo": slo.name}
    step, short = tuned.step_seconds, short_seconds // tuned.step_seconds
    held = tuned.for_seconds // step + 8
    at, least = held * step, tuned.minimum * step / short_seconds
    budget = objectives.budget(slo)
    limit = tuned.threshold * budget
    high = min(2 * limit, (1 + limit) / 2)
    after = short + tuned.keep_firing_seconds // step + 8

    def firing(share: float) -> tuple[Firing, ...]:
        return (Firing(labels, _text(share / budget)),)

    def requests(share: float, traffic: float = 1000 * (least or 1)) -> dict[str, float]:
        return objectives.demo_requests(slo, share, traffic)

    return (
        Case("fires far above the threshold", timeline((requests(high), held)), (Check(at, firing(high)),)),
        Case(
            "fires just above the threshold",
            timeline((requests(limit * (1 + NEAR)), held)),
            (Check(at, firing(limit * (1 + NEAR))),),
        ),
        Case("is silent just below the threshold", timeline((requests(limit * (1 - NEAR)), held)), (Check(at),)),
        Case(
            "is silent for an outage that the long window forgives",
            timeline((requests(0), 2 * short), (requests(high * 0.9), short)),
            (Check(3 * short * step),),
        ),
        Case(
            "resolves when the short window is clean",
            timeline((requests(high), held), (requests(0), after)),
            (Check(at, firing(high)), Check((held + after) * step)),
        ),
        Case("is silent without failures", timeline((requests(0), held)), (Check(at),)),
        Case("is silent without traffic", timeline((requests(high, 0), held)), (Check(at),)),
        *(
            (
                Case(
                    "is silent just below the least traffic",
                    timeline((requests(high, least * (1 - NEAR)), held + short)),
                    (Check((held + short) * step),),
                ),
                Case(
                    "fires just above the least traffic",
                    timeline((requests(high, least * (1 + NEAR)), held + short)),
                    (Check((held + short) * step, firing(high)),),
                ),
            )
            if tuned.minimum
            else ()
        ),
        Case("is silent when the metrics are absent", {}, (Check(at),)),
    )


def _problem(tuned: Tuned) -> str:
    out_of_reach = [slo.name for slo in tuned.slos if tuned.threshold * objectives.budget(slo) >= 1]
    if not out_of_reach:
        return ""
    return (
        f"{', '.join(out_of_reach)}: not even failing altogether burns the budget {number(tuned.threshold)} times as"
        " fast as it may; raise the objective, lower the threshold or switch the rule off"
    )


def _rule(long: int, short: int, rate: float, wait: int, severity: str, channels: tuple[str, ...]) -> AlertRule:
    window = format_duration(long)
    return AlertRule(
        name=f"ErrorBudgetBurn{window}",
        title=f"Error Budget Burn ({window})",
        defaults=Defaults(
            severity=severity, channels=channels, threshold=rate, minimum=20, for_seconds=wait, has_cooldown=True
        ),
        labels=(*names.BASE_LABELS, "slo"),
        board=SERVICE_LEVELS,
        group=objectives.GROUP,
        # The rate over five minutes needs two samples.
        step_seconds=60 if long <= 6 * _HOUR_SECONDS else 120,
        is_due=lambda alerting: bool(alerting.slos),
        summary="{project} ({environment}) burns the error budget of {slo} {value} times too fast",
        description=(
            f"Over {window} and still over the last {format_duration(short)}, {{project}} in {{environment}} used the"
            " error budget of {slo} {value} times as fast as it may; the limit is {threshold}."
        ),
        value=_VALUE,
        threshold_text=_text,
        minimum_of=f"requests within {format_duration(short)}",
        recordings=partial(_recordings, long, short),
        expr=partial(_expr, long, short),
        cases=partial(_cases, short),
        problem=_problem,
        runbook=Runbook(
            meaning=(
                "The error budget is the share of requests that an objective allows to be bad. At a burn rate of 1 it"
                f" lasts exactly as long as the objective's window. Over {window} it burned faster than the threshold,"
                f" and it still did over the last {format_duration(short)}."
            ),
            impact=(
                "If this goes on, the objective is missed. "
                + ("Users see it now." if severity == "critical" else "It is slow: a matter for today, not tonight.")
            ),
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


_PAGE, _TICKET = ("slack", "pagerduty"), ("slack",)
ERROR_BUDGET_BURN_1H = _rule(3600, 300, 14.4, 120, "critical", _PAGE)
ERROR_BUDGET_BURN_6H = _rule(21_600, 1800, 6, 900, "critical", _PAGE)
ERROR_BUDGET_BURN_1D = _rule(86_400, 7200, 3, 3600, "warning", _TICKET)
ERROR_BUDGET_BURN_3D = _rule(259_200, 21_600, 1, 10_800, "warning", _TICKET)
