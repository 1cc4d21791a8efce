"""Response Time Degradation: the 95th percentile of a service's response time is too high."""

from __future__ import annotations

from errtally import names
from errtally.config.duration import format_duration
from errtally.rules.model import AlertRule, Case, Check, Defaults, Firing, Recording, Runbook, Tuned
from errtally.rules.series import DEMO_LABELS, SCOPE, growing, record_name, selector
from errtally.rules.texts import duration

_BOUNDS_SECONDS = names.REQUEST_DURATION_BUCKETS_SECONDS
_QUANTILE = 0.95
_REQUESTS_A_STEP = 100


def _p95(tuned: Tuned) -> str:
    return record_name(names.REQUEST_DURATION, "p95_rate", tuned.window_seconds)


def _recordings(tuned: Tuned) -> tuple[Recording, ...]:
    buckets = selector(names.REQUEST_DURATION, "_bucket")
    rate = f"rate({buckets}[{format_duration(tuned.window_seconds)}])"
    return (Recording(_p95(tuned), f"histogram_quantile({_QUANTILE}, sum by ({SCOPE}, le) ({rate}))"),)


def _bucket(bound: str) -> str:
    labels = {**DEMO_LABELS, "transaction": "/pay", "outcome": "success", "le": bound}
    return selector(names.REQUEST_DURATION, "_bucket", **labels)


def _requests(counts: dict[float, int], steps: int, quiet_steps: int = 0) -> dict[str, str]:
    """Buckets of a histogram into which each step puts ``counts`` requests, by upper bound; then none any more."""
    series = {}
    for bound in _BOUNDS_SECONDS:
        below = sum(count for upper, count in counts.items() if upper <= bound)
        series[_bucket(str(bound))] = growing(below, steps)
    series[_bucket("+Inf")] = growing(sum(counts.values()), steps)
    if quiet_steps:
        last = {name: int(text.split("+")[1].split("x")[0]) * steps for name, text in series.items()}
        series = {name: f"{text} {growing(0, quiet_steps, last[name])}" for name, text in series.items()}
    return series


def _interpolated(upper: float) -> float:
    """The 95th percentile when every request is in the bucket below ``upper``."""
    index = _BOUNDS_SECONDS.index(upper)
    lower = _BOUNDS_SECONDS[index - 1] if index else 0.0
    return lower + (upper - lower) * _QUANTILE


def _cases(tuned: Tuned) -> tuple[Case, ...]:
    steps, at = tuned.settled_steps, tuned.settled_seconds
    slow = next(
        bound for index, bound in enumerate(_BOUNDS_SECONDS) if index and _BOUNDS_SECONDS[index - 1] >= tuned.threshold
    )
    fast = max(bound for bound in _BOUNDS_SECONDS if bound <= tuned.threshold)
    firing = Firing(DEMO_LABELS, duration(_interpolated(slow)))
    cases = [
        Case("fires when all are slow", _requests({slow: _REQUESTS_A_STEP}, steps), (Check(at, (firing,)),)),
        Case("is silent when all are fast", _requests({_BOUNDS_SECONDS[0]: _REQUESTS_A_STEP}, steps), (Check(at),)),
        Case("is silent without traffic", _requests({slow: 0}, steps), (Check(at),)),
        Case("is silent when the metric is absent", {}, (Check(at),)),
        Case(
            "resolves when slow requests have ended and the cooldown is over",
            _requests({slow: _REQUESTS_A_STEP}, steps, tuned.over_steps),
            (Check(at, (firing,)), Check(tuned.over_seconds)),
        ),
    ]
    if fast == tuned.threshold:  # a bound of the histogram: the shares about the 95th percentile are exact
        above = Firing(DEMO_LABELS, duration(fast + (slow - fast) / 6))
        cases += [
            Case("is silent when 4 of 100 are slow", _requests({fast: 96, slow: 4}, steps), (Check(at),)),
            Case("fires when 6 of 100 are slow", _requests({fast: 94, slow: 6}, steps), (Check(at, (above,)),)),
        ]
    return tuple(cases)


def _problem(tuned: Tuned) -> str:
    lowest, highest = _BOUNDS_SECONDS[0], _BOUNDS_SECONDS[-1]
    if lowest <= tuned.threshold < highest:
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
        for_seconds=60,
        has_cooldown=True,
    ),
    labels=names.BASE_LABELS,
    summary="Responses of {project} ({environment}) are slow: 95th percentile {value}",
    description=(
        "One request in twenty of {project} in {environment} takes longer than {value}; the limit is {threshold}"
        " over {window}."
    ),
    value="{{ $value | humanizeDuration }}",
    threshold_text=duration,
    recordings=_recordings,
    expr=lambda tuned: f"{_p95(tuned)} > {tuned.threshold:.15g}",
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
