"""Series Budget Reached: a project has more label values than a metric may have series."""

from __future__ import annotations

from errtally import names
from errtally.rules.boards import HEALTH
from errtally.rules.cases import NEAR, threshold_cases
from errtally.rules.model import AlertRule, Case, Defaults, Firing, Runbook, Tuned
from errtally.rules.series import number, selector
from errtally.rules.texts import PERCENTAGE, percentage

_LABELS = {"project": "checkout", "metric": names.ISSUE_INFO.name}
_SERIES = selector(names.SERIES, **_LABELS)
_LIMIT_SERIES = selector(names.SERIES_LIMIT, metric=names.ISSUE_INFO.name)
_LIMIT = 1000.0


def _expr(tuned: Tuned) -> str:
    # Each exporter has a budget of its own; the fullest counts.
    series = f"max by (project, metric) ({names.SERIES.name})"
    limit = f"(max by (metric) ({names.SERIES_LIMIT.name}) > 0)"
    return f"{series} / on (metric) group_left () {limit} >= {number(tuned.threshold)}"


def _cases(tuned: Tuned) -> tuple[Case, ...]:
    return threshold_cases(
        tuned,
        lambda share, _: {_SERIES: share * _LIMIT, _LIMIT_SERIES: _LIMIT},
        lambda share: Firing(_LABELS, percentage(share)),
        high=1.0,
        calm=0.1,
        fires_near=tuned.threshold,
        silent_near=tuned.threshold * (1 - NEAR),
    )


SERIES_BUDGET_REACHED = AlertRule(
    name="SeriesBudgetReached",
    title="Series Budget Reached",
    defaults=Defaults(severity="warning", channels=("slack",), threshold=1, for_seconds=300, has_cooldown=True),
    group="errtally-health",
    labels=("project", "metric"),
    board=HEALTH,
    summary="{project} has used {value} of the series that {metric} may have",
    description="{metric} has {value} of its series in {project}; beyond the limit, values count as `__other__`.",
    value=PERCENTAGE,
    threshold_text=percentage,
    expr=_expr,
    cases=_cases,
    problem=lambda tuned: "" if tuned.threshold <= 1 else "the threshold is a share of the limit, at most 1",
    runbook=Runbook(
        meaning="A metric has as many series in a project as its budget allows (or the share that is the threshold).",
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
