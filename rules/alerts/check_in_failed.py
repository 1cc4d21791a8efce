"""Check-In Failed: a scheduled job reports that it failed, was missed or took too long."""

from __future__ import annotations

from errtally import names
from errtally.config.duration import format_duration
from errtally.rules.boards import SERVICE
from errtally.rules.cases import threshold_cases
from errtally.rules.model import AlertRule, Case, Check, Defaults, Firing, Runbook, Tuned
from errtally.rules.series import DEMO_LABELS, SCOPE, added, increase, number, selector
from errtally.rules.texts import COUNT, count

_BY = f"{SCOPE}, monitor"
_BAD = "|".join(names.CHECK_IN_STATUSES[2:])
_LABELS = {**DEMO_LABELS, "monitor": "nightly-backup"}
_FAILED = selector(names.CHECK_INS, **_LABELS, status="error")
_WENT_WELL = selector(names.CHECK_INS, **_LABELS, status="ok")


def _expr(tuned: Tuned) -> str:
    matchers, window = f'status=~"{_BAD}"', format_duration(tuned.window_seconds)
    failed = f"{names.CHECK_INS.name}{{{matchers}}}"
    grown = added(names.CHECK_INS, increase(names.CHECK_INS, tuned.window_seconds, matchers), tuned, _BY)
    total = added(names.CHECK_INS, failed, tuned, _BY)
    before = added(names.CHECK_INS, f"{failed} offset {window}", tuned, _BY)
    limit = number(tuned.threshold)
    # A counter that is born with its first failure does not increase. It counts as a whole where it was not there
    # before, although the exporter was scraped: Prometheus may be new to failures of long ago.
    born = f"  ({total} >= {limit} unless {before})\n  and on () {names.UP.name} offset {window}"
    return f"{grown} >= {limit}\nor\n(\n{born}\n)"


def _cases(tuned: Tuned) -> tuple[Case, ...]:
    step, window = tuned.step_seconds, tuned.window_seconds
    share, lead = step / window, 4 + -(-window // step)
    once = -(-tuned.threshold // 1)
    at = (lead + 2) * step + tuned.for_seconds
    first = {names.UP.name: f"1x{3 * lead}", _FAILED: f"_x{lead} {number(once)}x{2 * lead}"}
    late = {names.UP.name: f"_x{lead} 1x{2 * lead}", _FAILED: f"_x{lead} 57x{2 * lead}"}
    return (
        *threshold_cases(
            tuned,
            lambda failures, _: {_FAILED: failures * share, _WENT_WELL: 1.0},
            lambda failures: Firing(_LABELS, count(failures)),
            high=7 * tuned.threshold,
            calm=0.0,
            fires_near=tuned.threshold * 1.04,
            silent_near=tuned.threshold * 0.96,
            before=(({_FAILED: 0.0, _WENT_WELL: 1.0}, lead),),
        ),
        Case("fires for the first failure of a job", first, (Check(at, (Firing(_LABELS, count(once)),)),)),
        Case("is silent for old failures when Prometheus is new", late, (Check(at),)),
    )


CHECK_IN_FAILED = AlertRule(
    name="CheckInFailed",
    title="Check-In Failed",
    defaults=Defaults(severity="warning", channels=("slack", "email"), threshold=1, window_seconds=900),
    labels=(*names.BASE_LABELS, "monitor"),
    board=SERVICE,
    summary="{monitor} of {project} ({environment}) failed",
    description="{monitor} of {project} in {environment} reported {value} failed runs within {window}.",
    value=COUNT,
    threshold_text=count,
    expr=_expr,
    cases=_cases,
    runbook=Runbook(
        meaning="Within the window a scheduled job reported runs that failed, were missed or took too long.",
        impact="What the job should have done is not done, or only partly.",
        diagnosis=(
            "1. The job's issue on the list, with the stack trace, if the job reports its errors.\n"
            "2. The job's own log of that run.\n"
            "3. Did it fail before? The counter `check_ins_total` by status tells on the dashboard."
        ),
        mitigation=(
            "- Repair the cause and run the job again; check first that a half-done run does no harm.\n"
            "- A job that may fail now and then: raise `alerting.rules.CheckInFailed.threshold`."
        ),
    ),
)
