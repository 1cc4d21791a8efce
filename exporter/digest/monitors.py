"""Scheduled jobs: what they report, which runs they missed, and which took too long.

A run is missed when nothing was reported until its planned time and the margin have passed. It is judged once, by the
writer's clock. What fell due while the exporter was down is judged when it is back and has folded what waited: at most
one run of a job is then missed, however many there would have been, for nobody could have reported them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally import names
from errtally.errors import ScheduleError
from errtally.exporter.digest import schedules
from errtally.exporter.digest.changes import Report
from errtally.exporter.digest.jobs import FORGET_SECONDS, Monitor
from errtally.exporter.digest.seen import hashed

if TYPE_CHECKING:
    from collections.abc import Callable

    from errtally.exporter.digest.agenda import Agenda
    from errtally.exporter.digest.changes import Changes
    from errtally.exporter.digest.jobs import Job
    from errtally.exporter.digest.seen import Seen
    from errtally.exporter.journal.records import CheckInSeen
    from errtally.names import Metric

AGENDA = "monitor"
MAX_RUNS = 50
"""Runs of one job that may be under way; beyond, the one that began first is not waited for any more."""
_JUDGED = ("missed", "timeout", "error")
"""Statuses that have a series at 0 as soon as a schedule is known, so that the first failure is an increase."""


class Monitors:
    """Folds check-ins, and the passing of time.

    Args:
        known: the jobs; kept current.
        agenda: when to look at which.
        changes: where the changes go.
        admit: bounds the labels of a metric.
        seen: remembers runs that are over, since reports arrive in any order and are sent again.
    """

    def __init__(
        self,
        known: dict[Job, Monitor],
        agenda: Agenda,
        changes: Changes,
        admit: Callable[[Metric, tuple[str, ...]], tuple[str, ...]],
        seen: Seen,
    ) -> None:
        self._known = known
        self._agenda = agenda
        self._changes = changes
        self._admit = admit
        self._seen = seen

    def report(self, job: Job, check_in: CheckInSeen, received: float) -> None:
        """Fold what a report says of its job's runs; the report itself is counted already.

        Args:
            job: labels within the budget.
            check_in: the report.
            received: when the report came, seconds since the epoch; one from the future answers nothing yet.
        """
        is_late = self._is_late(job, check_in)
        if check_in.schedule is None and job not in self._known:
            return
        try:
            monitor = self._reported(job, check_in, min(check_in.timestamp, received), is_late=is_late)
        except ScheduleError:
            self._forget(job)
        else:
            self._keep(job, monitor)

    def _is_late(self, job: Job, check_in: CheckInSeen) -> bool:
        """Whether a report says that a run began that is over by now; notes the end of one."""
        if not check_in.check_in_id:
            return False
        if check_in.status == "in_progress":
            return _of_run(job, check_in.check_in_id) in self._seen
        self._note_over(job, check_in.check_in_id)
        return False

    def _note_over(self, job: Job, run: str) -> None:
        """Remember that a run is over."""
        value = _of_run(job, run)
        if self._seen.add(value):
            self._changes.seen.append(value)

    def _reported(self, job: Job, check_in: CheckInSeen, at: float, *, is_late: bool) -> Monitor:
        monitor, schedule = self._known.get(job), check_in.schedule
        if monitor is None:
            assert schedule is not None
            for status in _JUDGED:
                self._count(job, status, 0)
            expected = schedules.answered_until(schedule, at)
            monitor = self._known[job] = Monitor(schedule, expected, expected)
        elif schedule is not None and schedule != monitor.schedule:
            monitor.schedule = schedule
            monitor.expected = monitor.judged_next = schedules.answered_until(schedule, at)
        if not is_late and not self._ends_run(monitor, check_in, at):
            answered = schedules.answered_until(monitor.schedule, at)
            monitor.expected = max(monitor.expected, answered)
            monitor.judged_next = max(monitor.judged_next, monitor.expected)
        return monitor

    def _ends_run(self, monitor: Monitor, check_in: CheckInSeen, at: float) -> bool:
        """Note a run's start, or its end; whether this is the end of a run whose start answered for it."""
        runs = monitor.runs
        if check_in.status == "in_progress":
            is_known = check_in.check_in_id in runs  # it says that it still runs
            runs.pop(check_in.check_in_id, None)
            runs[check_in.check_in_id] = at + monitor.schedule.max_runtime_seconds
            while len(runs) > MAX_RUNS:
                del runs[next(iter(runs))]
            return is_known
        return runs.pop(check_in.check_in_id, None) is not None

    def judge(self, job: Job, now: float) -> None:
        """Count the runs of a job that are missed or take too long by now, each once."""
        monitor = self._known.get(job)
        if monitor is None:
            return
        for run, ends in list(monitor.runs.items()):
            if ends <= now:
                del monitor.runs[run]
                if run:
                    self._note_over(job, run)
                self._count(job, "timeout")
                self._changes.reports.append(Report(job, run, "timeout", ends))
        margin = monitor.schedule.margin_seconds
        if monitor.judged_next + margin <= now:
            self._count(job, "missed")
            self._changes.reports.append(Report(job, "", "missed", monitor.judged_next))
            try:
                monitor.judged_next = schedules.following(monitor.schedule, monitor.judged_next, now - margin)
            except ScheduleError:
                self._forget(job)
                return
        if monitor.expected + FORGET_SECONDS <= now:
            self._drop(job)
        else:
            self._keep(job, monitor)

    def _keep(self, job: Job, monitor: Monitor) -> None:
        self._changes.monitors[job] = monitor
        self._agenda.note((AGENDA, *job), monitor.due)

    def _drop(self, job: Job) -> None:
        self._known.pop(job, None)
        self._changes.monitors[job] = None

    def _forget(self, job: Job) -> None:
        """Forget a schedule that could be read when it was taken: the time zones of this machine are others now."""
        self._drop(job)
        self._changes.add[names.INGEST_REJECTED.name, ("journal", "bad_schedule"), ""] += 1

    def _count(self, job: Job, status: str, number: int = 1) -> None:
        labels = self._admit(names.CHECK_INS, (*job, status))
        self._changes.add[names.CHECK_INS.name, labels, ""] += number
        if number and status == "timeout":
            self._changes.noticed.add((names.CHECK_IN_LAST_FAILED.name, labels[:3], ""))


def _of_run(job: Job, run: str) -> int:
    return hashed("run", *job, run)
