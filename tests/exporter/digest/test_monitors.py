"""Scheduled jobs, through journal, writer and store: missed and overlong runs count once, also when these die."""

from __future__ import annotations

import pytest
from tests.exporter.life import START, Life

from errtally import names
from errtally.event.signals import Schedule
from errtally.exporter.digest import monitors as monitors_module
from errtally.exporter.digest import schedules
from errtally.exporter.journal.records import Batch, CheckInSeen
from errtally.exporter.store import jobs

HOUR, DAY = 3600, 86400
DAILY = Schedule("crontab", "0 7 * * *", margin_seconds=600.0)  # the next is START + 1 h
HOURLY = Schedule("interval", "1", "hour", margin_seconds=300.0, max_runtime_seconds=900.0)


def report(life, status="ok", *, schedule=None, id_="", monitor="backup", at=None):
    life.take(check_ins=[CheckInSeen("prod", monitor, status, life.now if at is None else at, id_, schedule)])


def counted(life):
    """How often each status was counted, without those at 0."""
    found = {labels[3]: int(value) for labels, value in life.samples(names.CHECK_INS.name).items() if value}
    return dict(sorted(found.items()))


def planned(life):
    """Seconds after the start of the next planned run, and of the time by which a report is due; None without one."""
    series = [life.samples(metric.name) for metric in (names.CHECK_IN_NEXT_EXPECTED, names.CHECK_IN_DEADLINE)]
    return tuple(next((value - START for value in found.values()), None) for found in series)


def test_a_job_in_time_misses_nothing(life):
    report(life, schedule=DAILY)
    assert planned(life) == (HOUR, HOUR + 600)
    assert life.samples(names.CHECK_INS.name)["prod", "backup", "p", "missed"] == 0
    for day in range(3):
        life.wait(START + day * DAY + HOUR + 3 - life.now)
        report(life, "in_progress", id_=f"run{day}")
        life.wait(500)
        report(life, id_=f"run{day}")
        assert planned(life) == ((day + 1) * DAY + HOUR, (day + 1) * DAY + HOUR + 600)
    assert counted(life) == {"in_progress": 3, "ok": 4}


def test_a_run_that_nobody_reported_is_missed_once_and_the_job_overdue_until_it_reports(life):
    report(life, schedule=DAILY)
    life.wait(HOUR + 599)
    assert counted(life) == {"ok": 1}
    life.wait(1)
    assert counted(life) == {"missed": 1, "ok": 1}
    life.wait(1)
    assert counted(life) == {"missed": 1, "ok": 1}
    assert planned(life) == (DAY + HOUR, HOUR + 600)
    life.wait(DAY)
    assert counted(life) == {"missed": 2, "ok": 1}
    assert planned(life) == (2 * DAY + HOUR, HOUR + 600)
    report(life)
    assert planned(life) == (2 * DAY + HOUR, 2 * DAY + HOUR + 600)


def test_an_exporter_that_was_down_counts_at_most_one_missed_run(life):
    report(life, schedule=DAILY)
    life.now += 10 * DAY
    life.restart()
    life.fold()
    assert counted(life) == {"missed": 1, "ok": 1}
    assert planned(life) == (10 * DAY + HOUR, HOUR + 600)
    life.restart()
    life.fold()
    assert counted(life) == {"missed": 1, "ok": 1}


def test_a_report_that_waited_in_the_journal_while_the_writer_was_down_is_not_missed(tmp_path):
    life = Life(tmp_path)
    report(life, schedule=DAILY)
    life.now += HOUR + 5
    life.append(Batch("p", life.now, check_ins=[CheckInSeen("prod", "backup", "ok", life.now)]))
    life.now += HOUR
    life.restart()
    life.fold()
    assert counted(life) == {"ok": 2}
    life.close()


def test_a_failed_run_is_a_report(life):
    report(life, schedule=DAILY)
    life.wait(HOUR + 2)
    report(life, "error")
    life.wait(HOUR)
    assert counted(life) == {"error": 1, "ok": 1}


@pytest.mark.parametrize(
    ("before", "missed"),
    [
        pytest.param(59, 0, id="a clock that is a minute ahead"),
        pytest.param(61, 1, id="a run by hand before the time"),
    ],
)
def test_a_report_right_before_its_time_is_of_the_run_that_is_due(life, before, missed):
    report(life, schedule=DAILY)
    life.wait(HOUR - before)
    report(life)
    life.wait(HOUR)
    assert counted(life).get("missed", 0) == missed


def test_of_short_intervals_a_report_is_early_by_a_quarter_at_most(life):
    report(life, schedule=Schedule("crontab", "* * * * *"))
    life.wait(40)
    report(life)
    assert planned(life) == (60, 120)
    life.wait(6)
    report(life)
    assert planned(life) == (120, 180)


def test_an_interval_goes_on_from_the_last_run_that_began(life):
    report(life, "in_progress", schedule=HOURLY, id_="a")
    assert planned(life) == (HOUR, HOUR + 300)
    life.wait(800)
    report(life, id_="a")
    assert planned(life) == (HOUR, HOUR + 300)
    life.wait(1000)
    report(life)
    assert planned(life) == (HOUR + 1800, HOUR + 2100)
    life.wait(HOUR + 300)
    assert counted(life) == {"in_progress": 1, "missed": 1, "ok": 2}
    assert planned(life) == (2 * HOUR + 1800, HOUR + 2100)


@pytest.mark.parametrize("id_", ["a", ""], ids=["by its id", "without one"])
def test_a_run_that_takes_too_long_is_counted_once_and_its_end_still_counts(life, id_):
    report(life, "in_progress", schedule=HOURLY, id_=id_)
    life.wait(899)
    assert counted(life) == {"in_progress": 1}
    life.wait(1)
    life.wait(60)
    assert counted(life) == {"in_progress": 1, "timeout": 1}
    report(life, id_=id_)
    assert counted(life) == {"in_progress": 1, "ok": 1, "timeout": 1}


def test_a_run_that_ends_or_says_that_it_goes_on_is_not_too_long(life):
    report(life, "in_progress", schedule=HOURLY, id_="a")
    report(life, "in_progress", id_="b")
    life.wait(800)
    report(life, id_="a")
    report(life, "in_progress", id_="b")
    life.wait(800)
    assert counted(life) == {"in_progress": 3, "ok": 1}
    life.wait(100)
    assert counted(life) == {"in_progress": 3, "ok": 1, "timeout": 1}


def test_a_report_sent_twice_counts_once(life):
    for _ in range(2):
        report(life, schedule=DAILY, id_="a")
    assert counted(life) == {"ok": 1}


def test_of_many_runs_under_way_the_first_is_not_waited_for(life, monkeypatch):
    monkeypatch.setattr(monitors_module, "MAX_RUNS", 2)
    for id_ in ("a", "b", "c"):
        report(life, "in_progress", schedule=HOURLY, id_=id_)
    life.wait(1000)
    assert counted(life) == {"in_progress": 3, "timeout": 2}


def test_a_job_without_a_schedule_is_expected_never(life):
    report(life, "in_progress", id_="a")
    life.wait(100 * DAY)
    assert counted(life) == {"in_progress": 1}
    assert planned(life) == (None, None)


def test_another_schedule_holds_from_then_on(life):
    report(life, schedule=DAILY)
    report(life, schedule=HOURLY)
    assert planned(life) == (HOUR, HOUR + 300)
    life.wait(60)
    report(life, schedule=DAILY)
    assert planned(life) == (HOUR, HOUR + 600)


def test_a_report_from_the_future_answers_nothing_yet(life):
    report(life, schedule=DAILY, at=START + 5 * DAY)
    assert planned(life) == (HOUR, HOUR + 600)


def test_a_report_of_long_ago_changes_nothing(life):
    report(life, schedule=DAILY)
    life.wait(2 * DAY)
    report(life)
    before = planned(life)
    report(life, at=START)
    assert planned(life) == before


def test_a_job_that_no_longer_reports_is_forgotten_after_a_month(life):
    report(life, schedule=DAILY)
    for _ in range(30):
        life.wait(DAY)
    assert planned(life)[1] == HOUR + 600
    life.wait(DAY)
    assert planned(life) == (None, None)
    assert counted(life) == {"missed": 31, "ok": 1}
    life.wait(DAY)
    assert counted(life) == {"missed": 31, "ok": 1}
    report(life, schedule=DAILY)
    assert planned(life)[0] == 32 * DAY + HOUR


@pytest.mark.parametrize("when", ["it reports", "it is judged"])
def test_a_schedule_that_can_not_be_read_any_more_is_forgotten_and_counted(life, monkeypatch, when):
    report(life, schedule=DAILY)
    monkeypatch.setattr(schedules, "_zone", _no_zone)
    if when == "it reports":
        report(life)
    else:
        life.wait(2 * HOUR)
    assert planned(life) == (None, None)
    assert life.total(names.INGEST_REJECTED.name, "bad_schedule") == 1


def _no_zone(name):
    raise schedules.ScheduleError(name)


def test_jobs_beyond_the_budget_are_counted_as_others_and_not_expected(tmp_path):
    life = Life(tmp_path)
    life.writer._state.budget.limits = {names.CHECK_INS.name: 4}
    for monitor in ("a", "b"):
        report(life, schedule=DAILY, monitor=monitor)
    life.wait(2 * HOUR)
    missed = life.samples(names.CHECK_INS.name)
    assert missed["prod", "a", "p", "missed"] == 1
    assert missed["prod", names.OTHER, "p", "ok"] == 1
    assert len(life.samples(names.CHECK_IN_DEADLINE.name)) == 1
    life.close()


@pytest.mark.parametrize("end", ["ok", "error"])
@pytest.mark.parametrize("later", [0, 30])
def test_a_run_whose_end_arrives_before_its_start_is_over(life, end, later):
    report(life, schedule=HOURLY)
    report(life, end, id_="a")
    life.wait(later)
    report(life, "in_progress", id_="a")
    life.wait(1000)
    assert "timeout" not in counted(life)


def test_the_end_of_a_run_may_arrive_before_the_report_that_tells_the_schedule(life):
    report(life, id_="a")
    report(life, "in_progress", id_="a", schedule=HOURLY)
    life.wait(1000)
    assert counted(life) == {"in_progress": 1, "ok": 1}
    assert planned(life) == (HOUR, HOUR + 300)


def test_a_start_that_is_sent_again_after_the_end_begins_nothing(life):
    began = life.now
    report(life, "in_progress", id_="a", schedule=HOURLY)
    life.wait(60)
    report(life, id_="a")
    for at in (began, life.now + 5):  # as it was, and by a client that sends no time
        life.wait(5)
        report(life, "in_progress", id_="a", schedule=HOURLY, at=at)
    life.wait(1000)
    assert "timeout" not in counted(life)


def test_a_run_that_took_too_long_does_so_once_whatever_it_reports_afterwards(life):
    report(life, "in_progress", id_="a", schedule=HOURLY)
    life.wait(901)
    report(life, "in_progress", id_="a")
    life.wait(1000)
    report(life, id_="a")
    assert counted(life)["timeout"] == 1


def test_another_run_and_another_job_are_not_over_with_it(life):
    report(life, id_="a", schedule=HOURLY)
    report(life, "in_progress", id_="b")
    report(life, "in_progress", id_="a", monitor="other", schedule=HOURLY)
    life.wait(901)
    assert counted(life)["timeout"] == 1
    assert life.samples(names.CHECK_INS.name)["prod", "other", "p", "timeout"] == 1


def runs(life, monitor="backup"):
    """Began and ended in seconds after the start, status and length of a job's runs, the oldest first."""
    return [
        (run.began and run.began - START, run.ended and run.ended - START, run.status, run.seconds)
        for run in reversed(life.reader.runs(("p", "prod", monitor), 100))
    ]


def test_what_is_reported_of_a_run_is_one_run(life):
    report(life, "in_progress", id_="a")
    assert runs(life) == [(0, None, "in_progress", None)]
    life.wait(40)
    report(life, "error", id_="a")
    life.wait(60)
    report(life, "ok", id_="b")  # its start comes late
    report(life, "in_progress", id_="b", at=START + 90)
    assert runs(life) == [(0, 40, "error", 40), (90, 100, "ok", 10)]


def test_reports_without_a_name_belong_together_in_their_order(life):
    report(life, "in_progress")
    life.wait(5)
    report(life, "ok")
    life.wait(5)
    report(life, "ok")
    assert runs(life) == [(0, 5, "ok", 5), (None, 10, "ok", None)]


def test_what_a_client_says_of_the_length_counts(life):
    life.take(check_ins=[CheckInSeen("prod", "backup", "ok", life.now, "a", None, 12.5)])
    life.take(check_ins=[CheckInSeen("prod", "backup", "ok", life.now, "a", None, 12.5)])  # sent again
    assert runs(life) == [(None, 0, "ok", 12.5)]


def test_missed_and_overlong_runs_are_runs_as_well(life):
    report(life, "in_progress", schedule=HOURLY, id_="a")
    life.wait(2 * HOUR)
    assert runs(life) == [(0, 900, "timeout", 900), (None, HOUR, "missed", None)]
    [job] = life.reader.scheduled(None, life.now)
    assert (job.state, job.expected - START) == ("overdue", HOUR)
    life.now += 1
    report(life)
    [job] = life.reader.scheduled("p", life.now)
    assert (job.state, job.expected - START) == ("ok", 3 * HOUR + 1)
    assert life.reader.scheduled("another", life.now) == []


def test_a_job_keeps_its_newest_runs(life, monkeypatch):
    monkeypatch.setattr(jobs, "MAX_RUNS", 3)
    for number in range(5):
        report(life, id_=f"run{number}", monitor="many")
        life.wait(1)
    report(life, "error", monitor="other")
    assert [ended for _, ended, *_ in runs(life, "many")] == [2, 3, 4]
    assert [(job.monitor, job.state) for job in life.reader.scheduled(None, life.now)] == [
        ("other", "failed"), ("many", "ok"),
    ]  # fmt: skip
