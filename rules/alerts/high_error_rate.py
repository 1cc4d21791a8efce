"""High Error Rate: too large a share of a service's requests ends with status 5xx."""

from __future__ import annotations

from errtally import names
from errtally.config.duration import format_duration
from errtally.rules.model import AlertRule, Case, Check, Defaults, Firing, Recording, Runbook, Tuned
from errtally.rules.series import DEMO_LABELS, SCOPE, growing, record_name, selector
from errtally.rules.texts import percentage

_REQUESTS_A_STEP = 10_000
_FAILED = selector(
    names.REQUESTS, project="checkout", environment="production", transaction="/pay", method="POST", status_class="5xx"
)
_SERVED = _FAILED.replace("5xx", "2xx")


def _rate(tuned: Tuned) -> str:
    return record_name(names.REQUESTS, "rate", tuned.window_seconds)


def _ratio(tuned: Tuned) -> str:
    return record_name(names.REQUESTS, "failure_ratio_rate", tuned.window_seconds)


def _recordings(tuned: Tuned) -> tuple[Recording, ...]:
    window = format_duration(tuned.window_seconds)
    failed = selector(names.REQUESTS, status_class="5xx")
    return (
        Recording(_rate(tuned), f"sum by ({SCOPE}) (rate({selector(names.REQUESTS)}[{window}]))"),
        Recording(
            _ratio(tuned),
            # A service that never failed has no 5xx series: its ratio is 0, not absent. A service without
            # traffic has no ratio at all: the comparison drops it before the division could give NaN.
            f"(\n  sum by ({SCOPE}) (rate({failed}[{window}]))\n  or 0 * {_rate(tuned)}\n)\n/ ({_rate(tuned)} > 0)",
        ),
    )


def _requests(failed: float, steps: int) -> dict[str, str]:
    return {_SERVED: growing(_REQUESTS_A_STEP - failed, steps), _FAILED: growing(failed, steps)}


def _recovering(failed: float, tuned: Tuned) -> dict[str, str]:
    """Failures until the alert has settled, then only successes."""
    steps = tuned.settled_steps
    served = _REQUESTS_A_STEP - failed
    return {
        _SERVED: f"{growing(served, steps)} {growing(_REQUESTS_A_STEP, tuned.over_steps, served * (steps + 1))}",
        _FAILED: f"{growing(failed, steps)} {growing(0, tuned.over_steps, failed * steps)}",
    }


def _cases(tuned: Tuned) -> tuple[Case, ...]:
    steps, at = tuned.settled_steps, tuned.settled_seconds
    above = min(2 * tuned.threshold, 1.0)
    limit = round(tuned.threshold * _REQUESTS_A_STEP)
    firing = Firing(DEMO_LABELS, percentage(above))
    just_above = Firing(DEMO_LABELS, percentage((limit + 1) / _REQUESTS_A_STEP))
    failing = above * _REQUESTS_A_STEP
    return (
        Case("fires above the threshold", _requests(failing, steps), (Check(at, (firing,)),)),
        Case("is silent below the threshold", _requests(limit // 2, steps), (Check(at),)),
        Case("is silent one request in 10000 below the threshold", _requests(limit - 1, steps), (Check(at),)),
        Case(
            "fires one request in 10000 above the threshold",
            _requests(limit + 1, steps),
            (Check(at, (just_above,)),),
        ),
        Case("is silent when no request ever failed", {_SERVED: growing(_REQUESTS_A_STEP, steps)}, (Check(at),)),
        Case("is silent without traffic", {_SERVED: f"17x{steps}", _FAILED: f"13x{steps}"}, (Check(at),)),
        Case("is silent when the metric is absent", {}, (Check(at),)),
        Case(
            "resolves when the failures have ended and the cooldown is over",
            _recovering(failing, tuned),
            (Check(at, (firing,)), Check(tuned.over_seconds)),
        ),
    )


def _problem(tuned: Tuned) -> str:
    return "" if tuned.threshold < 1 else "the threshold is a share of requests and must be below 1"


HIGH_ERROR_RATE = AlertRule(
    name="HighErrorRate",
    title="High Error Rate",
    defaults=Defaults(
        severity="critical",
        channels=("slack", "pagerduty"),
        threshold=0.05,
        window_seconds=300,
        for_seconds=60,
        has_cooldown=True,
    ),
    labels=names.BASE_LABELS,
    summary="{value} of the requests of {project} ({environment}) fail",
    description=(
        "{value} of the requests of {project} in {environment} end with a server error; the limit is {threshold}"
        " over {window}."
    ),
    value="{{ $value | humanizePercentage }}",
    threshold_text=percentage,
    recordings=_recordings,
    expr=lambda tuned: f"{_ratio(tuned)} > {tuned.threshold:.15g}",
    cases=_cases,
    problem=_problem,
    runbook=Runbook(
        meaning=(
            "Of all requests that a service answered within the window, the share that ended with a status of 500 or"
            " above is over the threshold."
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
