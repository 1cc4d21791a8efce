"""Project Silent: nothing comes from a project any more that used to send at this time.

A wrong DSN is the classic failure of a tracker, and looks like a program without errors. So what counts is everything
that a project sends: events, requests, sessions. It is measured against the project's own past:

- The hours about this one were busy a week ago (and two weeks ago, where that is known). So quiet nights and weekends
  are learned, and a clock that is put forward by an hour is no alarm.
- A project that is younger than a week must have been busy in every hour of the last day.

Once it fires it goes on until something comes, also through the night, for at most a week.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally import names
from errtally.config.duration import format_duration
from errtally.rules import missing_data
from errtally.rules.boards import SERVICE
from errtally.rules.cases import NEAR
from errtally.rules.model import AlertRule, Case, Check, ExpectedAlert, Recording, Runbook
from errtally.rules.rule_settings import SLACK_STEPS, Defaults, RuleSettings
from errtally.rules.series import DEMO_LABELS, SCOPE, increase, number, selector, steady, sum_by
from errtally.rules.texts import nothing
from errtally.rules.timeline import timeline

if TYPE_CHECKING:
    from errtally.rules.timeline import Phase

_NAME = "ProjectSilent"
_WEEK_SECONDS, _DAY_SECONDS, _HOUR_SECONDS = 7 * 86_400, 86_400, 3600
_POINTS = 4
"""The exporter must have been scraped at so many points of the window: what nobody looked at was not silent."""
_SENT = (names.SERVICE_EVENTS, names.SERVICE_REQUESTS, names.SESSIONS)
_MEMORY = "1h"
"""How long an alert that fires stands while there is no data."""


def _traffic(settings: RuleSettings) -> Recording:
    window = settings.window_seconds
    sent = "\n  or ".join(
        f"label_replace({sum_by(metric, _increase(metric, window), settings)}, "
        f'"sent", "{metric.family.removeprefix(names.PREFIX)}", "", "")'
        for metric in _SENT
    )
    return Recording(
        f"project:{names.PREFIX}traffic:increase{format_duration(window)}", f"sum by ({SCOPE}) (\n  {sent}\n)"
    )


def _increase(metric: names.Metric, window_seconds: int) -> str:
    return increase(metric, window_seconds, 'status="started"' if metric is names.SESSIONS else "")


def _expr(settings: RuleSettings) -> str:
    traffic, window, least = _traffic(settings).record, settings.window_seconds, number(settings.minimum)
    span, point = format_duration(window), format_duration(max(window // _POINTS, 1))

    def quietest(weeks: int) -> str:
        """The quietest window about this time of the week: from one and a half windows before to one after."""
        ago = format_duration(weeks * _WEEK_SECONDS - window)
        return f"min_over_time({traffic}[{format_duration(window * 5 // 2)}:{point}] offset {ago})"

    watched = f"min(count_over_time({names.UP.name}[{span}:{point}])) >= {_POINTS}"
    by_week = f"{quietest(1)} >= {least}\n      unless {quietest(2)} < {least}"
    by_day = (
        f"min_over_time({traffic}[1d:{span}] offset {span}) >= {least}\n"
        f"      and {traffic} offset {format_duration(_DAY_SECONDS + window)}\n"
        f"      unless {traffic} offset {format_duration(_WEEK_SECONDS)}"
    )
    begins = f"{traffic} == 0\n    and on () ({watched})\n    and (\n      {by_week}\n      or\n      {by_day}\n    )"
    fires = f'last_over_time(ALERTS{{alertname="{_NAME}", alertstate="firing"}}[{_MEMORY}])'
    goes_on = f"last_over_time({traffic}[{_MEMORY}]) == 0\n    and on ({SCOPE}) {fires}"
    return (
        f"(\n  (\n    {begins}\n  )\n  or\n  (\n    {goes_on}\n  )\n)\n"
        f"and max_over_time({traffic}[{format_duration(_WEEK_SECONDS)}]) > 0"
    )


def _cases(settings: RuleSettings) -> tuple[Case, ...]:
    step, window, least = settings.step_seconds, settings.window_seconds, settings.minimum
    served = selector(names.SERVICE_REQUESTS, **DEMO_LABELS, status_class="2xx")
    day, hour, lead = _DAY_SECONDS // step, _HOUR_SECONDS // step, window // step
    silent = ExpectedAlert(DEMO_LABELS, "0")

    def sent(in_a_window: float) -> dict[str, float]:
        return {served: in_a_window * step / window}

    def case(name: str, phases: list[Phase], *checks: Check, up: str = "") -> Case:
        steps = sum(count for _, count in phases)
        return Case(name, {**timeline(*phases), names.UP.name: up or steady(1, steps)}, checks)

    busy, quiet = sent(10 * (least or 1)), sent(0)
    # Busy for half a day, quiet for the other half.
    days: list[Phase] = [(busy, day // 2), (quiet, day // 2)] * 8
    noon = 8 * day + 6 * hour
    at = 8 * day + lead + SLACK_STEPS
    away = 2 * hour
    return (
        case(
            "fires when a project that always sends sends nothing",
            [(busy, 8 * day), (quiet, 2 * day)],
            # Of the samples at its edges a range has both or, from Prometheus 3 on, one.
            Check((at - SLACK_STEPS - 2) * step),
            Check(at * step, (silent,)),
        ),
        case(
            "fires on the second day",
            [(busy, day + 3 * hour), (quiet, 6 * hour)],
            Check((day + 3 * hour + lead + SLACK_STEPS) * step, (silent,)),
        ),
        case(
            "fires just above the minimum",
            [(sent(least * (1 + NEAR)), 8 * day), (quiet, 2 * day)],
            Check(at * step, (silent,)),
        ),
        case(
            "is silent just below the minimum",
            [(sent(least * (1 - NEAR)), 8 * day), (quiet, 2 * day)],
            Check(at * step),
        ),
        case("is silent in a night that is always quiet", days, Check((8 * day - 3 * hour) * step)),
        case(
            "is silent when work begins an hour late",
            [*days, (quiet, 10 * hour)],
            Check((8 * day + hour + 1) * step),
        ),
        case(
            "goes on through the night",
            [*days, (busy, 6 * hour), (quiet, day)],
            Check((noon + 2 * hour) * step, (silent,)),
            Check((noon + 14 * hour) * step, (silent,)),
        ),
        case(
            "ends when something comes",
            [(busy, 8 * day), (quiet, 6 * hour), (busy, settings.over_steps)],
            Check(at * step, (silent,)),
            Check((8 * day + 6 * hour + settings.over_steps) * step),
        ),
        case(
            "ends after a week",
            [(busy, 8 * day), (quiet, 8 * day)],
            Check(at * step, (silent,)),
            Check((16 * day - hour) * step),
        ),
        case(
            "goes on while there is no data, and begins not by a gap",
            [(busy, 8 * day), (quiet, 3 * hour), ({}, away), (quiet, 3 * hour)],
            Check((8 * day + 3 * hour + away // 3) * step, (silent,)),
            up=f"1x{8 * day + 3 * hour} _x{away} 1x{3 * hour}",
        ),
        case(
            "is silent right after a gap",
            [(busy, 8 * day), ({}, away), (quiet, 3 * hour)],
            Check((8 * day + away + lead - SLACK_STEPS) * step),
            up=f"1x{8 * day} _x{away} 1x{3 * hour}",
        ),
        case("is silent for a project that never sent", [(quiet, 9 * day)], Check(at * step)),
        Case("is silent when the metrics are absent", {}, (Check(at * step),)),
    )


PROJECT_SILENT = AlertRule(
    name=_NAME,
    title="Project Silent",
    defaults=Defaults(
        severity="warning", channels=("slack", "email"), window_seconds=3600, minimum=20, has_cooldown=True
    ),
    labels=names.BASE_LABELS,
    group="errtally-seasonal",
    board=SERVICE,
    step_seconds=900,
    summary="{project} ({environment}) has sent nothing for {window}",
    description=(
        "No event, no request and no session came from {project} in {environment} within {window}, at a time at which"
        " it used to send. Is its DSN right, and does it run?"
    ),
    value="{{ $value }}",
    threshold_text=nothing,
    minimum_of="events, requests and sessions in each such window at this time of last week",
    recordings=lambda settings: (_traffic(settings),),
    expr=_expr,
    cases=_cases,
    without_data=missing_data.always(
        "What nobody looked at was not silent: the rule fires only when the exporter was scraped through the whole"
        " window. One that fires stands for an hour of the gap, and ends then. TargetDown or DataAbsent tell of the"
        " gap."
    ),
    runbook=Runbook(
        meaning=(
            "Within the window nothing came from a project: no event, no request, no session. A week ago (and two weeks"
            " ago, where that is known) it was never below the minimum about this time. In a project's first week: it"
            " was never below it within the last day. Projects without traffic, nights and weekends that are always"
            " quiet raise nothing. It ends when something comes, or after a week."
        ),
        impact=(
            "Either the program does not run, or it runs and its errors go unseen: with a wrong DSN all looks well."
        ),
        diagnosis=(
            "1. Does the program run? Its own health check, its host, its last deploy.\n"
            "2. Did a deploy change the DSN, the key, the project's name or the environment's? Another environment of"
            " the project that is new since then tells.\n"
            f"3. `{names.INGEST_REJECTED.name}` and `{names.INGEST_DROPPED.name}`: are its requests refused?\n"
            "4. From its host, `curl` the exporter's `/-/healthy`: is it the network?"
        ),
        mitigation=(
            "- Correct the DSN or the network; clients with a queue send what they kept.\n"
            "- A program that was switched off on purpose: silence the alert, it ends within a week.\n"
            "- A holiday: nothing to do. A program that sends little by nature: a higher `minimum`, or"
            " `enabled: false`."
        ),
    ),
)
