"""Check-In Missed: a scheduled job has not reported success for longer than it may.

How often a job runs is known to its owner only: the rule exists for the jobs that ``alerting.monitors`` names. A job
that several entries match keeps to the first of them.
"""

from __future__ import annotations

from errtally import names
from errtally.rules.boards import SERVICE
from errtally.rules.model import AlertRule, Case, Check, Defaults, Firing, Runbook, Tuned
from errtally.rules.series import DEMO_LABELS, SCOPE, glob_matcher, selector, steady
from errtally.rules.texts import DURATION, duration, nothing

_BY = f"{SCOPE}, monitor"


def _expr(tuned: Tuned) -> str:
    branches, taken = [], list[str]()
    for monitor in tuned.monitors:
        matchers = [glob_matcher("monitor", [monitor.monitor])]
        matchers += [glob_matcher("monitor", [glob], but=True) for glob in taken]
        chosen = ",".join(matcher for matcher in matchers if matcher)
        last = f"max by ({_BY}) ({names.CHECK_IN_LAST_OK.name}{{{chosen}}})".replace("{}", "")
        branches.append(f"time() - {last} > {monitor.interval_seconds}")
        taken.append(monitor.monitor)
    return "\nor\n".join(branches)


def _cases(tuned: Tuned) -> tuple[Case, ...]:
    if not tuned.monitors:
        return ()
    step, wait = tuned.step_seconds, tuned.for_seconds
    first = tuned.monitors[0]
    interval = first.interval_seconds
    labels = {**DEMO_LABELS, "monitor": first.monitor.replace("*", "a").replace("?", "a")}
    series = selector(names.CHECK_IN_LAST_OK, **labels)
    start = -(-interval // step) * step  # promtool's clock starts at zero: an hour later nothing is an hour old
    steps = (2 * start + wait) // step + 8
    at = start + interval + wait + 2 * step
    firing = Firing(labels, duration(at - start))
    last_ok = f"{start}x{steps}"
    return (
        Case("fires when the job is overdue", {series: last_ok}, (Check(at, (firing,)),)),
        Case("is silent while the job is in time", {series: last_ok}, (Check(start + interval - step),)),
        Case(
            "is silent just below the interval", {series: last_ok}, (Check(start + interval * 24 // 25 // step * step),)
        ),
        Case(
            "is silent for a job that reports",
            {series: f"{start}x{start // step} {start + interval}x{steps}"},
            (Check(at),),
        ),
        Case(
            "resolves when the job reports",
            {series: f"{start}x{at // step} {at}x4"},
            (Check(at, (firing,)), Check(at + 2 * step)),
        ),
        Case(
            "is silent for a job that nothing is expected of",
            {selector(names.CHECK_IN_LAST_OK, **{**labels, "monitor": "-nobody-"}): steady(0, steps)},
            (Check(at),),
        )
        if all(monitor.monitor != "*" for monitor in tuned.monitors)
        else Case("is silent for jobs that never reported", {}, (Check(at),)),
        Case("is silent when the metric is absent", {}, (Check(at),)),
    )


CHECK_IN_MISSED = AlertRule(
    name="CheckInMissed",
    title="Check-In Missed",
    defaults=Defaults(severity="warning", channels=("slack", "email"), for_seconds=60),
    labels=(*names.BASE_LABELS, "monitor"),
    board=SERVICE,
    step_seconds=60,
    is_due=lambda alerting: bool(alerting.monitors),
    summary="{monitor} of {project} ({environment}) has not succeeded for {value}",
    description=(
        "The scheduled job {monitor} of {project} in {environment} last reported success {value} ago, longer than"
        " `alerting.monitors` allows."
    ),
    value=DURATION,
    threshold_text=nothing,
    expr=_expr,
    cases=_cases,
    runbook=Runbook(
        meaning=(
            "A scheduled job that `alerting.monitors` names has not reported success within its interval. Without"
            " entries there, this rule does not exist."
        ),
        impact="What the job should have done is not done: a backup, an invoice, a clean-up.",
        diagnosis=(
            "1. Did the scheduler start it? Look at cron's or the scheduler's own log.\n"
            "2. Did it start and fail? Then CheckInFailed fires as well, and the job's issue has the stack trace.\n"
            "3. Did it run but not report: network, key, a changed name of the monitor?"
        ),
        mitigation=(
            "- Run the job by hand once its cause is gone.\n"
            "- A job that no longer exists: take it out of `alerting.monitors`."
        ),
    ),
)
