"""Incidents as they happen, played through the generated rules and routes: who hears what, minute by minute.

A line reads: minute, alerts, receiver, kind. Receivers that end with ``-events`` never hear that something is resolved.
At most one page an outage, none false, none missed.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from tests.rules import incidents
from tests.rules.history import SHOP, History
from tests.rules.playing import play

from errtally import names

if TYPE_CHECKING:
    from pathlib import Path

DAY_MINUTES = 1440


def pages(told: list[str]) -> list[str]:
    return [line for line in told if " > pagerduty: " in line]


@pytest.mark.parametrize("objective", ["0.99", "0.999"])
def test_a_deploy_that_breaks_a_service_is_one_incident_that_closes(tmp_path: Path, objective: str) -> None:
    told = pages(play(tmp_path, incidents.broken_deploy(), settings=f"  slos: [{{name: up, objective: {objective}}}]"))
    assert told[0].startswith("63 "), "within four minutes"
    assert [line.rsplit(" ", 1)[1] for line in told if "resolved" in line] == ["resolved"]
    assert told[-1].endswith("resolved")
    assert 85 < int(told[-1].split(" ")[0]) <= 105, "it ends a cooldown after the fault, not when windows forget"


@pytest.mark.parametrize(
    ("before", "outage"),
    [
        pytest.param((30, 5, 0), (20, 5, 1), id="a quiet service"),
        pytest.param((30, 1000, 0), (20, 1000, 1), id="a busy service"),
        # The exporter shows a new service at 0 for a while: its first request is an increase.
        pytest.param((5, 0, 0), (20, 20, 1), id="a service that fails from its first request on"),
    ],
)
def test_a_hard_outage_pages_once_and_within_four_minutes(
    tmp_path: Path, before: tuple[float, float, float], outage: tuple[float, float, float]
) -> None:
    history = History(before[0] + 15)
    history.requests([before, outage])
    told = pages(play(tmp_path, history))
    assert int(told[0].split(" ")[0]) <= before[0] + 4
    assert all(line.endswith("firing") for line in told)


def test_a_night_in_which_one_of_three_requests_fails_wakes_nobody(tmp_path: Path) -> None:
    history = History(180)
    history.requests([(60, 10, 0), (1, 2, 0), (1, 1, 1), (118, 0, 0)])
    assert play(tmp_path, history) == []


def test_failures_that_chance_brings_page_nobody(tmp_path: Path) -> None:
    """Of six requests a minute one in a hundred fails: in a day, ten windows of five minutes have two failures."""
    chance, minutes, rate = random.Random("a healthy service"), 480, 6
    history = History(minutes, step_seconds=60)
    failures = [sum(chance.random() < 0.01 for _ in range(rate)) for _ in range(minutes)]
    history.requests([(1, rate, failed / rate) for failed in failures])
    assert pages(play(tmp_path, history, files="errtally", since=60)) == []


def test_one_failure_in_an_hourly_burst_burns_no_budget_that_pages(tmp_path: Path) -> None:
    """A batch of 25 requests an hour: one failure is 4 % of the hour and of five minutes, 40 times the budget."""
    hours = 8
    history = History(60 * hours, step_seconds=60)
    clean: list[tuple[float, float, float]] = [(1, 25, 0), (59, 0, 0)]
    history.requests([*clean * (hours - 1), (1, 25, 1 / 25), (59, 0, 0)])
    settings = "  slos: [{name: up, objective: 0.999}]"
    assert pages(play(tmp_path, history, settings=settings, files="slo", since=60 * (hours - 1))) == []


def test_a_failing_hourly_burst_pages(tmp_path: Path) -> None:
    history = History(120, step_seconds=60)
    history.requests([(1, 25, 0), (59, 0, 0), (1, 25, 1), (59, 0, 0)])
    settings = "  slos: [{name: up, objective: 0.999}]"
    assert pages(play(tmp_path, history, settings=settings, files="slo", since=60))[0].endswith(
        "ErrorBudgetBurn > pagerduty: firing"
    )


def test_an_exporter_that_is_away_pages_once_and_an_overdue_job_stays_overdue(tmp_path: Path) -> None:
    assert play(tmp_path, incidents.exporter_away()) == [
        "12 CheckInMissed > email: firing",
        "12 CheckInMissed > slack: firing",
        "33 TargetDown > pagerduty: firing",
        "33 TargetDown > slack: firing",
        "40 TargetDown > pagerduty: resolved",
        "40 TargetDown > slack: resolved",
        # The second deadline passed meanwhile: it is overdue when the exporter is back, and told a minute later.
        "41 CheckInMissed > email: firing",
        "41 CheckInMissed > slack: firing",
        "60 CheckInMissedx2 > email: resolved",
        "60 CheckInMissedx2 > slack: resolved",
    ]


def test_of_two_exporters_one_goes_away_and_nothing_but_that_is_told(tmp_path: Path) -> None:
    assert play(tmp_path, incidents.one_of_two_exporters_away(), settings="  exporters: independent") == [
        "12 CheckInMissed > email: firing",
        "12 CheckInMissed > slack: firing",
        "33 TargetDown > pagerduty: firing",
        "33 TargetDown > slack: firing",
        "45 TargetDown > pagerduty: resolved",
        "45 TargetDown > slack: resolved",
    ]


def test_a_rare_fatal_issue_beside_a_noisy_one_is_told_at_once(tmp_path: Path) -> None:
    assert [line for line in play(tmp_path, incidents.noisy_and_rare()) if "slack" in line] == [
        "20 NewIssue > slack-events: firing",
        "25 NewIssue > slack-events: firing",
    ]


def test_a_rate_that_wavers_about_its_threshold_is_one_page(tmp_path: Path) -> None:
    told = pages(play(tmp_path, incidents.wavering(), settings=incidents.NO_ANOMALIES))
    assert [line.split(" ", 1)[1] for line in told] == [
        "HighErrorRate > pagerduty: firing",
        "HighErrorRate > pagerduty: resolved",
    ]


def test_a_job_that_fails_is_told_once_and_one_that_is_missed_until_it_reports(tmp_path: Path) -> None:
    assert [line for line in play(tmp_path, incidents.jobs()) if "email" in line] == [
        "20 CheckInFailed > email-events: firing",
        "32 CheckInMissed > email: firing",
        "50 CheckInMissed > email: resolved",
    ]


def test_a_peak_each_monday_is_told_the_first_time_only(tmp_path: Path) -> None:
    week = 7 * DAY_MINUTES
    history = History(2 * week + DAY_MINUTES, step_seconds=300)
    monday = [(600, 1.0), (120, 20.0), (week - 720, 1.0)]
    history.counter(names.SERVICE_EVENTS.name, {**SHOP, "level": "error"}, monday * 3)
    told = play(tmp_path, history, files="seasonal", since=week)
    assert told == []


def test_errors_that_double_daily_are_told(tmp_path: Path) -> None:
    days = 9
    history = History(days * DAY_MINUTES, step_seconds=300)
    doubling = [(float(DAY_MINUTES), 0.5 * 2**day) for day in range(days)]
    history.counter(names.SERVICE_EVENTS.name, {**SHOP, "level": "error"}, doubling)
    told = play(tmp_path, history, files="seasonal", since=2 * DAY_MINUTES)
    assert told[0].endswith("ErrorSpike > slack: firing")
    assert int(told[0].split(" ")[0]) < 8 * DAY_MINUTES


def test_a_release_that_crashes_more_pages(tmp_path: Path) -> None:
    history = History(150)
    release = {**SHOP, "release": "shop@2"}
    history.counter(names.SESSIONS.name, {**release, "status": "started"}, [(150, 100)])
    history.counter(names.SESSIONS.name, {**release, "status": "crashed"}, [(60, 0.1), (90, 3)])
    history.counter(names.SESSIONS.name, {**release, "status": "unhandled"}, [(150, 0)])
    told = pages(play(tmp_path, history))
    assert [line.split(" ", 1)[1] for line in told] == ["CrashFreeSessionsLow > pagerduty: firing"]
    assert 60 < int(told[0].split(" ")[0]) < 95


def test_a_small_canary_that_crashes_is_told_while_the_rest_is_well(tmp_path: Path) -> None:
    day = DAY_MINUTES
    history = History(day + 300, step_seconds=300)
    for release, started, bad in (("shop@1", [(day + 300, 100)], 0.001), ("shop@2", [(day + 60, 0), (240, 0.5)], 0.5)):
        labels = {**SHOP, "release": release}
        history.counter(names.SESSIONS.name, {**labels, "status": "started"}, started)
        ended = [(minutes, rate * bad) for minutes, rate in started]
        history.counter(names.SESSIONS.name, {**labels, "status": "crashed"}, ended)
    for name in list(history.series)[-2:]:  # the canary is born, at 0, when it goes out
        history.series[name][: history.at(day + 55)] = [None] * history.at(day + 55)
    told = play(tmp_path, history, files="errtally", since=day)
    assert [line.split(" ", 1)[1] for line in told] == ["ReleaseWorse > slack: firing"]
    assert int(told[0].split(" ")[0]) <= day + 60 + 50, "twenty sessions take forty minutes"


def _weeks_of_work(days: int) -> History:
    """Traffic from six to eighteen, but for the seventh day of a week; it ends at noon of the last day."""
    history = History((days + 2) * DAY_MINUTES, step_seconds=900)
    work: list[tuple[float, float]] = [(360, 0), (720, 10), (360, 0)]
    phases = [phase for day in range(days) for phase in (work if day % 7 != 6 else [(DAY_MINUTES, 0)])]
    quiet: list[tuple[float, float]] = [(2 * DAY_MINUTES, 0)]
    history.counter(
        names.SERVICE_REQUESTS.name, {**SHOP, "status_class": "2xx"}, [*phases, (360, 0), (360, 10), *quiet]
    )
    history.counter(names.SERVICE_REQUESTS.name, {**SHOP, "project": "unused", "status_class": "2xx"}, quiet)
    return history


def test_a_project_that_goes_silent_is_told_and_nights_and_sundays_are_not(tmp_path: Path) -> None:
    history = _weeks_of_work(days=15)
    # From the second week on, with its Sunday in it.
    told = play(tmp_path, history, files="seasonal", since=7 * DAY_MINUTES)
    assert [line.split(" ", 1)[1] for line in told] == [
        "ProjectSilent > email: firing",
        "ProjectSilent > slack: firing",
    ], "once, and through the next night"
    noon = 15 * DAY_MINUTES + 720
    assert noon + 60 <= int(told[0].split(" ")[0]) <= noon + 90


def test_two_hundred_new_issues_are_one_message(tmp_path: Path) -> None:
    assert play(tmp_path, incidents.many_issues(), files="errtally") == [
        "20 NewIssuex200 > email-events: firing",
        "20 NewIssuex200 > slack-events: firing",
    ]


def test_what_came_while_prometheus_was_away_is_told_when_it_is_back(tmp_path: Path) -> None:
    history = incidents.news_while_prometheus_was_away()
    assert [line for line in play(tmp_path, history, since=incidents.PROMETHEUS_AWAY[1]) if "slack" in line] == [
        "42 NewIssue > slack-events: firing"
    ]


def test_an_outage_on_the_first_day_does_not_exhaust_a_month(tmp_path: Path) -> None:
    told = play(tmp_path, incidents.first_day())
    assert not [line for line in told if "Exhausted" in line or "Slow" in line]
    assert [line.rsplit(" ", 1)[1] for line in pages(told) if "resolved" in line] == ["resolved"]


@pytest.mark.parametrize("project", incidents.HOSTILE_PROJECTS)
def test_labels_of_any_kind_page_and_end(tmp_path: Path, project: str) -> None:
    settings = f"{incidents.NO_ANOMALIES}\n  slos: []"
    told = pages(play(tmp_path, incidents.outage_of(project), settings=settings))
    assert [line.split(" ", 1)[1] for line in told] == [
        "HighErrorRate > pagerduty: firing",
        "HighErrorRate > pagerduty: resolved",
    ]
