"""Error Spike: far more errors than at this hour of the same weekday.

The baseline is the median of what was counted about this time one, two and three weeks ago, so that one bad
week does not hide the next. Whatever weeks are there take part; without any, the hour before is the baseline.
"""

from __future__ import annotations

from errtally import names
from errtally.config.duration import format_duration
from errtally.rules import issue_texts, missing_data
from errtally.rules.cases import NEAR
from errtally.rules.model import AlertRule, Case, Check, ExpectedAlert, Recording, Runbook
from errtally.rules.problems import factor_above_one
from errtally.rules.quantities import errors
from errtally.rules.rule_settings import Defaults, RuleSettings
from errtally.rules.series import DEMO_LABELS, SCOPE, number, selector
from errtally.rules.texts import COUNT, count, factor
from errtally.rules.timeline import timeline

_HOUR_SECONDS = 3600
_WEEK_SECONDS = 7 * 86_400
_WEEKS = (1, 2, 3)
LOOKS_BACK_SECONDS = _WEEKS[-1] * _WEEK_SECONDS + 2 * _HOUR_SECONDS
"""The oldest sample that it reads. What Prometheus does not have any more is left out."""
_ERRORS = selector(names.SERVICE_EVENTS, **DEMO_LABELS, level="error")
_NOTES = selector(names.SERVICE_EVENTS, **DEMO_LABELS, level="info")
_ERRORS_OF_KNOWN = selector(names.ISSUE_EVENTS, **issue_texts.ISSUE, level="error")
_ERRORS_OF_NEW = selector(names.ISSUE_EVENTS, **DEMO_LABELS, issue="0new", level="fatal")
_NOTICED = selector(names.ISSUE_NOTICED, **DEMO_LABELS, issue="0new")
_KNOWN_TITLE = issue_texts.KNOWN["what"]
_USUAL = f"project:{names.SERVICE_EVENTS.family}:error_rate:usual"


def _recordings(settings: RuleSettings) -> tuple[Recording, ...]:
    hourly, now = errors(settings, _HOUR_SECONDS), errors(settings, settings.window_seconds)
    # The hour that a rate looks back on is put about the time of day: half before it, half after it.
    # An hour of which only a part was seen has too low a rate: it is no baseline.
    full = Recording(f"{hourly.record}:full", f"{hourly.record} and {hourly.record} offset 1h")
    weeks = "\n  or ".join(
        f"label_replace({full.record} offset {format_duration(week * _WEEK_SECONDS - _HOUR_SECONDS // 2)},"
        f' "weeks_ago", "{week}", "", "")'
        for week in _WEEKS
    )
    last_hour = f"{full.record} offset {format_duration(settings.window_seconds)}"
    usual = f"quantile by ({SCOPE}) (0.5,\n  {weeks}\n)\nor\n{last_hour}"
    return (hourly, full, now, Recording(_USUAL, usual))


def _expr(settings: RuleSettings) -> str:
    now = errors(settings, settings.window_seconds).record
    window = settings.window_seconds
    return (
        f"{now} * {window} > {number(settings.threshold)} * {_USUAL} * {window}"
        f"\nand {now} * {window} >= {number(settings.minimum)}"
    )


def _cases(settings: RuleSettings) -> tuple[Case, ...]:
    step, window = settings.step_seconds, settings.window_seconds
    week, hour = _WEEK_SECONDS // step, _HOUR_SECONDS // step
    usual = 10 * max(settings.minimum, 1)  # in a window
    settled = settings.settled_steps

    def levels(in_a_window: float) -> dict[str, float]:
        return {_ERRORS: in_a_window * step / window}

    def after_a_week(in_a_window: float) -> dict[str, str]:
        """Two hours on either side of this time a week ago were busy; then it was quiet until now."""
        quiet = week - 2 * hour - settled
        return timeline((levels(usual), 4 * hour), (levels(0), quiet), (levels(in_a_window), settled))

    def seen(at: int, in_a_window: float, most: str = issue_texts.NO_ISSUE) -> Check:
        return Check(at, (ExpectedAlert(DEMO_LABELS, count(in_a_window), {"most": most}),))

    now = (week + 2 * hour) * step
    high, limit, least = 10 * settings.threshold * usual, settings.threshold * usual, settings.minimum
    steady = 6 * hour
    young = (window + 600) // step
    # One window after the change the hour before is still what it was.
    fresh = steady * step + window + settings.for_seconds
    over = (steady + settings.over_steps + hour) * step
    return (
        Case("fires far above the same hour of last week", after_a_week(high), (seen(now, high),)),
        Case(
            "fires just above the threshold",
            after_a_week(limit * (1 + NEAR)),
            (seen(now, limit * (1 + NEAR)),),
        ),
        Case("is silent just below the threshold", after_a_week(limit * (1 - NEAR)), (Check(now),)),
        Case("is silent in an hour that is always busy", after_a_week(usual), (Check(now),)),
        Case(
            "falls back on the last hour",
            timeline((levels(usual), steady), (levels(high), settled), (levels(usual), settings.over_steps + hour)),
            (seen(fresh, high), Check(over)),
        ),
        Case(
            "names the issues that it is made of, with what a new one began with",
            {
                **timeline((levels(usual), steady), (levels(high), settled)),
                _ERRORS_OF_KNOWN: timeline(({_ERRORS_OF_KNOWN: 1.0}, steady - 1), ({_ERRORS_OF_KNOWN: high}, settled))[
                    _ERRORS_OF_KNOWN
                ],
                _ERRORS_OF_NEW: f"_x{steady + 1} 7x{settled}",
                _NOTICED: f"_x{steady + 1} {(steady + 1) * step}x{settled}",
                issue_texts.INFO: f"1x{steady + settled}",
            },
            (seen(fresh, high, f"{number(high * window / step)} of {_KNOWN_TITLE}, 7 of issues beyond the budget"),),
        ),
        Case(
            "is silent just below the least number",
            timeline((levels(0), steady), (levels(least * (1 - NEAR)), settled)),
            (Check(fresh),),
        ),
        Case(
            "fires just above the least number",
            timeline((levels(0), steady), (levels(least * (1 + NEAR)), settled)),
            (seen(fresh, least * (1 + NEAR)),),
        ),
        Case(
            "is silent for events that are no errors",
            timeline(({_NOTES: 1.0}, steady), ({_NOTES: 1000.0}, settled)),
            (Check(fresh),),
        ),
        Case("is silent in the first hours", timeline((levels(usual), young)), (Check(young * step),)),
        Case("is silent when nothing happens", timeline((levels(0), steady + settled)), (Check(fresh),)),
        Case("is silent when the metric is absent", {}, (Check(fresh),)),
    )


ERROR_SPIKE = AlertRule(
    name="ErrorSpike",
    title="Error Spike",
    defaults=Defaults(
        severity="warning",
        channels=("slack",),
        threshold=3,
        window_seconds=1800,
        minimum=20,
        for_seconds=0,
        has_cooldown=True,
    ),
    labels=names.BASE_LABELS,
    group="errtally-seasonal",
    step_seconds=300,
    summary="{value} errors in {project} ({environment}) within {window}: far more than usual at this time",
    description=(
        "{project} in {environment} had {value} errors within {window}: more than {threshold} of this hour in the"
        " weeks before (or of the last hour, where there is no history). Most of them: {most}."
    ),
    value=COUNT,
    threshold_text=lambda limit: f"{factor(limit)} the usual number",
    minimum_of="errors in the window",
    fields=lambda settings: {"most": issue_texts.most(settings)},
    recordings=_recordings,
    expr=_expr,
    cases=_cases,
    problem=factor_above_one,
    without_data=missing_data.always(
        "Nothing new fires, and one that fires goes on for the cooldown. An hour of which a part was not measured is no"
        " baseline: the weeks that are left, or the last whole hour, take its place. TargetDown or DataAbsent tell of"
        " the gap."
    ),
    runbook=Runbook(
        meaning=(
            "Within the window there were more errors than the threshold times what is usual at this time: the median"
            " of the same hour one, two and three weeks ago, or the hour before when Prometheus has no such history."
        ),
        impact="Something fails more often than it does at this time of the week. It need not show in status codes.",
        diagnosis=(
            "1. The alert names the issues with the most errors; *Top errors* on the dashboard has more: does one issue"
            " make the difference, or all of them?\n"
            "2. One issue: open its page, compare releases and tags of its newest events with older ones.\n"
            "3. All of them: is there simply more traffic (a campaign, a crawler)? Compare with throughput."
        ),
        mitigation=(
            "- Undo what changed, or fix the issue that grew.\n"
            "- Noise that clients send again and again: filter it in the client or ignore the issue.\n"
            "- Prometheus must keep at least three weeks for the full baseline (`--storage.tsdb.retention.time`)."
        ),
    ),
)
