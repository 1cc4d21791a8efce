"""Error Rate Anomaly: the share of failed requests is well above what it was in the last hour.

Above the default limit of High Error Rate that alert speaks first and holds this one back. This one finds the
service whose limit was raised because it always fails a little.
"""

from __future__ import annotations

from errtally import names
from errtally.rules.baseline import anomaly_cases, baseline, baseline_record, usual_phase
from errtally.rules.cases import NEAR, chance_cases
from errtally.rules.model import AlertRule, Case, ExpectedAlert, Recording, Runbook
from errtally.rules.problems import share_below_one
from errtally.rules.quantities import failure_ratio
from errtally.rules.rule_settings import Defaults, RuleSettings
from errtally.rules.series import DEMO_LABELS, and_minimum, and_minimum_bad, number, selector
from errtally.rules.texts import PERCENTAGE, percentage

_FAILED = selector(names.SERVICE_REQUESTS, project="checkout", environment="production", status_class="5xx")
_SERVED = _FAILED.replace("5xx", "2xx")
_USUAL = 0.01


def _recordings(settings: RuleSettings) -> tuple[Recording, ...]:
    total, ratio = failure_ratio(settings)
    return (total, ratio, baseline(ratio.record, settings))


def _expr(settings: RuleSettings) -> str:
    total, ratio = failure_ratio(settings)
    usual = baseline_record(ratio.record)
    floor = and_minimum(total.record, settings) + and_minimum_bad(ratio.record, total.record, settings)
    return f"{ratio.record} > {usual} + {number(settings.threshold)}{floor}"


def _requests(ratio: float, traffic: float) -> dict[str, float]:
    return {_SERVED: (1 - ratio) * traffic, _FAILED: ratio * traffic}


def _cases(settings: RuleSettings) -> tuple[Case, ...]:
    def firing(ratio: float) -> ExpectedAlert:
        return ExpectedAlert(DEMO_LABELS, percentage(ratio))

    *compared, without_history = anomaly_cases(
        settings,
        _requests,
        firing,
        usual=_USUAL,
        high=min(max(_USUAL + 3 * settings.threshold, 0.5), 0.99),
        fires_near=_USUAL + settings.threshold * (1 + NEAR),
        silent_near=_USUAL + settings.threshold * (1 - NEAR),
    )
    of_chance = chance_cases(
        settings,
        _requests,
        firing,
        lambda share: share,
        is_beyond=lambda ratio: ratio > _USUAL + settings.threshold * (1 + NEAR),
        before=(usual_phase(settings, _requests, _USUAL),),
    )
    return (*compared, *of_chance, without_history)


ERROR_RATE_ANOMALY = AlertRule(
    name="ErrorRateAnomaly",
    title="Error Rate Anomaly",
    defaults=Defaults(
        severity="critical",
        channels=("slack", "pagerduty"),
        threshold=0.05,
        window_seconds=300,
        minimum=20,
        for_seconds=120,
        has_cooldown=True,
    ),
    labels=names.BASE_LABELS,
    step_seconds=60,
    summary="Failures of {project} ({environment}) rose to {value} of requests",
    description=("Over {window}, {value} of the requests of {project} in {environment} fail: more than {threshold}."),
    value=PERCENTAGE,
    threshold_text=lambda limit: f"{percentage(limit)} above the last hour",
    minimum_of="requests in the window",
    recordings=_recordings,
    expr=_expr,
    cases=_cases,
    problem=share_below_one("requests"),
    runbook=Runbook(
        meaning=(
            "The share of requests that end with a status of 500 or above is higher than the mean of the last hour by"
            " more than the threshold. It needs ten minutes of history."
        ),
        impact="More users than usual see failures. It started within the last minutes.",
        diagnosis=(
            "1. What changed within the hour: a deploy, a configuration, a dependency, a kind of traffic?\n"
            "2. *Top errors* on the dashboard: which issue grew? Its page names code and release.\n"
            "3. Is one transaction or every transaction affected?"
        ),
        mitigation=(
            "- Undo the change that started it, then look for the cause.\n"
            "- If this level is the new normal, the alert ends by itself within the hour; raise\n"
            "  `alerting.rules.ErrorRateAnomaly.threshold` if it comes back without need."
        ),
    ),
)
