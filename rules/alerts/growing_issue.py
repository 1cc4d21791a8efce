"""Growing Issue: a known issue happens far more often than in the hour before."""

from __future__ import annotations

from errtally import names
from errtally.config.duration import format_duration
from errtally.rules import boards
from errtally.rules.baseline import POINTS
from errtally.rules.cases import NEAR
from errtally.rules.issue_texts import FIELDS, INFO, ISSUE, KNOWN
from errtally.rules.model import AlertRule, Case, Check, ExpectedAlert, Recording, Runbook
from errtally.rules.problems import factor_above_one
from errtally.rules.rule_settings import Defaults, RuleSettings
from errtally.rules.series import ERROR_LEVELS, SCOPE, number, rate, selector, sum_by
from errtally.rules.texts import COUNT, count, factor
from errtally.rules.timeline import timeline

_BY = f"{SCOPE}, issue"
_HOUR_SECONDS = 3600
_ERRORS = selector(names.ISSUE_EVENTS, **ISSUE, level="error")
_OTHER = selector(names.ISSUE_EVENTS, **{**ISSUE, "issue": names.OTHER}, level="error")


def _matchers() -> str:
    return f'issue!="{names.OTHER}",{ERROR_LEVELS}'


def _recordings(settings: RuleSettings) -> tuple[Recording, ...]:
    window = settings.window_seconds
    now = sum_by(names.ISSUE_EVENTS, rate(names.ISSUE_EVENTS, window, _matchers()), settings, _BY)
    return (Recording(_record(settings), now),)


def _record(settings: RuleSettings) -> str:
    return f"issue:{names.ISSUE_EVENTS.family}:error_rate{format_duration(settings.window_seconds)}"


def _expr(settings: RuleSettings) -> str:
    now, window = _record(settings), settings.window_seconds
    past = f"({now}[1h:1m] offset {format_duration(window)})"
    return (
        f"{now} * {window} > {number(settings.threshold)} * {window} * avg_over_time{past}"
        f"\nand {now} * {window} >= {number(settings.minimum)}"
        f"\nand count_over_time{past} >= {POINTS}"
    )


def _cases(settings: RuleSettings) -> tuple[Case, ...]:
    step, window = settings.step_seconds, settings.window_seconds
    lead, settled = (_HOUR_SECONDS + 2 * window) // step, settings.settled_steps
    usual = 10 * max(settings.minimum, 1)
    high, limit, least = 10 * settings.threshold * usual, settings.threshold * usual, settings.minimum
    # Checked one window after the change: the hour before is then still what it was.
    at = lead * step + window + settings.for_seconds
    over = (lead + settings.over_steps + _HOUR_SECONDS // step) * step
    info = {INFO: 1.0}

    def levels(in_a_window: float, series: str = _ERRORS) -> dict[str, float]:
        return {series: in_a_window * step / window, **info}

    def grown(before: float, now: float, series: str = _ERRORS) -> dict[str, str]:
        return timeline((levels(before, series), lead), (levels(now, series), settled))

    def seen(in_a_window: float) -> tuple[Check, ...]:
        return (Check(at, (ExpectedAlert(ISSUE, count(in_a_window), KNOWN),)),)

    return (
        Case("fires when an issue grows", grown(usual, high), seen(high)),
        Case("fires just above the threshold", grown(usual, limit * (1 + NEAR)), seen(limit * (1 + NEAR))),
        Case("is silent just below the threshold", grown(usual, limit * (1 - NEAR)), (Check(at),)),
        Case("is silent when it happens as always", grown(usual, usual), (Check(at),)),
        Case("fires just above the least number", grown(0, least * (1 + NEAR)), seen(least * (1 + NEAR))),
        Case("is silent just below the least number", grown(0, least * (1 - NEAR)), (Check(at),)),
        Case("is silent when it does not happen any more", grown(usual, 0), (Check(at),)),
        Case("is silent for all issues beyond the budget together", grown(usual, high, _OTHER), (Check(at),)),
        Case(
            "leaves an issue that is new to its own alert",
            timeline(({}, 10), (levels(usual), 5), (levels(high), window // step)),
            (Check(15 * step + window),),
        ),
        Case("is silent when the metric is absent", {}, (Check(at),)),
        Case(
            "resolves when it happens less and the cooldown has passed",
            timeline(
                (levels(usual), lead),
                (levels(high), settled),
                (levels(usual), settings.over_steps + _HOUR_SECONDS // step),
            ),
            (*seen(high), Check(over)),
        ),
    )


GROWING_ISSUE = AlertRule(
    name="GrowingIssue",
    title="Growing Issue",
    defaults=Defaults(
        severity="warning",
        channels=("slack",),
        threshold=3,
        window_seconds=600,
        minimum=20,
        has_cooldown=True,
    ),
    labels=(*names.BASE_LABELS, "issue"),
    board=boards.ISSUE,
    step_seconds=60,
    summary="Growing in {project} ({environment}): {what}, {value} times within {window}",
    description=(
        "An issue of {project} ({environment}) happened {value} times within {window}: more than {threshold}. {what}"
    ),
    value=COUNT,
    threshold_text=lambda limit: f"{factor(limit)} the hour before",
    minimum_of="events in the window",
    fields=lambda _: FIELDS,
    recordings=_recordings,
    expr=_expr,
    cases=_cases,
    problem=factor_above_one,
    runbook=Runbook(
        meaning=(
            "A known issue happened more often within the window than the threshold times its mean of the hour before,"
            " and at least as often as the minimum. Issues beyond the budget of series are not watched one by one."
        ),
        impact="A fault that was tolerated spreads: more users, another transaction, or a retry that never ends.",
        diagnosis=(
            "1. Open the issue's page: did users grow as events did? The same few users point to a loop or a retry.\n"
            "2. Compare tags and release of the newest events with older ones.\n"
            "3. Look at the dependency that the stack trace ends in."
        ),
        mitigation=(
            "- A retry without backoff: stop the client that does it.\n"
            "- A release that made it worse: roll it back.\n"
            "- Otherwise fix it now: it was known before."
        ),
    ),
)
