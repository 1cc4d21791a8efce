"""Regression: an issue that was resolved came back.

As with a new issue, the time of the regression says so where the issue has series, and where not, that of the newest
one of the service.
"""

from __future__ import annotations

from errtally import names
from errtally.rules import boards, missing_data
from errtally.rules.gaps import is_news, seen_until
from errtally.rules.issue_texts import FIELDS, INFO, ISSUE, KNOWN, UNKNOWN
from errtally.rules.model import AlertRule, Case, Check, ExpectedAlert, Runbook
from errtally.rules.rule_settings import Defaults, RuleSettings
from errtally.rules.series import DEMO_LABELS, SCOPE, selector, steady
from errtally.rules.texts import nothing

_REGRESSED = selector(names.ISSUE_REGRESSED, **ISSUE)
_LAST = selector(names.LAST_REGRESSION, **DEMO_LABELS)


def _expr(settings: RuleSettings) -> str:
    # A client's clock that runs ahead must not make news of days.
    last = is_news(names.ISSUE_REGRESSED.name, settings)
    named = f"(max by ({SCOPE}, issue) ({last}) < time() + {settings.window_seconds})"
    # The time of an issue is that of its event, which may have come late; that of the service is when it was noticed.
    unnamed = f"max by ({SCOPE}) ({is_news(names.LAST_REGRESSION.name, settings)})"
    return f"{named}\nor\n(\n  {unnamed}\n  unless on ({SCOPE})\n  {named}\n)"


def _cases(settings: RuleSettings) -> tuple[Case, ...]:
    step, window = settings.step_seconds, settings.window_seconds
    back_steps = 2 * -(-window // step) + 4
    back, steps = back_steps * step, back_steps + settings.over_steps
    at, gone = back + settings.for_seconds + step, back + window + settings.for_seconds + step + 60
    firing, unnamed = ExpectedAlert(ISSUE, "1", KNOWN), ExpectedAlert(DEMO_LABELS, "1", UNKNOWN)
    up = {names.UP.name: steady(1, 2 * steps)}
    returns = {**up, _REGRESSED: f"_x{back_steps} {steady(back, steps)}", INFO: steady(1, back_steps + steps)}
    counted = {_LAST: f"0x{back_steps - 1} {steady(back, steps)}"}
    away = 2 * -(-window // step)
    after = back + away * step + settings.for_seconds + step
    return (
        Case(
            "fires once, by its issue, when it comes back",
            {**returns, **counted},
            (Check(back - step), Check(at, (firing,))),
        ),
        Case("ends when it is no longer news", returns, (Check(at, (firing,)), Check(gone))),
        Case(
            "fires again when the issue comes back once more",
            {
                **up,
                _REGRESSED: f"{steady(step, back_steps)} {steady(back + step, steps)}",
                INFO: steady(1, back_steps + steps),
            },
            (Check(back), Check(at + step, (firing,))),
        ),
        Case(
            "fires when a gap is over in which it came back",
            {
                names.UP.name: f"1x{back_steps - 1} _x{away} 1x{steps}",
                _REGRESSED: f"_x{back_steps + away} {steady(back + window, steps)}",
                INFO: f"1x{back_steps - 1} _x{away} 1x{steps}",
            },
            (Check(after, (firing,)),),
        ),
        Case("fires for the service when the issue has no series", {**up, **counted}, (Check(at, (unnamed,)),)),
        Case(
            "is silent for a regression that is older than the window",
            {**up, _REGRESSED: steady(step, steps), INFO: steady(1, steps), _LAST: steady(3, steps)},
            (Check(gone),),
        ),
        Case("is silent without a regression", {**up, INFO: steady(1, steps), _LAST: steady(0, steps)}, (Check(at),)),
        Case("is silent when the metrics are absent", {}, (Check(at),)),
    )


REGRESSION = AlertRule(
    name="Regression",
    title="Regression",
    defaults=Defaults(severity="warning", channels=("slack", "email"), window_seconds=600),
    labels=(*names.BASE_LABELS, "issue"),
    board=boards.ISSUE,
    summary="Regression in {project} ({environment}): {what}",
    description="An issue that was resolved came back in {project} ({environment}): {what}.",
    value="1",
    threshold_text=nothing,
    fields=lambda _: FIELDS,
    recordings=lambda settings: (seen_until(settings),),
    expr=_expr,
    cases=_cases,
    without_data=missing_data.NEWS,
    runbook=Runbook(
        meaning="After somebody resolved an issue, an event of it happened again.",
        impact="What was thought to be fixed is not, or an old release is still in use somewhere.",
        diagnosis=(
            "1. Open the issue's page: which release does the new event carry? An old one means an instance or a"
            " client that was not updated.\n"
            "2. A new release: compare its stack trace with the one that was fixed. The same place?\n"
            "3. Look at what was merged since the fix."
        ),
        mitigation=(
            "- Update what still runs the old release.\n"
            "- Otherwise the fix is incomplete or was undone: fix it again, with a test, and resolve the issue."
        ),
    ),
)
