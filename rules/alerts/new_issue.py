"""New Issue: an error happened that was never seen before.

A counter that is born at 1 does not increase, so the query goes by the time of each issue's first event, which
the exporter keeps in its store. A second branch covers what has no such series: first events that clients deliver
late, and issues beyond the budget of series; for these only the count of new issues rises.

An issue of warnings or notes is no alarm, so only issues that have an error count.

There is no guard on the age of the store. The very first error that a fresh exporter gets is new to its
owner, and silence then would look like a broken set-up. Two things would be false alarms:

- The store was lost. Fingerprints are a pure function of the event, so every known issue comes back under its old
  name with a new first event. Prometheus remembers: an issue whose first event it knew to be earlier, within the
  hour before, is not new.
- A client's clock runs ahead. Such an issue would stay new for as long as the clock is ahead; the distance between
  now and the first event is therefore taken without its sign.
"""

from __future__ import annotations

from errtally import names
from errtally.rules import boards
from errtally.rules.issue_texts import FIELDS, INFO, ISSUE, KNOWN, UNKNOWN
from errtally.rules.model import AlertRule, Case, Check, Defaults, Firing, Runbook, Tuned
from errtally.rules.series import DEMO_LABELS, ERROR_LEVELS, SCOPE, added, increase, selector, steady
from errtally.rules.texts import nothing

_MEMORY = "1h"
_FIRST_SEEN = selector(names.ISSUE_FIRST_SEEN, **ISSUE)
_NEW_ISSUES = selector(names.NEW_ISSUES, **DEMO_LABELS)
_ERRORS = selector(names.ISSUE_EVENTS, **ISSUE, level="error")
_NOTES = selector(names.ISSUE_EVENTS, **ISSUE, level="info")


def _expr(tuned: Tuned) -> str:
    first_seen = selector(names.ISSUE_FIRST_SEEN)
    by_issue = f"by ({SCOPE}, issue)"
    age = f"abs(time() - min {by_issue} ({first_seen}))"
    errors = f"{names.ISSUE_EVENTS.name}{{{ERROR_LEVELS}}}"
    young = f"{age} < {tuned.window_seconds}"
    failed = f"sum {by_issue} ({errors}) > 0"
    known = f"min {by_issue} (min_over_time({first_seen}[{_MEMORY}])) < max {by_issue} ({first_seen})"
    # Exporters with stores of their own meet an issue one after the other; what any of them found lately is told.
    told = f"abs(time() - max {by_issue} ({first_seen})) < {tuned.window_seconds}"
    counted = f"{added(names.NEW_ISSUES, increase(names.NEW_ISSUES, tuned.window_seconds), tuned)} > 0"
    first = f"(\n  {young}\n  and\n  {failed}\n  unless\n  {known}\n)"
    return f"{first}\nor\n(\n  {counted}\n  unless on ({SCOPE})\n  {told}\n)"


def _cases(tuned: Tuned) -> tuple[Case, ...]:
    step, window = tuned.step_seconds, tuned.window_seconds
    # promtool's clock starts at the epoch: the issue's first event comes at `born`, well after it.
    born_steps = 2 * -(-window // step) + 4
    born, steps = born_steps * step, born_steps + tuned.over_steps
    at = born + tuned.for_seconds + step
    gone = born + window + tuned.for_seconds + step
    firing = Firing(ISSUE, "1", KNOWN)
    late = Firing(DEMO_LABELS, "1", UNKNOWN)
    appears = {
        _FIRST_SEEN: f"_x{born_steps} {steady(born, steps)}",
        _ERRORS: f"_x{born_steps} 1x{steps}",
        INFO: f"_x{born_steps} 1x{steps}",
    }
    notes = {series: values for series, values in appears.items() if series != _ERRORS}
    return (
        Case(
            "fires once, by its issue, for the first error that a fresh exporter gets",
            {**appears, _NEW_ISSUES: f"0x{born_steps} 1x{steps}"},
            (Check(born - step), Check(at, (firing,))),
        ),
        Case("resolves when the issue is no longer new", appears, (Check(at, (firing,)), Check(gone))),
        Case(
            "is silent for an issue that has no error in it",
            {**notes, _NOTES: f"_x{born_steps} 1x{steps}", _NEW_ISSUES: f"0x{born_steps} 1x{steps}"},
            (Check(at),),
        ),
        Case(
            "is silent for issues that are older than the window",
            {_FIRST_SEEN: steady(step, steps), _ERRORS: f"1x{steps}", INFO: f"1x{steps}"},
            (Check(gone),),
        ),
        Case(
            "is silent for a known issue when the store was lost",
            {
                _FIRST_SEEN: f"{steady(step, born_steps)} {steady(born, steps)}",
                _ERRORS: f"1x{2 * steps}",
                INFO: f"1x{2 * steps}",
            },
            (Check(at),),
        ),
        Case(
            "is silent while a first event lies far in the future",
            {_FIRST_SEEN: steady(born + 100 * window, steps), _ERRORS: f"1x{steps}"},
            (Check(at),),
        ),
        Case(
            "fires for the service when a first event was delivered late",
            {_FIRST_SEEN: f"_x{born_steps} {steady(step, steps)}", _NEW_ISSUES: f"0x{born_steps} 1x{steps}"},
            (Check(at, (late,)),),
        ),
        Case("is silent when nothing new comes", {_NEW_ISSUES: steady(17, steps)}, (Check(at),)),
        Case("is silent when the metrics are absent", {}, (Check(at),)),
    )


NEW_ISSUE = AlertRule(
    name="NewIssue",
    title="New Issue",
    defaults=Defaults(severity="warning", channels=("slack", "email"), window_seconds=600),
    labels=(*names.BASE_LABELS, "issue"),
    board=boards.ISSUE,
    summary="New issue in {project} ({environment}): {what}",
    description="An error that was never seen before happened in {project} ({environment}): {what}.",
    value="1",
    threshold_text=nothing,
    fields=FIELDS,
    expr=_expr,
    cases=_cases,
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
