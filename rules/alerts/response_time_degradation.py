"""Response Time Degradation: the 95th percentile of a service's response time is too high."""

from __future__ import annotations

from errtally import names
from errtally.rules.boards import PERFORMANCE
from errtally.rules.cases import NEAR
from errtally.rules.model import AlertRule, Case, Check, ExpectedAlert, Recording, Runbook
from errtally.rules.quantities import timed_requests
from errtally.rules.rule_settings import Defaults, RuleSettings
from errtally.rules.series import DEMO_LABELS, SCOPE, and_minimum, number, rate, record_name, selector, sum_by
from errtally.rules.texts import DURATION, duration
from errtally.rules.timeline import timeline

_BOUNDS_SECONDS = names.REQUEST_DURATION_BUCKETS_SECONDS
_QUANTILE = 0.95
_COUNT = selector(names.SERVICE_REQUEST_DURATION, "_count", **DEMO_LABELS)


def _p95(settings: RuleSettings) -> str:
    return record_name(names.SERVICE_REQUEST_DURATION, "p95_rate", settings.window_seconds)


def _recordings(settings: RuleSettings) -> tuple[Recording, ...]:
    by_bound_rate = rate(names.SERVICE_REQUEST_DURATION, settings.window_seconds, suffix="_bucket")
    by_bound = sum_by(names.SERVICE_REQUEST_DURATION, by_bound_rate, settings, f"{SCOPE}, le")
    return (timed_requests(settings), Recording(_p95(settings), f"histogram_quantile({_QUANTILE}, {by_bound})"))


def _expr(settings: RuleSettings) -> str:
    return f"{_p95(settings)} > {number(settings.threshold)}{and_minimum(timed_requests(settings).record, settings)}"


def _bucket(bound: str) -> str:
    labels = {**DEMO_LABELS, "le": bound}
    return selector(names.SERVICE_REQUEST_DURATION, "_bucket", **labels)


def _requests(counts: dict[float, float]) -> dict[str, float]:
    """The histogram's growth in a step that brings ``counts`` requests, by the upper bound of their bucket."""
    total = sum(counts.values())
    series = {
        _bucket(str(bound)): sum(count for upper, count in counts.items() if upper <= bound)
        for bound in _BOUNDS_SECONDS
    }
    return {**series, _bucket("+Inf"): total, _COUNT: total}


def _interpolated(upper: float) -> float:
    """The 95th percentile when every request is in the bucket below ``upper``."""
    index = _BOUNDS_SECONDS.index(upper)
    lower = _BOUNDS_SECONDS[index - 1] if index else 0.0
    return lower + (upper - lower) * _QUANTILE


def _cases(settings: RuleSettings) -> tuple[Case, ...]:
    steps, at = settings.settled_steps, settings.settled_seconds
    slow = next(
        bound
        for index, bound in enumerate(_BOUNDS_SECONDS)
        if index and _BOUNDS_SECONDS[index - 1] >= settings.threshold
    )
    fast = max(bound for bound in _BOUNDS_SECONDS if bound <= settings.threshold)
    least = settings.minimum * settings.step_seconds / settings.window_seconds
    plenty = 100 * (least or 1)
    firing = ExpectedAlert(DEMO_LABELS, duration(_interpolated(slow)))

    def held(counts: dict[float, float], *then: tuple[dict[str, float], int]) -> dict[str, str]:
        return timeline((_requests(counts), steps), *then)

    cases = [
        Case("fires when all are slow", held({slow: plenty}), (Check(at, (firing,)),)),
        Case("is silent when all are fast", held({_BOUNDS_SECONDS[0]: plenty}), (Check(at),)),
        Case("is silent without traffic", held({slow: 0}), (Check(at),)),
        Case("is silent when the metric is absent", {}, (Check(at),)),
        Case(
            "resolves when slow requests have ended and the cooldown is over",
            held({slow: plenty}, (_requests({fast: plenty}), settings.over_steps)),
            (Check(at, (firing,)), Check(settings.over_seconds + settings.window_seconds)),
        ),
    ]
    if settings.minimum:
        cases += [
            Case("is silent just below the least traffic", held({slow: least * (1 - NEAR)}), (Check(at),)),
            Case("fires just above the least traffic", held({slow: least * (1 + NEAR)}), (Check(at, (firing,)),)),
        ]
    if fast == settings.threshold:  # a bound of the histogram: the shares about the 95th percentile are exact
        # Of 100 requests `extra` beyond five are slow: the percentile lies in the slow bucket, that far into it.
        extra = 5 * NEAR * fast / (slow - fast * (1 + NEAR))
        near = held({fast: (95 - extra) * plenty, slow: (5 + extra) * plenty})
        above = ExpectedAlert(DEMO_LABELS, duration(fast + (slow - fast) * extra / (5 + extra)))
        cases += [
            Case("is silent when 4.9 of 100 are slow", held({fast: 95.1 * plenty, slow: 4.9 * plenty}), (Check(at),)),
            Case("fires just above the threshold", near, (Check(at, (above,)),)),
        ]
    return tuple(cases)


def _problem(settings: RuleSettings) -> str:
    lowest, highest = _BOUNDS_SECONDS[0], _BOUNDS_SECONDS[-1]
    if lowest <= settings.threshold < highest:
        return ""
    return f"the threshold must be at least {lowest} and below {highest} seconds, the histogram's bounds"


RESPONSE_TIME_DEGRADATION = AlertRule(
    name="ResponseTimeDegradation",
    title="Response Time Degradation",
    defaults=Defaults(
        severity="warning",
        channels=("slack",),
        threshold=1.0,
        window_seconds=600,
        minimum=20,
        for_seconds=60,
        has_cooldown=True,
    ),
    labels=names.BASE_LABELS,
    board=PERFORMANCE,
    summary="Responses of {project} ({environment}) are slow: 95th percentile {value}",
    description=(
        "One request in twenty of {project} in {environment} takes longer than {value}; the limit is {threshold}"
        " over {window}."
    ),
    value=DURATION,
    threshold_text=duration,
    recordings=_recordings,
    expr=_expr,
    minimum_of="requests in the window",
    cases=_cases,
    problem=_problem,
    runbook=Runbook(
        meaning="The 95th percentile of a service's response times over the window is above the threshold.",
        impact="One user in twenty waits longer than that; pages feel broken and clients start to time out and retry.",
        diagnosis=(
            "1. Look at the latency heatmap on the dashboard: one slow band points to one transaction, a general"
            " shift to a shared resource.\n"
            "2. Compare with throughput: more load, or the same load on fewer instances?\n"
            "3. Follow an exemplar of a slow bucket to its trace."
        ),
        mitigation=(
            "- Roll back if a deploy started it; add instances if load did.\n"
            "- Shorten time-outs towards a slow dependency, so that it can't hold every worker.\n"
            "- If the service is meant to be this slow, raise `alerting.rules.ResponseTimeDegradation.threshold`."
        ),
    ),
)
