"""New Issue: an error that was never seen before, told by its issue, or by its service where it has no series.

What counts is when errtally noticed the issue (see `gaps`), not the time that its first event brings along: an event
may come late, and a client's clock may be wrong. Three things are told apart:

- An issue that came while nobody scraped is told when somebody does again.
- A store that was lost notices every issue anew: what had another time within the last hour is not new.
- An issue without an error in it, such as one of log messages, is nobody's alarm.
"""

from __future__ import annotations

from errtally import names
from errtally.rules import boards, missing_data
from errtally.rules.gaps import is_news, is_old, seen_until
from errtally.rules.issue_texts import FIELDS, INFO, ISSUE, KNOWN, KNOWN_SINCE, SINCE, UNKNOWN
from errtally.rules.model import AlertRule, Case, Check, ExpectedAlert, Runbook
from errtally.rules.rule_settings import Defaults, RuleSettings
from errtally.rules.series import DEMO_LABELS, ERROR_LEVELS, SCOPE, selector, steady
from errtally.rules.texts import nothing

_MEMORY = "1h"
_NOTICED = selector(names.ISSUE_NOTICED, **ISSUE)
_LAST_NEW = selector(names.LAST_NEW_ISSUE, **DEMO_LABELS)
_ERRORS = selector(names.ISSUE_EVENTS, **ISSUE, level="error")
_NOTES = selector(names.ISSUE_EVENTS, **ISSUE, level="info")


def _expr(settings: RuleSettings) -> str:
    noticed, by_issue = names.ISSUE_NOTICED.name, f"by ({SCOPE}, issue)"
    errors = f"{names.ISSUE_EVENTS.name}{{{ERROR_LEVELS}}}"
    young = f"min {by_issue} ({is_news(noticed, settings)})"
    failed = f"sum {by_issue} ({errors}) > 0"
    # A store that was lost notices everything anew; exporters with stores of their own meet an issue one by one.
    known = f"max {by_issue} ({noticed} > min_over_time({noticed}[{_MEMORY}]))"
    if settings.exporters == "independent":
        known += f"\n  unless\n  min {by_issue} ({is_old(noticed, settings)})"
    unnamed = f"max by ({SCOPE}) ({is_news(names.LAST_NEW_ISSUE.name, settings)})"
    first = f"(\n  {young}\n  and\n  {failed}\n  unless\n  {known}\n)"
    return f"{first}\nor\n(\n  {unnamed}\n  unless on ({SCOPE})\n  {young}\n)"


def _cases(settings: RuleSettings) -> tuple[Case, ...]:
    step, window = settings.step_seconds, settings.window_seconds
    # promtool's clock starts at the epoch: the issue is noticed at `born`, well after it.
    born_steps = 2 * -(-window // step) + 4
    born, steps = born_steps * step, born_steps + settings.over_steps
    at = born + settings.for_seconds + step
    gone = born + window + settings.for_seconds + step + 60
    firing = ExpectedAlert(ISSUE, "1", {**KNOWN, "since": KNOWN_SINCE})
    late = ExpectedAlert(DEMO_LABELS, "1", {**UNKNOWN, "since": ""})
    up = {names.UP.name: steady(1, 2 * steps)}
    appears = {
        _NOTICED: f"_x{born_steps} {steady(born, steps)}",
        _ERRORS: f"_x{born_steps} 1x{steps}",
        INFO: f"_x{born_steps} 1x{steps}",
    }
    counted = {_LAST_NEW: f"0x{born_steps - 1} {steady(born, steps)}"}
    notes = {series: values for series, values in appears.items() if series != _ERRORS}
    # Twice the window without a scrape, the issue in the middle of it.
    away = 2 * -(-window // step)
    back = born + away * step
    return (
        Case(
            "fires once, by its issue, for the first error that a fresh exporter gets",
            {**appears, **counted, names.UP.name: f"_x{born_steps} {steady(1, steps)}"},
            (Check(born - step), Check(at, (firing,))),
        ),
        Case("ends when the issue is no longer new", {**appears, **up}, (Check(at, (firing,)), Check(gone))),
        Case(
            "is silent for an issue that has no error in it",
            {**notes, **up, _NOTES: f"_x{born_steps} 1x{steps}", _LAST_NEW: f"0x{born_steps + steps}"},
            (Check(at),),
        ),
        Case(
            "fires when a gap is over in which the issue came",
            {
                names.UP.name: f"1x{born_steps - 1} _x{away} 1x{steps}",
                _NOTICED: f"_x{born_steps + away} {steady(born + window, steps)}",
                _ERRORS: f"_x{born_steps + away} 1x{steps}",
                INFO: f"_x{born_steps + away} 1x{steps}",
                _LAST_NEW: f"0x{born_steps - 1} _x{away} {steady(born + window, steps)}",
            },
            (Check(back + settings.for_seconds + step, (firing,)), Check(back + (gone - born))),
        ),
        Case(
            "is silent after a gap for issues from before it",
            {
                names.UP.name: f"1x{born_steps - 1} _x{away} 1x{steps}",
                _NOTICED: f"1x{born_steps - 1} _x{away} {steady(1, steps)}",
                _ERRORS: f"1x{born_steps - 1} _x{away} 1x{steps}",
                _LAST_NEW: f"1x{born_steps - 1} _x{away} {steady(1, steps)}",
            },
            (Check(back + settings.for_seconds + step),),
        ),
        Case(
            "is silent for issues that are older than the window when Prometheus is new",
            {
                names.UP.name: f"_x{born_steps} 1x{steps}",
                _NOTICED: f"_x{born_steps} {steady(step, steps)}",
                _ERRORS: f"_x{born_steps} 1x{steps}",
                _LAST_NEW: f"_x{born_steps} {steady(step, steps)}",
            },
            (Check(at),),
        ),
        Case(
            "is silent for a known issue when the store was lost",
            {
                **up,
                _NOTICED: f"{steady(step, born_steps)} {steady(born, steps)}",
                _ERRORS: f"1x{2 * steps}",
                INFO: f"1x{2 * steps}",
            },
            (Check(at),),
        ),
        Case("fires for the service when the issue has no series", {**up, **counted}, (Check(at, (late,)),)),
        Case("is silent when nothing new comes", {**up, _LAST_NEW: steady(17, steps)}, (Check(at),)),
        Case("is silent when the metrics are absent", {}, (Check(at),)),
    )


NEW_ISSUE = AlertRule(
    name="NewIssue",
    title="New Issue",
    defaults=Defaults(severity="warning", channels=("slack", "email"), window_seconds=600),
    labels=(*names.BASE_LABELS, "issue"),
    board=boards.ISSUE,
    summary="New issue in {project} ({environment}){since}: {what}",
    description="An error that was never seen before happens in {project} ({environment}){since}: {what}.",
    value="1",
    threshold_text=nothing,
    fields=lambda _: {**FIELDS, "since": SINCE},
    recordings=lambda settings: (seen_until(settings),),
    expr=_expr,
    cases=_cases,
    without_data=missing_data.NEWS,
    runbook=Runbook(
        meaning=(
            "An issue is a group of equal errors. Within the window the first event of an issue arrived. Without the"
            " label `issue`, the first event was delivered late or the project has more issues than series."
        ),
        impact="Unknown until somebody looks: it may be one odd request or the first of thousands.",
        diagnosis=(
            "1. Open the issue's page from the alert: stack trace, sample events, tags, users.\n"
            "2. Compare release and time with the last deploy.\n"
            "3. Watch the count: does it grow?"
        ),
        mitigation=(
            "- A real fault: fix it, and resolve the issue on its page, so that it is reported if it comes back.\n"
            "- Noise: ignore it on its page, or scrub or filter it in the client.\n"
            "- The same fault as a known issue: merge the two."
        ),
    ),
)
