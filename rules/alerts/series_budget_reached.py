"""Series Budget Reached: values count as ``__other__``, because a metric may have no more series in a project."""

from __future__ import annotations

from errtally import names
from errtally.rules.boards import HEALTH
from errtally.rules.cases import NEAR, threshold_cases
from errtally.rules.model import AlertRule, Case, ExpectedAlert, Runbook
from errtally.rules.rule_settings import Defaults, RuleSettings
from errtally.rules.series import increase, number, selector, sum_by
from errtally.rules.texts import COUNT, count

_LABELS = {"project": "checkout", "metric": names.ISSUE_INFO.name}
_SERIES = selector(names.SERIES_OVERFLOW, **_LABELS)


def _expr(settings: RuleSettings) -> str:
    # A budget that is used up is no harm as long as idle series make room: what counts is what found none.
    grown = increase(names.SERIES_OVERFLOW, settings.window_seconds)
    return f"{sum_by(names.SERIES_OVERFLOW, grown, settings, 'project, metric')} > {number(settings.threshold)}"


def _cases(settings: RuleSettings) -> tuple[Case, ...]:
    share = settings.step_seconds / settings.window_seconds
    return threshold_cases(
        settings,
        lambda values, _: {_SERIES: values * share},
        lambda values: ExpectedAlert(_LABELS, count(values)),
        high=10 * settings.threshold,
        calm=0.0,
        fires_near=settings.threshold * (1 + NEAR),
        silent_near=settings.threshold * (1 - NEAR),
    )


SERIES_BUDGET_REACHED = AlertRule(
    name="SeriesBudgetReached",
    title="Series Budget Reached",
    defaults=Defaults(
        severity="warning", channels=("slack",), threshold=100, window_seconds=900, for_seconds=300, has_cooldown=True
    ),
    group="errtally-health",
    labels=("project", "metric"),
    board=HEALTH,
    summary="{value} values of {metric} in {project} count as __other__ within {window}",
    description=(
        "{metric} has as many series in {project} as it may, none of them idle: {value} values counted as `__other__`"
        " within {window}; the limit is {threshold}."
    ),
    value=COUNT,
    threshold_text=count,
    expr=_expr,
    cases=_cases,
    runbook=Runbook(
        meaning=(
            "A metric has as many series in a project as its budget allows, none of them has been idle for long enough"
            " to give its place up, and values keep coming that have no series."
        ),
        impact=(
            "Nothing is lost and sums stay right, but new values of that label can't be told apart: they count as"
            " `__other__`. New issues are still reported, without a series of their own."
        ),
        diagnosis=(
            "1. Which label grows? `transaction` with ids in its paths, `release` with one per commit, issues that"
            " should be one.\n"
            "2. The list of issues: many with nearly the same title point to a missing grouping rule."
        ),
        mitigation=(
            "- Let the client send route templates (`/users/:id`) instead of paths.\n"
            "- Merge or group what is one issue.\n"
            "- Raise `series_limits` if the values are real, and Prometheus can carry them."
        ),
    ),
)
