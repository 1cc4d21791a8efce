"""Crash-Free Sessions Low: too many sessions of a release end in a crash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally import names
from errtally.rules.boards import RELEASES
from errtally.rules.cases import NEAR, chance_cases, threshold_cases
from errtally.rules.model import AlertRule, Case, ExpectedAlert, Recording, Runbook
from errtally.rules.problems import share_below_one
from errtally.rules.rule_settings import Defaults, RuleSettings
from errtally.rules.series import (
    DEMO_LABELS,
    SCOPE,
    and_minimum,
    and_minimum_bad,
    number,
    rate,
    record_name,
    selector,
    sum_by,
)
from errtally.rules.texts import PERCENTAGE, percentage

if TYPE_CHECKING:
    from errtally.rules.timeline import Levels

_BY = f"{SCOPE}, release"
_LABELS = {**DEMO_LABELS, "release": "shop@2.1.0"}
_STARTED = selector(names.SESSIONS, **_LABELS, status="started")
_CRASHED = selector(names.SESSIONS, **_LABELS, status="unhandled")
_ENDED_BADLY = f'status=~"{"|".join(names.CRASHED_SESSION_STATUSES)}"'


def _recordings(settings: RuleSettings) -> tuple[Recording, ...]:
    window = settings.window_seconds
    started = Recording(
        record_name(names.SESSIONS, "started_rate", window),
        sum_by(names.SESSIONS, rate(names.SESSIONS, window, 'status="started"'), settings, _BY),
    )
    crashed = sum_by(names.SESSIONS, rate(names.SESSIONS, window, _ENDED_BADLY), settings, _BY)
    return (
        started,
        Recording(
            record_name(names.SESSIONS, "crash_free_ratio_rate", window),
            f"1 - (\n  {crashed}\n  or 0 * {started.record}\n)\n/ ({started.record} > 0)",
        ),
    )


def _expr(settings: RuleSettings) -> str:
    started, ratio = _recordings(settings)
    floor = and_minimum(started.record, settings, _BY) + and_minimum_bad(
        f"(1 - {ratio.record})", started.record, settings, _BY
    )
    return f"{ratio.record} < {number(settings.threshold)}{floor}"


def _cases(settings: RuleSettings) -> tuple[Case, ...]:
    bad = 1 - settings.threshold

    def sessions(ratio: float, traffic: float) -> Levels:
        return {_STARTED: traffic, _CRASHED: (1 - ratio) * traffic}

    def firing(ratio: float) -> ExpectedAlert:
        return ExpectedAlert(_LABELS, percentage(ratio))

    return (
        *threshold_cases(
            settings,
            sessions,
            firing,
            high=max(min(1 - 5 * bad, 0.5), 0.0),
            calm=1.0,
            fires_near=1 - bad * 1.5,
            silent_near=1 - bad / 1.5,
        ),
        *chance_cases(
            settings, sessions, firing, lambda share: 1 - share, is_beyond=lambda ratio: ratio < 1 - bad * (1 + NEAR)
        ),
    )


CRASH_FREE_SESSIONS_LOW = AlertRule(
    name="CrashFreeSessionsLow",
    title="Crash-Free Sessions Low",
    defaults=Defaults(
        severity="critical",
        channels=("slack", "pagerduty"),
        threshold=0.99,
        window_seconds=3600,
        minimum=100,
        for_seconds=300,
        has_cooldown=True,
    ),
    labels=(*names.BASE_LABELS, "release"),
    board=RELEASES,
    step_seconds=300,
    summary="Only {value} of the sessions of {release} ({project}, {environment}) end without a crash",
    description=(
        "{value} of the sessions of release {release} of {project} in {environment} ended without a crash over"
        " {window}; the limit is {threshold}."
    ),
    value=PERCENTAGE,
    threshold_text=percentage,
    minimum_of="sessions started in the window",
    recordings=_recordings,
    expr=_expr,
    cases=_cases,
    problem=share_below_one("sessions"),
    runbook=Runbook(
        meaning=(
            "Of the sessions that a release started within the window, a smaller share than the threshold was free of"
            " crashes. Fewer sessions than the minimum say nothing, nor do fewer than five crashes."
        ),
        impact="The program ends under its users' hands. What they had not saved is lost.",
        diagnosis=(
            "1. Is it a new release? Compare with the release before, on the same dashboard.\n"
            "2. The list of issues, level fatal, newest first: which crash came with this release?\n"
            "3. One device, system or version of a browser? The issue's tags tell."
        ),
        mitigation=(
            "- Stop the rollout of the release, or roll it back.\n"
            "- Switch off the feature that crashes, if a switch exists.\n"
            "- Resolve the issue when the fix is out, so that it is reported if it comes back."
        ),
    ),
)
