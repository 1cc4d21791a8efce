"""Response Time Anomaly: requests take a multiple of what they took in the last hour."""

from __future__ import annotations

from errtally import names
from errtally.rules.baseline import anomaly_cases, baseline, baseline_record
from errtally.rules.boards import PERFORMANCE
from errtally.rules.cases import NEAR
from errtally.rules.model import AlertRule, Case, ExpectedAlert, Recording, Runbook
from errtally.rules.problems import factor_above_one
from errtally.rules.quantities import mean_duration
from errtally.rules.rule_settings import Defaults, RuleSettings
from errtally.rules.series import DEMO_LABELS, and_minimum, number, selector
from errtally.rules.texts import DURATION, duration, factor

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
    limit = settings.threshold * _USUAL_SECONDS
    return anomaly_cases(
        settings,
        _requests,
        lambda seconds: ExpectedAlert(DEMO_LABELS, duration(seconds)),
        usual=_USUAL_SECONDS,
        high=5 * limit,
        fires_near=limit * (1 + 2 * NEAR),
        silent_near=limit * (1 - NEAR),
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
    problem=factor_above_one,
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
