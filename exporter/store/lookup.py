"""Finding single things by what other programs call them: issues by number, events by id, jobs."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from errtally.exporter.store import listing, merged

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from errtally.exporter.store.connection import Connection, Row


@dataclass(frozen=True, slots=True)
class KeptEvent:
    """A sample event.

    Attributes:
        number: rises in the order in which events were kept.
        happened: seconds since the epoch.
        page: what was kept of it, scrubbed.
    """

    number: int
    issue: int
    project: str
    fingerprint: str
    event_id: str
    environment: str
    happened: float
    page: dict[str, Any]


_EVENTS = """SELECT s.id, s.issue, i.project, i.fingerprint, s.event_id, s.environment, s.happened, s.page
FROM samples s JOIN issues i ON i.id = s.issue"""


def issue_key(db: Connection, number: int) -> tuple[str, str] | None:
    """Return project and fingerprint of an issue by its number, or by that of what was merged into it.

    Raises:
        ERRORS: the store can't be read.
    """
    row = db.execute(
        """SELECT project, fingerprint FROM issues WHERE id = :number
        UNION ALL SELECT project, fingerprint FROM aliases WHERE id = :number""",
        {"number": number},
    ).fetchone()
    return None if row is None else (row["project"], merged.root_of(db, row["project"], row["fingerprint"]))


def event(db: Connection, event_id: str) -> KeptEvent | None:
    """Return a kept event by its id, the newest of several.

    Raises:
        ERRORS: the store can't be read.
    """
    row = db.execute(f"{_EVENTS} WHERE s.event_id = ? ORDER BY s.id DESC LIMIT 1", (event_id,)).fetchone()
    return None if row is None else _event_of(row)


def events(
    db: Connection,
    *,
    issues: Sequence[int] = (),
    project: str | None = None,
    environments: Sequence[str] = (),
    since: float | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[KeptEvent]:
    """Return kept events, those kept last first.

    Args:
        db: the store.
        issues: only of these; of all when there are none.
        project: only of this one.
        environments: only of these; of all when there are none.
        since: only events that happened then or later, seconds since the epoch.
        before: only those with a lower `KeptEvent.number`.
        limit: at most so many.

    Raises:
        ERRORS: the store can't be read.
    """
    where, values = ["TRUE"], list[object]()
    for column, element, chosen in (
        ("s.issue", "CAST(value AS BIGINT)", issues),
        ("s.environment", "value", environments),
    ):
        if chosen:
            where.append(f"{column} IN (SELECT {element} FROM json_each(?))")  # noqa: S608 (constants)
            values.append(json.dumps(list(chosen)))
    for clause, value in (("i.project = ?", project), ("s.happened >= ?", since), ("s.id < ?", before)):
        if value is not None:
            where.append(clause)
            values.append(value)
    rows = db.execute(f"{_EVENTS} WHERE {' AND '.join(where)} ORDER BY s.id DESC LIMIT ?", (*values, limit))
    return [_event_of(row) for row in rows]


def neighbours(db: Connection, issues: Sequence[int], number: int) -> tuple[str | None, str | None]:
    """Return the ids of the kept events before and after one of the same issues.

    Raises:
        ERRORS: the store can't be read.
    """
    among = json.dumps(list(issues))
    where = "issue IN (SELECT CAST(value AS BIGINT) FROM json_each(?)) AND id"
    before = db.execute(
        f"SELECT event_id FROM samples WHERE {where} < ? ORDER BY id DESC LIMIT 1",  # noqa: S608 (a constant)
        (among, number),
    ).fetchone()
    after = db.execute(
        f"SELECT event_id FROM samples WHERE {where} > ? ORDER BY id LIMIT 1",  # noqa: S608 (a constant)
        (among, number),
    ).fetchone()
    return (before and before[0]), (after and after[0])


def days(db: Connection, roots: Mapping[int, int], since_day: int) -> dict[int, dict[int, int]]:
    """Return events by day since the epoch of several issues.

    Args:
        db: the store.
        roots: numbers of issues to the issue that they count in.
        since_day: the first day.

    Raises:
        ERRORS: the store can't be read.
    """
    found: dict[int, dict[int, int]] = {root: {} for root in roots.values()}
    among = json.dumps(list(roots))
    for issue, day, count in db.execute(
        """SELECT issue, day, events FROM issue_days
          WHERE issue IN (SELECT CAST(value AS BIGINT) FROM json_each(:among)) AND day >= :since
        UNION ALL SELECT issue, hour / 24, sum(events) FROM issue_hours
          WHERE issue IN (SELECT CAST(value AS BIGINT) FROM json_each(:among)) AND hour >= :since * 24
          GROUP BY issue, hour / 24""",
        {"among": among, "since": since_day},
    ):
        of_root = found[roots[issue]]
        of_root[day] = of_root.get(day, 0) + count
    return found


def projects(db: Connection) -> dict[str, dict[str, Any]]:
    """Return the projects with issues: when their first event was (``first_seen``) and their ``environments``.

    Raises:
        ERRORS: the store can't be read.
    """
    found: dict[str, dict[str, Any]] = {}
    with_issues = set(listing.projects(db))
    for project, environment, first_seen in db.execute(
        "SELECT project, environment, first_seen FROM project_environments ORDER BY project, environment"
    ):
        if project in with_issues:  # else all of them were deleted
            one = found.setdefault(project, {"first_seen": first_seen, "environments": []})
            one["first_seen"] = min(one["first_seen"], first_seen)
            one["environments"].append(environment)
    for (project,) in db.execute("SELECT DISTINCT project FROM releases"):
        found.setdefault(project, {"first_seen": None, "environments": []})
    return found


def tag_totals(db: Connection) -> list[tuple[str, int]]:
    """Return the tags of all issues' events with how many had them, the most frequent first.

    Raises:
        ERRORS: the store can't be read.
    """
    rows = db.execute("SELECT tag, sum(events) AS n FROM issue_tags GROUP BY tag ORDER BY n DESC, tag LIMIT 1000")
    return [(row["tag"], row["n"]) for row in rows]


def linked(db: Connection) -> list[tuple[str, str, str]]:
    """Return project, fingerprint and address of the ticket of each issue that has one."""
    return [tuple(row) for row in db.execute("SELECT project, fingerprint, ticket FROM issues WHERE ticket <> ''")]


def jobs(db: Connection) -> list[dict[str, Any]]:
    """Return scheduled jobs; ``schedule`` is an object, ``judged_next`` when a report is due (seconds since the epoch).

    Raises:
        ERRORS: the store can't be read.
    """
    rows = db.execute(
        """SELECT project, environment, monitor, schedule, judged_next FROM monitors
        ORDER BY project, monitor, environment"""
    )
    return [{**dict(row), "schedule": json.loads(row["schedule"])} for row in rows]


def _event_of(row: Row) -> KeptEvent:
    page: dict[str, Any] = json.loads(zlib.decompress(row["page"]))
    return KeptEvent(
        row["id"], row["issue"], row["project"], row["fingerprint"], row["event_id"], row["environment"],
        row["happened"], page,
    )  # fmt: skip
