"""The read side of the store for pages and the API."""

from __future__ import annotations

import json
import threading
import time
import zlib
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from errtally.errors import StoreError
from errtally.exporter.store import (
    activity,
    alerts,
    audit,
    completion,
    issue_rows,
    jobs,
    lifecycle,
    listing,
    lookup,
    merged,
    overview,
    reading_order,
    releases,
    session_hours,
    similar,
    whole_issue,
)
from errtally.exporter.store.connection import ERRORS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from errtally.exporter.journal.backlog import Backlog
    from errtally.exporter.search.cursor import Cursor
    from errtally.exporter.store.connection import Connection, Database
    from errtally.exporter.symbols.late import LateReader


class StoreReader:
    """Answers questions about issues; each thread has a connection of its own.

    Args:
        database: where the store is.
        key: the installation's, by which users are hashed; without it none is found by name.
        late: reads the calls of kept events by what was uploaded since they came; None leaves them as they were kept.
    """

    def __init__(self, database: Database, key: bytes = b"", late: LateReader | None = None) -> None:
        self._late = late
        self._database = database
        self._key = key
        self._local = threading.local()

    def issues(self, *, project: str | None = None, status: str | None = None, limit: int = 50) -> list[dict[str, Any]]:
        """Return issues, the one seen last first.

        Args:
            project: only this project's.
            status: only with this status; ``open`` stands for unresolved and regressed.
            limit: at most so many.
        """
        wanted = reading_order.IssueQuery(time.time(), project=project, status=status, limit=limit)
        return self.listed(wanted)[0]

    def listed(self, wanted: reading_order.IssueQuery) -> tuple[list[dict[str, Any]], listing.IssuePage]:
        """Return one page of issues, each as of `issue` without environments, history and samples, and how to go on.

        ``hours`` of each are events by hour since the epoch, of the last `listing.SPARK_HOURS`.

        Args:
            wanted: which, in what order, from where.
        """
        with self._snapshot() as db:
            page = listing.find(db, wanted, self._key)
            rows = db.execute(f"{issue_rows.SELECT} WHERE id IN ({', '.join('?' * len(page.issues))})", page.issues)
            by_id = {row["id"]: issue_rows.issue(row) for row in rows}
            found = [by_id[id_] for id_ in page.issues]
            if merged.has_aliases(db):
                for one in found:
                    issue_rows.add_up(db, one)
            roots = {id_: one["id"] for one in found for id_ in one["ids"]}
            if wanted.environment is not None:
                issue_rows.narrow(db, found, wanted.environment)
            since = int(wanted.now // 3600) + 1 - listing.SPARK_HOURS
            hours = listing.hours(db, roots, since, wanted.environment)
            return [{**one, "hours": hours[one["id"]]} for one in found], page

    def cursor_before(self, wanted: reading_order.IssueQuery) -> Cursor | None:
        """Return the cursor of the page before a reader's, as `listing.before` has it."""
        with self._snapshot() as db:
            return listing.before(db, wanted, self._key)

    def choices(self) -> dict[str, list[str]]:
        """Return what a list can be narrowed to: projects and environments."""
        with self._snapshot() as db:
            return listing.choices(db)

    def completions(self, key: str, beginning: str, limit: int) -> list[str]:
        """Return values of a key that begin so, as `completion.values` has them."""
        with self._snapshot() as db:
            return completion.values(db, key, beginning, limit)

    def tag_names(self, beginning: str, limit: int) -> list[str]:
        """Return names of tags that begin so, as `completion.keys` has them."""
        with self._snapshot() as db:
            return completion.keys(db, beginning, limit)

    def audit(self, wanted: audit.AuditQuery) -> list[dict[str, Any]]:
        """Return what was done, the newest first."""
        with self._snapshot() as db:
            return audit.entries(db, wanted)

    def issue(self, fingerprint: str, project: str | None = None) -> dict[str, Any] | None:
        """Return one issue with environments, history and its sample events' ids, newest first; None without it.

        What was merged into it is added up. Asked for a merged fingerprint, this returns the issue that it is in.

        Args:
            fingerprint: the value of label ``issue``.
            project: needed only when two projects have the same error; the one seen last wins without it.
        """
        with self._snapshot() as db:
            return whole_issue.find(db, fingerprint, project)

    def merge_of(self, fingerprint: str, project: str) -> str | None:
        """Return what a fingerprint is merged into, "" when it is not merged, None when it is not known."""
        with self._snapshot() as db:
            return whole_issue.merge_of(db, fingerprint, project)

    def similar(self, issue: dict[str, Any]) -> list[similar.Similar]:
        """Return issues that an issue may be the same as, as `similar.find` has them."""
        with self._snapshot() as db:
            return similar.find(db, issue)

    def hours(
        self, issue_ids: Sequence[int], since_hour: int, environment: str | None = None
    ) -> dict[int, tuple[int, int]]:
        """Return events and new users of an issue (its ``ids``) by hour since the epoch, of an environment or all."""
        with self._snapshot() as db:
            return activity.hours(db, issue_ids, since_hour, environment)

    def days(
        self, issue_ids: Sequence[int], since_day: int, environment: str | None = None
    ) -> dict[int, tuple[int, int]]:
        """Return events and new users of an issue (its ``ids``) by day since the epoch, of an environment or all."""
        with self._snapshot() as db:
            return activity.days(db, issue_ids, since_day, environment)

    def tags(self, issue_ids: Sequence[int]) -> dict[str, list[tuple[str, int]]]:
        """Return what the events of an issue (its ``ids``) have in common: tag to values and events."""
        with self._snapshot() as db:
            return activity.tags(db, issue_ids)

    def firing(self, project: str | None = None) -> list[dict[str, Any]]:
        """Return the alerts that fire, of one project or all, the most severe first."""
        with self._snapshot() as db:
            return alerts.firing(db, project)

    def ended_alerts(self, project: str | None = None) -> list[dict[str, Any]]:
        """Return firings of alerts that are over, of one project or all, the one that ended last first."""
        with self._snapshot() as db:
            return alerts.ended(db, project)

    def overview(
        self, now: float
    ) -> tuple[dict[str, overview.ProjectNumbers], overview.IngestNumbers, dict[str, int], Backlog]:
        """Return numbers of all projects, what came in, the journal's positions with them, and what else waits."""
        with self._snapshot() as db:
            positions, elsewhere = self._database.positions(db), self._database.waiting(db)
            return overview.projects(db, now), overview.ingest(db), positions, elsewhere

    def sample(self, issue_ids: Sequence[int], event_id: str) -> dict[str, Any] | None:
        """Return the page of one sample event of an issue (its ``ids``), None when it is not kept (any more)."""
        with self._snapshot() as db:
            row = db.execute(
                f"""SELECT s.page, i.project FROM samples s JOIN issues i ON i.id = s.issue
                WHERE s.event_id = ? AND s.issue IN ({", ".join("?" * len(issue_ids))})""",  # noqa: S608
                (event_id, *issue_ids),
            ).fetchone()
        if row is None:
            return None
        page: dict[str, Any] = json.loads(zlib.decompress(row["page"]))
        return page if self._late is None else self._late.read(row["project"], page)

    def is_decided(self, issue_id: int, at: float) -> bool:
        """Whether a decision that was made at a time is folded by now."""
        with self._snapshot() as db:
            row = db.execute("SELECT 1 FROM history WHERE issue = ? AND at = ?", (issue_id, at)).fetchone()
        return row is not None

    def tag_times(self, issue_ids: Sequence[int]) -> dict[tuple[str, str], tuple[float | None, float | None]]:
        """Return when a tag's value was first and last seen with an issue (its ``ids``), as `activity.tag_times`."""
        with self._snapshot() as db:
            return activity.tag_times(db, issue_ids)

    def is_there(self, issue_id: int) -> bool:
        """Whether an issue has not been deleted."""
        with self._snapshot() as db:
            return db.execute("SELECT 1 FROM issues WHERE id = ?", (issue_id,)).fetchone() is not None

    def issue_key(self, number: int) -> tuple[str, str] | None:
        """Return project and fingerprint of an issue by its number; of what it was merged into."""
        with self._snapshot() as db:
            return lookup.issue_key(db, number)

    def kept_event(self, event_id: str) -> lookup.KeptEvent | None:
        """Return a kept event by its id."""
        with self._snapshot() as db:
            found = lookup.event(db, event_id)
        return self._read([found])[0] if found is not None else None

    def kept_events(self, **chosen: Any) -> list[lookup.KeptEvent]:  # noqa: ANN401 (see lookup.events)
        """Return kept events, those kept last first; ``chosen`` as `lookup.events` takes it."""
        with self._snapshot() as db:
            found = lookup.events(db, **chosen)
        return self._read(found)

    def _read(self, kept: list[lookup.KeptEvent]) -> list[lookup.KeptEvent]:
        late = self._late
        return kept if late is None else [replace(one, page=late.read(one.project, one.page)) for one in kept]

    def neighbours(self, issue_ids: Sequence[int], number: int) -> tuple[str | None, str | None]:
        """Return the ids of the kept events before and after one of an issue (its ``ids``)."""
        with self._snapshot() as db:
            return lookup.neighbours(db, issue_ids, number)

    def events_by_day(self, issues: Sequence[dict[str, Any]], since_day: int) -> dict[int, dict[int, int]]:
        """Return events by day since the epoch of several issues, by their ``id``."""
        roots = {id_: one["id"] for one in issues for id_ in one["ids"]}
        with self._snapshot() as db:
            return lookup.days(db, roots, since_day)

    def events_by_issue(
        self, wanted: reading_order.IssueQuery, since: float, until: float, *, step_seconds: int
    ) -> dict[int, dict[int, int]]:
        """Return events of the issues that a query finds over time, as `listing.counts` has them."""
        with self._snapshot() as db:
            return listing.counts(db, wanted, since, until, step_seconds, self._key)

    def tag_totals(self) -> list[tuple[str, int]]:
        """Return the tags of all issues' events with how many had them, the most frequent first."""
        with self._snapshot() as db:
            return lookup.tag_totals(db)

    def conditions(self, issues: Sequence[dict[str, Any]]) -> dict[int, dict[str, Any] | None]:
        """Return what ends the status of issues by itself, by their ``id``."""
        with self._snapshot() as db:
            return {one["id"]: lifecycle.condition_of(db, one["id"]) for one in issues}

    def projects(self) -> dict[str, dict[str, Any]]:
        """Return the projects with issues, as `lookup.projects` has them."""
        with self._snapshot() as db:
            return lookup.projects(db)

    def releases(self, project: str | None = None, release: str | None = None) -> list[dict[str, Any]]:
        """Return releases, as `releases.listed` has them."""
        with self._snapshot() as db:
            return releases.listed(db, project, release)

    def sessions(
        self,
        hours: range,
        projects: Sequence[str] = (),
        environments: Sequence[str] = (),
        releases: Sequence[str] = (),
    ) -> list[tuple[int, str, str, str, str, float]]:
        """Return sessions over time, as `session_hours.counts` has them."""
        with self._snapshot() as db:
            return session_hours.counts(db, hours, projects, environments, releases)

    def returned_and_resolved(self, project: str, release: str, before: str) -> tuple[list[int], list[int]]:
        """Return issues that came back with a release, and those resolved in it; see `releases.resolved_in`."""
        with self._snapshot() as db:
            return releases.regressed_in(db, project, release), releases.resolved_in(db, project, release, before)

    def commits(self, project: str, release: str) -> list[dict[str, Any]]:
        """Return the commits of a release, as `releases.commits` has them."""
        with self._snapshot() as db:
            return releases.commits(db, project, release)

    def release_of_commit(self, project: str, commit: str) -> str | None:
        """Return the release that a commit came with, as `releases.of_commit` finds it."""
        with self._snapshot() as db:
            return releases.of_commit(db, project, commit)

    def deploys(self, project: str, release: str | None = None) -> list[dict[str, Any]]:
        """Return deploys, as `releases.deploys` has them."""
        with self._snapshot() as db:
            return releases.deploys(db, project, release)

    def linked(self) -> list[tuple[str, str, str]]:
        """Return the issues that have a ticket, as `lookup.linked` has them."""
        with self._snapshot() as db:
            return lookup.linked(db)

    def scheduled(self, project: str | None, now: float) -> list[jobs.Job]:
        """Return all jobs with their newest runs, as `jobs.listed` has them."""
        with self._snapshot() as db:
            return jobs.listed(db, project, now)

    def runs(self, job: tuple[str, str, str], limit: int) -> list[jobs.Run]:
        """Return runs of a job, the newest first."""
        with self._snapshot() as db:
            return jobs.runs(db, job, limit)

    def jobs(self) -> list[dict[str, Any]]:
        """Return scheduled jobs, as `lookup.jobs` has them."""
        with self._snapshot() as db:
            return lookup.jobs(db)

    def has_releases(self, project: str) -> bool:
        """Whether anything of a project's came in that named its release."""
        with self._snapshot() as db:
            row = db.execute("SELECT 1 FROM releases WHERE project = ? AND seen IS NOT NULL", (project,)).fetchone()
        return row is not None

    @contextmanager
    def _snapshot(self) -> Iterator[Connection]:
        """One read transaction on this thread's connection: everything read in it is of the same moment."""
        try:
            db: Connection | None = getattr(self._local, "db", None)
            if db is None:
                db = self._local.db = self._database.reader()
            db.execute("BEGIN")
            try:
                yield db
            finally:
                db.execute("COMMIT")
        except ERRORS as exc:
            self._local.db = None  # the next call has one that works, if there is any
            raise StoreError(f"the store can't be read: {exc}") from exc
