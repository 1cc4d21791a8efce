"""High Error Rate: too large a share of a service's requests ends with status 5xx.

The least traffic of 20 requests goes with the threshold of 5 %: below it a single failure would be enough. And five
requests must have failed: two of thirty are chance.
"""

from __future__ import annotations

from errtally import names
from errtally.rules.cases import chance_cases, threshold_cases
from errtally.rules.model import AlertRule, Case, Check, ExpectedAlert, Runbook
from errtally.rules.problems import share_below_one
from errtally.rules.quantities import failure_ratio
from errtally.rules.rule_settings import Defaults, RuleSettings
from errtally.rules.series import DEMO_LABELS, and_minimum, and_minimum_bad, number, selector
from errtally.rules.texts import PERCENTAGE, percentage
from errtally.rules.timeline import timeline

_FAILED = selector(names.SERVICE_REQUESTS, project="checkout", environment="production", status_class="5xx")
_SERVED = _FAILED.replace("5xx", "2xx")


def _expr(settings: RuleSettings) -> str:
    total, ratio = failure_ratio(settings)
    floor = and_minimum(total.record, settings) + and_minimum_bad(ratio.record, total.record, settings)
    return f"{ratio.record} > {number(settings.threshold)}{floor}"


def _requests(ratio: float, traffic: float) -> dict[str, float]:
    return {_SERVED: (1 - ratio) * traffic, _FAILED: ratio * traffic}


def _cases(settings: RuleSettings) -> tuple[Case, ...]:
    unfailing = timeline(({_SERVED: settings.minimum + 100}, settings.settled_steps))
    return (
        *threshold_cases(
            settings,
            _requests,
            lambda ratio: ExpectedAlert(DEMO_LABELS, percentage(ratio)),
            high=(1 + settings.threshold) / 2,
            calm=0.0,
            fires_near=settings.threshold * 1.004,
            silent_near=settings.threshold * 0.996,
        ),
        *chance_cases(
            settings,
            _requests,
            lambda ratio: ExpectedAlert(DEMO_LABELS, percentage(ratio)),
            lambda share: share,
            is_beyond=lambda ratio: ratio > settings.threshold,
        ),
        Case("is silent when no request ever failed", unfailing, (Check(settings.settled_seconds),)),
    )


HIGH_ERROR_RATE = AlertRule(
    name="HighErrorRate",
    title="High Error Rate",
    defaults=Defaults(
        severity="critical",
        channels=("slack", "pagerduty"),
        threshold=0.05,
        window_seconds=300,
        minimum=20,
        for_seconds=60,
        has_cooldown=True,
    ),
    labels=names.BASE_LABELS,
    summary="{value} of the requests of {project} ({environment}) fail",
    description=(
        "{value} of the requests of {project} in {environment} end with a server error; the limit is {threshold}"
        " over {window}."
    ),
    value=PERCENTAGE,
    threshold_text=percentage,
    minimum_of="requests in the window",
    recordings=failure_ratio,
    expr=_expr,
    cases=_cases,
    problem=share_below_one("requests"),
    runbook=Runbook(
        meaning=(
            "Of all requests that a service answered within the window, the share that ended with a status of 500 or"
            " above is over the threshold, and at least five ended so."
        ),
        impact="Users see failures now. At the default threshold at least one request in twenty fails.",
        diagnosis=(
            "1. Open the dashboard from the alert: did the errors start at once (a deploy, a dependency) or grow"
            " slowly (load, a leak)?\n"
            "2. Look at *Top errors* and open the issue that grew: the stack trace names the failing code.\n"
            "3. Compare the issue's first release with the last deploy.\n"
            "4. See whether one transaction or all of them fail: one points to code, all point to a dependency."
        ),
        mitigation=(
            "- If a deploy started it, roll back first and look for the cause afterwards.\n"
            "- If a dependency is down, switch to its fallback or shed the feature that needs it.\n"
            "- When fixed, resolve the issue on its page: if it comes back, errtally reports a regression."
        ),
    ),
)
