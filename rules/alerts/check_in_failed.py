"""Check-In Failed: a scheduled job says that it failed, or takes too long; one that never began is CheckInMissed's."""

from __future__ import annotations

from errtally import names
from errtally.rules import missing_data
from errtally.rules.boards import SERVICE
from errtally.rules.gaps import is_news, seen_until
from errtally.rules.model import AlertRule, Case, Check, ExpectedAlert, Runbook
from errtally.rules.rule_settings import Defaults, RuleSettings
from errtally.rules.series import DEMO_LABELS, SCOPE, selector, steady
from errtally.rules.texts import nothing

_BY = f"{SCOPE}, monitor"
_LABELS = {**DEMO_LABELS, "monitor": "nightly-backup"}
_LAST = selector(names.CHECK_IN_LAST_FAILED, **_LABELS)
_FAILED = selector(names.CHECK_INS, **_LABELS, status="error")
_MISSED = selector(names.CHECK_INS, **_LABELS, status="missed")


def _expr(settings: RuleSettings) -> str:
    return f"max by ({_BY}) ({is_news(names.CHECK_IN_LAST_FAILED.name, settings)})"


def _cases(settings: RuleSettings) -> tuple[Case, ...]:
    step, window = settings.step_seconds, settings.window_seconds
    lead = 2 * -(-window // step) + 4
    failed, steps = lead * step, lead + settings.over_steps
    at = failed + settings.for_seconds + 2 * step
    up = {names.UP.name: steady(1, 2 * steps)}
    fails = {_LAST: f"_x{lead} {failed}x{steps}", _FAILED: f"_x{lead} 1+1x{steps}"}
    firing = ExpectedAlert(_LABELS, "1")
    away = 2 * -(-window // step)
    gap = (
        Case(
            "fires when a gap is over in which the job failed",
            {
                names.UP.name: f"1x{lead - 1} _x{away} 1x{steps}",
                _LAST: f"0x{lead - 1} _x{away} {failed + window}x{steps}",
            },
            (Check(failed + away * step + settings.for_seconds + step, (firing,)),),
        ),
    )
    return (
        Case("fires for the first failure of a job", {**up, **fails}, (Check(at, (firing,)),)),
        Case("ends when it is no longer news", {**up, **fails}, (Check(failed + window + settings.for_seconds + 120),)),
        Case(
            "is silent for a job that failed long ago",
            {**up, _LAST: f"{step}x{2 * steps}", _FAILED: f"57x{2 * steps}"},
            (Check(at),),
        ),
        Case(
            "leaves a run that never began to CheckInMissed",
            {**up, _MISSED: f"0x{lead} 1x{steps}"},
            (Check(at),),
        ),
        Case(
            "is silent for old failures when Prometheus is new",
            {names.UP.name: f"_x{lead} 1x{steps}", _LAST: f"_x{lead} 7x{steps}", _FAILED: f"_x{lead} 57x{steps}"},
            (Check(at),),
        ),
        *gap,
        Case("is silent when the metrics are absent", {}, (Check(at),)),
    )


CHECK_IN_FAILED = AlertRule(
    name="CheckInFailed",
    title="Check-In Failed",
    defaults=Defaults(severity="warning", channels=("slack", "email"), window_seconds=900),
    labels=(*names.BASE_LABELS, "monitor"),
    board=SERVICE,
    summary="{monitor} of {project} ({environment}) failed",
    description="A run of {monitor} of {project} in {environment} failed, or took longer than it may.",
    value="1",
    threshold_text=nothing,
    recordings=lambda settings: (seen_until(settings),),
    expr=_expr,
    cases=_cases,
    without_data=missing_data.NEWS,
    runbook=Runbook(
        meaning="Within the window a scheduled job reported a run that failed, or a run took longer than it may.",
        impact="What the job should have done is not done, or only partly.",
        diagnosis=(
            "1. The job's issue on the list, with the stack trace, if the job reports its errors.\n"
            "2. The job's own log of that run.\n"
            "3. Did it fail before? The counter `check_ins_total` by status tells on the dashboard."
        ),
        mitigation=(
            "- Repair the cause and run the job again; check first that a half-done run does no harm.\n"
            "- A job that may fail now and then: switch the rule off; CheckInMissed tells when it stays away."
        ),
    ),
)
