"""Check-In Missed: a scheduled job has not reported for longer than it may.

How often a job runs is known from its check-ins, where these tell its schedule. The jobs that ``alerting.monitors``
names have to succeed within the interval there instead; one that several entries match keeps to the first of them.
"""

from __future__ import annotations

from errtally import names
from errtally.config.objectives import glob_matches
from errtally.rules import missing_data
from errtally.rules.boards import SERVICE
from errtally.rules.gaps import held
from errtally.rules.model import AlertRule, Case, Check, ExpectedAlert, Recording, Runbook
from errtally.rules.rule_settings import Defaults, RuleSettings
from errtally.rules.series import DEMO_LABELS, SCOPE, glob_matcher, selector, steady
from errtally.rules.texts import DURATION, duration, nothing

_BY = f"{SCOPE}, monitor"
_EXPORTERS = ("exporter-1:9765", "exporter-2:9765")
_SCHEDULED = "nobody-else-knows"
"""A job that an entry of `monitors` hardly names."""


_OVERDUE = f"monitor:{names.PREFIX}check_in:overdue_seconds"
"""How long a job has been overdue, below 0 while it is in time; of each exporter, as of its last scrape."""


def _overdue(settings: RuleSettings) -> Recording:
    branches, taken = [], list[str]()
    for monitor in settings.monitors:
        matchers = [glob_matcher("monitor", [monitor.monitor])]
        matchers += [glob_matcher("monitor", [glob], but=True) for glob in taken]
        branches.append(f"time() - {_chosen(names.CHECK_IN_LAST_OK.name, matchers)} - {monitor.interval_seconds}")
        taken.append(monitor.monitor)
    if "*" not in taken:
        others = [glob_matcher("monitor", [glob], but=True) for glob in taken]
        branches.append(f"time() - {_chosen(names.CHECK_IN_DEADLINE.name, others)}")
    return Recording(_OVERDUE, "\nor\n".join(branches))


def _chosen(metric: str, matchers: list[str]) -> str:
    chosen = ",".join(matcher for matcher in matchers if matcher)
    return f"{metric}{f'{{{chosen}}}' if chosen else ''}"


def _expr(_settings: RuleSettings) -> str:
    # Of several exporters that know a job, the one that heard of it last tells. A job can't report to one that is
    # down: what it was then stands, in time or overdue.
    return f"min by ({_BY}) {held(_OVERDUE)} > 0"


def _cases(settings: RuleSettings) -> tuple[Case, ...]:
    absent = Case("is silent when the metrics are absent", {}, (Check(settings.for_seconds + 600),))
    return (*_cases_of_intervals(settings), *_cases_of_schedules(settings), absent)


def _cases_of_schedules(settings: RuleSettings) -> tuple[Case, ...]:
    if glob_matches([monitor.monitor for monitor in settings.monitors], _SCHEDULED):
        return ()
    step, wait = settings.step_seconds, settings.for_seconds
    labels = {**DEMO_LABELS, "monitor": _SCHEDULED}
    series, deadline = selector(names.CHECK_IN_DEADLINE, **labels), 20 * step
    at = deadline + wait + 2 * step
    steps = at // step + 6
    firing = ExpectedAlert(labels, duration(at - deadline))
    other = selector(names.CHECK_IN_DEADLINE, **{**labels, "monitor": "in-time"})
    return (
        Case("fires when the schedule's deadline has passed", {series: f"{deadline}x{steps}"}, (Check(at, (firing,)),)),
        Case(
            "goes on while the exporter is down, and only for a job that was overdue before",
            {
                **{f"{one}": f"{until}x{at // step} stale" for one, until in ((series, deadline), (other, at + step))},
                **{f'up{{job="errtally", instance="{one}"}}': f"1x{at // step} 0x40" for one in _EXPORTERS},
            },
            (Check(at + 20 * step, (ExpectedAlert(labels, duration(at - deadline)),)),),
        ),
        Case("is silent until the deadline", {series: f"{deadline}x{steps}"}, (Check(deadline),)),
        Case(
            "resolves when an overdue job reports",
            {series: f"{deadline}x{at // step} {at + 3600}x4"},
            (Check(at, (firing,)), Check(at + 2 * step)),
        ),
    )


def _cases_of_intervals(settings: RuleSettings) -> tuple[Case, ...]:
    if not settings.monitors:
        return ()
    step, wait = settings.step_seconds, settings.for_seconds
    first = settings.monitors[0]
    interval = first.interval_seconds
    labels = {**DEMO_LABELS, "monitor": first.monitor.replace("*", "a").replace("?", "a")}
    series = selector(names.CHECK_IN_LAST_OK, **labels)
    start = -(-interval // step) * step  # promtool's clock starts at zero: an hour later nothing is an hour old
    steps = (2 * start + wait) // step + 8
    at = start + interval + wait + 2 * step
    firing = ExpectedAlert(labels, duration(at - start - interval))
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
            "keeps to the configured interval whatever the schedule says",
            {series: last_ok, selector(names.CHECK_IN_DEADLINE, **labels): steady(step, steps)},
            (Check(start + interval - step),),
        ),
        Case(
            "is silent for a job that nothing is expected of",
            {selector(names.CHECK_IN_LAST_OK, **{**labels, "monitor": "-nobody-"}): steady(0, steps)},
            (Check(at),),
        )
        if all(monitor.monitor != "*" for monitor in settings.monitors)
        else Case("is silent for jobs that never reported", {}, (Check(at),)),
    )


CHECK_IN_MISSED = AlertRule(
    name="CheckInMissed",
    title="Check-In Missed",
    defaults=Defaults(severity="warning", channels=("slack", "email"), for_seconds=60),
    labels=(*names.BASE_LABELS, "monitor"),
    board=SERVICE,
    step_seconds=60,
    summary="{monitor} of {project} ({environment}) has been overdue for {value}",
    description=(
        "The scheduled job {monitor} of {project} in {environment} should have reported {value} ago, by its schedule or"
        " by `alerting.monitors`."
    ),
    value=DURATION,
    threshold_text=nothing,
    recordings=lambda settings: (_overdue(settings),),
    expr=_expr,
    cases=_cases,
    without_data=missing_data.STANDS,
    runbook=Runbook(
        meaning=(
            "A scheduled job has not reported when its schedule, which its check-ins tell, and its margin had it"
            " report. A job that `alerting.monitors` names has not reported success within the interval there,"
            " whatever its schedule. Of jobs without either, nothing is expected."
        ),
        impact="What the job should have done is not done: a backup, an invoice, a clean-up.",
        diagnosis=(
            "1. Did the scheduler start it? Look at cron's or the scheduler's own log.\n"
            "2. Did it start and fail? Then CheckInFailed fires as well, and the job's issue has the stack trace.\n"
            "3. Did it run but not report: network, key, a changed name of the monitor?"
        ),
        mitigation=(
            "- Run the job by hand once its cause is gone.\n"
            "- A job that no longer exists: take it out of `alerting.monitors`; one with a schedule is forgotten 30"
            " days after it should have reported, silence the alert until then.\n"
            "- A schedule that is not the real one: correct it where the check-ins are made."
        ),
    ),
)
