"""Runs of scheduled jobs in the store: what was reported of each, which are missed, and how a job does."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from errtally.exporter.digest.changes import Report
    from errtally.exporter.store.connection import Connection

MAX_RUNS = 200
"""Runs of one job that are kept, the newest."""

KEEP_SECONDS = 90 * 86400
"""How long runs are kept of a job that reports no more."""

SHOWN_RUNS = 30
"""Newest runs that come with each job of a list."""

_FAILED = ("error", "timeout", "missed")
_OF_JOB = "project = ? AND environment = ? AND monitor = ?"


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a job; times are seconds since the epoch.

    Attributes:
        began: None where only the end was told, or the run is missed.
        ended: None while it runs; when it was planned where it is missed.
        status: one of `names.CHECK_IN_STATUSES`.
        seconds: how long it took, as the client says or as its reports came; None where neither tells.
    """

    run: str
    began: float | None
    ended: float | None
    status: str
    seconds: float | None

    @property
    def at(self) -> float:
        """When there was something to tell of it last."""
        return self.ended if self.ended is not None else self.began or 0.0


@dataclass(frozen=True, slots=True)
class Job:
    """A scheduled job.

    Attributes:
        state: ``overdue``, ``failed``, ``running``, ``ok``.
        schedule: as `event.signals.Schedule` has it; None where it never told one.
        expected: the next planned time that no report answered, None without a schedule.
        runs: the newest ones, the newest first.
    """

    project: str
    environment: str
    monitor: str
    state: str
    schedule: dict[str, Any] | None
    expected: float | None
    runs: tuple[Run, ...]


def apply(db: Connection, reports: Sequence[Report]) -> None:
    """Write what a fold brought of runs.

    Raises:
        ERRORS: the store can't be written.
    """
    for report in reports:
        _write(db, report)
    for job in {report.job for report in reports}:
        db.execute(
            f"""DELETE FROM job_runs WHERE {_OF_JOB} AND id <= (
              SELECT id FROM job_runs WHERE {_OF_JOB} ORDER BY id DESC LIMIT 1 OFFSET ?)""",  # noqa: S608 (a constant)
            (*job, *job, MAX_RUNS),
        )


def prune(db: Connection, now: float) -> None:
    """Forget runs of jobs that have not reported for long.

    Raises:
        ERRORS: the store can't be written.
    """
    db.execute("DELETE FROM job_runs WHERE coalesce(ended, began) < ?", (now - KEEP_SECONDS,))


def listed(db: Connection, project: str | None, now: float) -> list[Job]:
    """Return jobs, those that want to be looked at first, then by their names.

    Args:
        db: the store.
        project: only this one's.
        now: seconds since the epoch.

    Raises:
        ERRORS: the store can't be read.
    """
    planned = {
        (row["project"], row["environment"], row["monitor"]): (json.loads(row["schedule"]), row["expected"])
        for row in db.execute("SELECT project, environment, monitor, schedule, expected FROM monitors")
    }
    reported = db.execute("SELECT DISTINCT project, environment, monitor FROM job_runs")
    keys = {*planned, *((row["project"], row["environment"], row["monitor"]) for row in reported)}
    found = []
    for key in keys:
        if project is None or key[0] == project:
            schedule, expected = planned.get(key, (None, None))
            newest = tuple(runs(db, key, SHOWN_RUNS))
            found.append(Job(*key, _state(newest, schedule, expected, now), schedule, expected, newest))
    order = ("overdue", "failed", "running", "ok")
    return sorted(found, key=lambda one: (order.index(one.state), one.project, one.monitor, one.environment))


def runs(db: Connection, job: tuple[str, str, str], limit: int) -> list[Run]:
    """Return runs of a job, the newest first.

    Raises:
        ERRORS: the store can't be read.
    """
    rows = db.execute(
        f"""SELECT run, began, ended, status,
          coalesce(seconds, CASE WHEN began <= ended THEN ended - began END) AS seconds
        FROM job_runs WHERE {_OF_JOB} ORDER BY id DESC LIMIT ?""",  # noqa: S608 (a constant)
        (*job, limit),
    )
    return [Run(*row) for row in rows]


def _state(newest: Sequence[Run], schedule: dict[str, Any] | None, expected: float | None, now: float) -> str:
    if schedule is not None and expected is not None and now > expected + schedule["margin_seconds"]:
        return "overdue"
    over = next((run for run in newest if run.ended is not None), None)
    if over is not None and over.status in _FAILED:
        return "failed"
    return "running" if newest and newest[0].ended is None else "ok"


def _write(db: Connection, report: Report) -> None:
    """Write one report to its run; reports of a run come in any order."""
    is_end = report.status != "in_progress"
    if report.run:
        db.execute(
            """INSERT INTO job_runs (project, environment, monitor, run, began, ended, status, seconds)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (project, environment, monitor, run) WHERE run <> '' DO UPDATE SET
              began = coalesce(min(job_runs.began, excluded.began), job_runs.began, excluded.began),
              status = CASE WHEN excluded.ended IS NULL THEN job_runs.status ELSE excluded.status END,
              ended = coalesce(excluded.ended, job_runs.ended),
              seconds = coalesce(excluded.seconds, job_runs.seconds)""",
            _row(report),
        )
        return
    if is_end and report.status != "missed":
        ended = db.execute(
            f"""UPDATE job_runs SET ended = ?, status = ?, seconds = ? WHERE id = (
              SELECT id FROM job_runs WHERE {_OF_JOB} AND run = '' AND ended IS NULL ORDER BY id DESC LIMIT 1)""",  # noqa: S608
            (report.at, report.status, report.duration_seconds, *report.job),
        )
        if ended.rowcount:
            return
    db.execute(
        """INSERT INTO job_runs (project, environment, monitor, run, began, ended, status, seconds)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
        _row(report),
    )


def _row(report: Report) -> tuple[object, ...]:
    is_end = report.status != "in_progress"
    began, ended = (None, report.at) if is_end else (report.at, None)
    return (*report.job, report.run, began, ended, report.status, report.duration_seconds)
