"""Crash-Free Users Low: too many of a release's users met a crash within a day."""

from __future__ import annotations

from errtally import names
from errtally.rules.boards import RELEASES
from errtally.rules.cases import threshold_cases
from errtally.rules.model import AlertRule, Case, ExpectedAlert, Runbook
from errtally.rules.problems import share_below_one
from errtally.rules.rule_settings import Defaults, RuleSettings
from errtally.rules.series import DEMO_LABELS, SCOPE, number, selector, sum_by
from errtally.rules.texts import PERCENTAGE, percentage

_BY = f"{SCOPE}, release"
_LABELS = {**DEMO_LABELS, "release": "shop@2.1.0"}
_USERS = selector(names.SESSION_USERS, **_LABELS)
_CRASHED = selector(names.CRASHED_SESSION_USERS, **_LABELS)


def _expr(settings: RuleSettings) -> str:
    users = sum_by(names.SESSION_USERS, names.SESSION_USERS.name, settings, _BY)
    crashed = sum_by(names.CRASHED_SESSION_USERS, names.CRASHED_SESSION_USERS.name, settings, _BY)
    low = f"1 - {crashed} / ({users} > 0) < {number(settings.threshold)}"
    return f"{low}\nand {users} >= {number(settings.minimum)}" if settings.minimum else low


def _cases(settings: RuleSettings) -> tuple[Case, ...]:
    bad = 1 - settings.threshold
    return threshold_cases(
        settings,
        lambda ratio, users: {_USERS: users, _CRASHED: (1 - ratio) * users},
        lambda ratio: ExpectedAlert(_LABELS, percentage(ratio)),
        high=max(1 - 5 * bad, 0.0),
        calm=1.0,
        fires_near=1 - bad * 1.5,
        silent_near=1 - bad / 1.5,
    )


CRASH_FREE_USERS_LOW = AlertRule(
    name="CrashFreeUsersLow",
    title="Crash-Free Users Low",
    defaults=Defaults(
        severity="warning",
        channels=("slack", "email"),
        threshold=0.99,
        minimum=100,
        for_seconds=300,
        has_cooldown=True,
    ),
    labels=(*names.BASE_LABELS, "release"),
    board=RELEASES,
    step_seconds=300,
    summary="Only {value} of the users of {release} ({project}, {environment}) met no crash",
    description=(
        "{value} of the users of release {release} of {project} in {environment} met no crash within 24 hours; the"
        " limit is {threshold}."
    ),
    value=PERCENTAGE,
    threshold_text=percentage,
    minimum_of="users within 24 hours",
    expr=_expr,
    cases=_cases,
    problem=share_below_one("users"),
    runbook=Runbook(
        meaning=(
            "Of the users who had a session of a release within 24 hours, a smaller share than the threshold met no"
            " crash in any of theirs. Sessions may be fine on the whole while the same people crash again and again,"
            " or each once. Fewer users than the minimum say nothing."
        ),
        impact="That share of people lost what they were doing. They are the ones who leave.",
        diagnosis=(
            "1. Crash-free sessions beside crash-free users: few sessions of many users, or many of few?\n"
            "2. Compare with the release before.\n"
            "3. The list of issues, level fatal, by users: which crash came with this release?"
        ),
        mitigation=(
            "- Stop the rollout of the release, or roll it back.\n"
            "- Switch off the feature that crashes, if a switch exists.\n"
            "- Resolve the issue in the release that fixes it, so that it is reported if it comes back."
        ),
    ),
)
