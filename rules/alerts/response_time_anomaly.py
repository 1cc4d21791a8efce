"""Response Time Anomaly: requests take a multiple of what they took in the last hour."""

from __future__ import annotations

from errtally import names
from errtally.rules.baseline import baseline, baseline_record, history_steps
from errtally.rules.boards import PERFORMANCE
from errtally.rules.cases import NEAR, threshold_cases
from errtally.rules.model import AlertRule, Case, Check, ExpectedAlert, Recording, Runbook
from errtally.rules.quantities import mean_duration
from errtally.rules.rule_settings import Defaults, RuleSettings
from errtally.rules.series import DEMO_LABELS, and_minimum, number, selector
from errtally.rules.texts import DURATION, duration, factor
from errtally.rules.timeline import timeline

_LABELS = DEMO_LABELS
_SPENT = selector(names.SERVICE_REQUEST_DURATION, "_sum", **_LABELS)
_COUNT = selector(names.SERVICE_REQUEST_DURATION, "_count", **_LABELS)
_USUAL_SECONDS = 0.125


def _recordings(settings: RuleSettings) -> tuple[Recording, ...]:
    count, mean = mean_duration(settings)
    return (count, mean, baseline(mean.record, settings))


def _expr(settings: RuleSettings) -> str:
    count, mean = mean_duration(settings)
    usual = baseline_record(mean.record)
    return f"{mean.record} > {number(settings.threshold)} * {usual}{and_minimum(count.record, settings)}"


def _requests(seconds: float, traffic: float) -> dict[str, float]:
    return {_SPENT: seconds * traffic, _COUNT: traffic}


def _cases(settings: RuleSettings) -> tuple[Case, ...]:
    traffic = 100 * (settings.minimum or 1)
    lead = (_requests(_USUAL_SECONDS, traffic), history_steps(settings))
    limit = settings.threshold * _USUAL_SECONDS
    fresh = timeline((_requests(5 * limit, traffic), settings.settled_steps))
    return (
        *threshold_cases(
            settings,
            _requests,
            lambda seconds: ExpectedAlert(DEMO_LABELS, duration(seconds)),
            high=5 * limit,
            calm=_USUAL_SECONDS,
            fires_near=limit * (1 + 2 * NEAR),
            silent_near=limit * (1 - NEAR),
            before=(lead,),
        ),
        Case("is silent without a history", fresh, (Check(settings.settled_seconds),)),
    )


RESPONSE_TIME_ANOMALY = AlertRule(
    name="ResponseTimeAnomaly",
    title="Response Time Anomaly",
    defaults=Defaults(
        severity="warning",
        channels=("slack",),
        threshold=2,
        window_seconds=300,
        minimum=20,
        for_seconds=120,
        has_cooldown=True,
    ),
    labels=names.BASE_LABELS,
    board=PERFORMANCE,
    step_seconds=60,
    summary="Requests of {project} ({environment}) take {value}, far longer than in the last hour",
    description=(
        "The mean response time of {project} in {environment} over {window} is {value}: more than {threshold}."
    ),
    value=DURATION,
    threshold_text=lambda limit: f"{factor(limit)} the last hour",
    minimum_of="requests in the window",
    recordings=_recordings,
    expr=_expr,
    cases=_cases,
    problem=lambda settings: (
        "" if settings.threshold > 1 else "the threshold multiplies what is usual and must be above 1"
    ),
    runbook=Runbook(
        meaning=(
            "The mean response time over the window is more than the threshold times the mean of the hour before. It"
            " needs ten minutes of history."
        ),
        impact="The service answers, but much more slowly than its users are used to. It is often the first sign.",
        diagnosis=(
            "1. The latency heatmap: did everything shift, or did a slow band appear beside the usual one?\n"
            "2. Did throughput rise at the same time? Then look at saturation: CPU, pools, queues.\n"
            "3. What was deployed or changed within the hour?"
        ),
        mitigation=(
            "- Undo the change, or add instances if load is the cause.\n"
            "- Shorten time-outs towards the slow dependency and serve its fallback.\n"
            "- If the new level is meant, the alert ends by itself within the hour."
        ),
    ),
)
