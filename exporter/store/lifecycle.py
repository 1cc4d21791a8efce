"""What an issue's status depends on, and scheduled jobs: conditions, releases and monitors in the store."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from errtally import names
from errtally.event.signals import Schedule
from errtally.exporter.digest import decisions, monitors
from errtally.exporter.digest.conditions import Condition
from errtally.exporter.digest.jobs import Monitor
from errtally.exporter.digest.releases import Release, Releases
from errtally.exporter.store import jobs, releases

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from errtally.exporter.digest.changes import Changes, IssueChange
    from errtally.exporter.digest.issue_state import IssueState
    from errtally.exporter.digest.jobs import Job
    from errtally.exporter.digest.state import State
    from errtally.exporter.store.connection import Connection

_COUNTING = frozenset({"events", "users"})


def load(db: Connection, state: State, by_id: Mapping[int, tuple[str, str, IssueState]]) -> None:
    """Load conditions, releases and monitors into the writer's state, and note what is due when.

    Args:
        db: the store.
        state: where to; its aliases are loaded already.
        by_id: project, fingerprint and state of each issue.

    Raises:
        ERRORS: the store can't be read.
    """
    of_project: dict[str, list[Release]] = {}
    for project, *columns in db.execute("SELECT project, release, number, rank, seen FROM releases"):
        of_project.setdefault(project, []).append(Release(*columns))
    state.releases = {project: Releases.load(known) for project, known in of_project.items()}
    for project, release, uses in _uses(db):
        if (known_releases := state.releases.get(project)) is not None and release in known_releases.known:
            known_releases.uses[release] += int(uses)
    for issue, kind, at, release, number, rank, amount, events in db.execute(
        "SELECT issue, kind, at, release, release_number, release_rank, amount, events FROM conditions"
    ):
        project, fingerprint, known = by_id[issue]
        reference = Release(release, number, rank) if release else None
        known.condition = Condition(kind, at, reference, amount, events)
        if kind == "time" and (project, fingerprint) not in state.aliases.into:
            state.agenda.note((decisions.AGENDA, project, fingerprint), amount)
    for issue, user in db.execute('SELECT issue, "user" FROM condition_users'):
        condition = by_id[issue][2].condition
        if condition is not None:
            condition.users.add(user)
    for project, environment, monitor, schedule, expected, judged_next, runs in db.execute(
        "SELECT project, environment, monitor, schedule, expected, judged_next, runs FROM monitors"
    ):
        job = (project, environment, monitor)
        known_job = Monitor(Schedule(**json.loads(schedule)), expected, judged_next, json.loads(runs))
        state.monitors[job] = known_job
        state.agenda.note((monitors.AGENDA, *job), known_job.due)


def _uses(db: Connection) -> Iterator[tuple[str, str, float]]:
    """What came in of the releases: events, and sessions."""
    yield from db.execute(
        """SELECT i.project, t.value, sum(t.events) FROM issue_tags t JOIN issues i ON i.id = t.issue
        WHERE t.tag = 'release' GROUP BY 1, 2"""
    )
    for text, value in db.execute("SELECT labels, value FROM series WHERE metric = ?", (names.SESSIONS.name,)):
        project, _, release, _ = json.loads(text)
        yield project, release, value


def apply(db: Connection, changes: Changes) -> None:
    """Write a fold's conditions, releases, monitors and their runs; the issues are written already.

    Raises:
        ERRORS: the store can't be written.
    """
    for issue in changes.issues.values():
        condition = issue.condition
        if issue.is_condition_new:
            db.execute("DELETE FROM conditions WHERE issue = ?", (issue.id,))
            db.execute("DELETE FROM condition_users WHERE issue = ?", (issue.id,))
            if condition is not None:
                _insert(db, issue.id, condition)
        elif condition is not None and condition.kind in _COUNTING and issue.events:
            db.execute("UPDATE conditions SET events = ? WHERE issue = ?", (condition.events, issue.id))
        _add_users(db, issue)
    releases.apply(db, changes)
    jobs.apply(db, changes.reports)
    for job, monitor in changes.monitors.items():
        if monitor is None:
            db.execute("DELETE FROM monitors WHERE project = ? AND environment = ? AND monitor = ?", job)
        else:
            db.execute(
                """INSERT INTO monitors VALUES (?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (project, environment, monitor) DO UPDATE SET schedule = excluded.schedule,
                  expected = excluded.expected, judged_next = excluded.judged_next, runs = excluded.runs""",
                (
                    *job,
                    json.dumps(asdict(monitor.schedule)),
                    monitor.expected,
                    monitor.judged_next,
                    json.dumps(monitor.runs),
                ),
            )


def planned(db: Connection) -> Iterator[tuple[Job, float, float]]:
    """Yield scheduled jobs with the next planned time, and the time by which a report is due, seconds since the epoch.

    Raises:
        ERRORS: the store can't be read.
    """
    for project, environment, monitor, schedule, expected, judged_next in db.execute(
        "SELECT project, environment, monitor, schedule, expected, judged_next FROM monitors"
    ):
        margin_seconds = json.loads(schedule)["margin_seconds"]
        yield (project, environment, monitor), judged_next, expected + margin_seconds


def condition_of(db: Connection, issue: int) -> dict[str, Any] | None:
    """Return what ends an issue's status by itself as the API shows it, None when nothing does.

    Raises:
        ERRORS: the store can't be read.
    """
    row = db.execute(
        """SELECT kind, at, release, release_number, release_rank, amount, events,
          (SELECT count(*) FROM condition_users WHERE issue = conditions.issue) FROM conditions WHERE issue = ?""",
        (issue,),
    ).fetchone()
    if row is None:
        return None
    kind, at, release, number, rank, amount, events, users = row
    condition = Condition(kind, at, Release(release, number, rank) if release else None, amount, events)
    shown: dict[str, Any] = {**condition.details(), "since": at, "text": condition.text()}
    if kind in _COUNTING:
        shown["counted"] = users if kind == "users" else events
    return shown


def _insert(db: Connection, issue: int, condition: Condition) -> None:
    release = condition.release or Release("", 0, 0)
    db.execute(
        "INSERT INTO conditions VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (issue, condition.kind, condition.at, release.release, release.number, release.rank, condition.amount,
         condition.events),
    )  # fmt: skip


def _add_users(db: Connection, issue: IssueChange) -> None:
    if issue.counted_users:
        db.executemany(
            "INSERT INTO condition_users VALUES (?, ?) ON CONFLICT DO NOTHING",
            [(issue.id, user) for user in issue.counted_users],
        )
