"""Users Affected: many different users met an error within an hour."""

from __future__ import annotations

from errtally import names
from errtally.rules.cases import NEAR, threshold_cases
from errtally.rules.model import AlertRule, Case, ExpectedAlert, Runbook
from errtally.rules.rule_settings import Defaults, RuleSettings
from errtally.rules.series import DEMO_LABELS, number, selector, sum_by
from errtally.rules.texts import COUNT, count

_SERIES = selector(names.USERS_AFFECTED, **DEMO_LABELS, window="1h")


def _expr(settings: RuleSettings) -> str:
    users = sum_by(names.USERS_AFFECTED, f'{names.USERS_AFFECTED.name}{{window="1h"}}', settings)
    return f"{users} > {number(settings.threshold)}"


def _cases(settings: RuleSettings) -> tuple[Case, ...]:
    return threshold_cases(
        settings,
        lambda users, _: {_SERIES: users},
        lambda users: ExpectedAlert(DEMO_LABELS, count(users)),
        high=10 * settings.threshold,
        calm=0,
        fires_near=settings.threshold * (1 + NEAR),
        silent_near=settings.threshold,
    )


USERS_AFFECTED = AlertRule(
    name="UsersAffected",
    title="Users Affected",
    defaults=Defaults(severity="warning", channels=("slack",), threshold=100, for_seconds=60, has_cooldown=True),
    labels=names.BASE_LABELS,
    summary="{value} users of {project} ({environment}) met an error within an hour",
    description="{value} users of {project} in {environment} met an error within an hour; the limit is {threshold}.",
    value=COUNT,
    threshold_text=count,
    expr=_expr,
    cases=_cases,
    runbook=Runbook(
        meaning="The number of different users in the errors of the last hour is above the threshold.",
        impact="That many people were hit. Support will hear of it.",
        diagnosis=(
            "1. The list of issues, sorted by users: which issue hits most of them?\n"
            "2. One release, one browser, one country? The tags on the issue's page tell.\n"
            "3. Do the errors keep users from what they wanted to do, or only show up in the log?"
        ),
        mitigation=(
            "- Fix or roll back what hits most users first, whatever its number of events.\n"
            "- The threshold is a number of people: set `alerting.rules.UsersAffected.threshold` to what is much for"
            " this service."
        ),
    ),
)
