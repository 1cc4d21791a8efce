"""Pages of issues: what a query finds, in an order, from where a reader is."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from errtally.exporter.search.conditions import Has
from errtally.exporter.search.cursor import MAX_SHOWN, Cursor
from errtally.exporter.store import asking, merged, reading_order

if TYPE_CHECKING:
    from collections.abc import Mapping

    from errtally.exporter.store.connection import Connection
    from errtally.exporter.store.reading_order import IssueQuery

MAX_COUNTED = 1_000
"""Issues of a list that are counted; of more it is only said that there are."""

MAX_COUNTED_FAR = 200
"""Of those of which more than an index of issues has to be read."""

SPARK_HOURS = 24
"""Hours that a list shows of each issue."""


@dataclass(frozen=True, slots=True)
class IssuePage:
    """Numbers of issues, and how to go on.

    Attributes:
        issues: numbers, in order.
        next: the cursor of the next page; None on the last one.
        is_cut: whether there are more than a list shows.
        newer: whether there are issues that appeared since the reader began.
        notices: what a person should know of the query.
        total: how many issues there are in all, or how many were counted; None where it was not asked for.
        is_total_cut: whether there may be more.
    """

    issues: list[int] = field(default_factory=list)
    next: Cursor | None = None
    is_cut: bool = False
    newer: bool = False
    notices: tuple[asking.Notice, ...] = ()
    total: int | None = None
    is_total_cut: bool = False


def find(db: Connection, wanted: IssueQuery, key: bytes = b"") -> IssuePage:
    """Find one page of issues.

    Args:
        db: the store.
        wanted: which, in what order, from where.
        key: the installation's, by which users are hashed.

    Raises:
        ERRORS: the store can't be read.
    """
    has_linked = merged.has_linked(db)
    is_in_order = wanted.order in {"last_seen", "trend"} and wanted.environment is None and not has_linked
    asked = asking.ask(db, wanted.terms, key, is_in_order=is_in_order)
    wanted = replace(wanted, terms=asked.terms)
    cursor = wanted.cursor or Cursor(db.execute("SELECT coalesce(max(id), 0) FROM issues").fetchone()[0])
    of = reading_order.source(wanted, has_linked=has_linked)
    room = MAX_SHOWN - len(cursor.shown)
    limit = min(wanted.limit, room)
    issues, total = reading_order.first(db, wanted, of, wanted.cursor, limit + 1, is_narrow=asked.is_narrow)
    has_more = len(issues) > limit
    issues = issues[:limit]
    newer = wanted.cursor is not None and (
        db.execute(
            f"{of.prefix} SELECT 1 FROM {of.tables} WHERE {of.where} AND +i.id > ? LIMIT 1",  # noqa: S608 (constants)
            (*of.values, cursor.newest),
        ).fetchone()
        is not None
    )
    is_cut = has_more and len(issues) >= room
    is_total_cut = False
    if not wanted.is_counted:
        total = None
    elif wanted.cursor is None and not has_more:
        total = len(issues)
    elif asked.is_each and not asked.is_narrow:  # to count further is to look at each
        total, is_total_cut = len(cursor.shown) + len(issues), has_more
    elif total is None:
        most = MAX_COUNTED_FAR if any(isinstance(one.condition, Has) for one in wanted.terms) else MAX_COUNTED
        some = f"SELECT 1 FROM {of.tables} WHERE {of.where} ORDER BY i.last_seen DESC LIMIT ?"  # noqa: S608 (constants)
        total = db.execute(f"{of.prefix} SELECT count(*) FROM ({some}) listed", (*of.values, most)).fetchone()[0]  # noqa: S608
        is_total_cut = total == most
    next_ = cursor.after(issues) if has_more and not is_cut and issues else None
    return IssuePage(issues, next_, is_cut, newer, asked.notices, total, is_total_cut)


def before(db: Connection, wanted: IssueQuery, key: bytes = b"") -> Cursor | None:
    """Return the cursor of the page before that of a reader, None where that is the first one.

    A cursor says what was shown, not in what order. So the page before is that of the order of now: what stands before
    as many issues as the reader has seen, less one page.

    Args:
        db: the store.
        wanted: which issues, in what order; with the reader's cursor.
        key: as in `find`.

    Raises:
        ERRORS: the store can't be read.
    """
    if wanted.cursor is None or len(wanted.cursor.shown) <= wanted.limit:
        return None
    begun, count = Cursor(wanted.cursor.newest), len(wanted.cursor.shown) - wanted.limit
    wanted = replace(wanted, terms=asking.ask(db, wanted.terms, key).terms)
    of = reading_order.source(wanted, has_linked=merged.has_linked(db))
    issues, _ = reading_order.first(db, wanted, of, begun, count, is_narrow=False)
    return begun.after(issues)


def hours(
    db: Connection, roots: Mapping[int, int], since_hour: int, environment: str | None = None
) -> dict[int, dict[int, int]]:
    """Return events by hour since the epoch of several issues.

    Args:
        db: the store.
        roots: numbers of issues to the issue that they count in.
        since_hour: the first hour.
        environment: only of this one.

    Raises:
        ERRORS: the store can't be read.
    """
    found: dict[int, dict[int, int]] = {root: {} for root in roots.values()}
    # One row an issue: rows are what reading costs while another thread of this process is busy.
    for issue, at, events in db.execute(
        """SELECT issue, json_group_array(hour), json_group_array(events) FROM issue_hours
        WHERE issue IN (SELECT CAST(value AS BIGINT) FROM json_each(?)) AND hour >= ?
          AND environment = coalesce(?, environment)
        GROUP BY issue""",
        (json.dumps(list(roots)), since_hour, environment),
    ):
        of_root = found[roots[issue]]
        for hour, count in zip(json.loads(at), json.loads(events), strict=True):
            of_root[hour] = of_root.get(hour, 0) + count
    return found


def counts(
    db: Connection, wanted: IssueQuery, since: float, until: float, step_seconds: int, key: bytes = b""
) -> dict[int, dict[int, int]]:
    """Return events of the issues that a query finds over time; what was merged into one counts there.

    Args:
        db: the store.
        wanted: which issues; order, cursor and limit say nothing here.
        since: the first moment, seconds since the epoch.
        until: the last one.
        step_seconds: a multiple of an hour. Older hours were made days (see `activity`), which count in the step in
            which they begin.
        key: as in `find`.

    Returns:
        Number of an issue to events by step since the epoch.

    Raises:
        ERRORS: the store can't be read.
    """
    has_linked = merged.has_linked(db)
    wanted = replace(wanted, terms=asking.ask(db, wanted.terms, key).terms)
    of = reading_order.source(wanted, has_linked=has_linked)
    prefix = f"{of.prefix}, " if of.prefix else "WITH "
    members = " UNION SELECT root, id FROM linked" if has_linked else ""
    moments = (int(since), int(until), wanted.environment)
    rows = db.execute(
        f"""{prefix} own (root, id) AS (SELECT id, id FROM issues{members}),
        counted (issue, at, events) AS (
          SELECT issue, hour * 3600, events FROM issue_hours
          WHERE hour BETWEEN ? / 3600 AND ? / 3600 AND environment = coalesce(?, environment)
          UNION ALL
          SELECT issue, day * 86400, events FROM issue_days
          WHERE day BETWEEN ? / 86400 AND ? / 86400 AND environment = coalesce(?, environment)
        )
        SELECT own.root, counted.at / ?, sum(counted.events) FROM counted JOIN own ON own.id = counted.issue
        WHERE own.root IN (SELECT i.id FROM {of.tables} WHERE {of.where}) GROUP BY 1, 2""",  # noqa: S608 (constants)
        (*of.prefixed, *moments, *moments, step_seconds, *of.held),
    )
    found: dict[int, dict[int, int]] = {}
    for issue, step, events in rows:
        found.setdefault(issue, {})[step] = events
    return found


def choices(db: Connection) -> dict[str, list[str]]:
    """Return what a list can be narrowed to: projects and environments.

    Raises:
        ERRORS: the store can't be read.
    """
    return {
        "projects": _distinct(db, "issues", "project"),
        "environments": _distinct(db, "issue_environments", "environment"),
    }


def projects(db: Connection) -> list[str]:
    """Return the projects that have issues.

    Raises:
        ERRORS: the store can't be read.
    """
    return _distinct(db, "issues", "project")


def _distinct(db: Connection, table: str, column: str) -> list[str]:
    """Return the values of a column that an index begins with: from each straight to the next, over all rows of it."""
    rows = db.execute(
        f"""WITH RECURSIVE one (value) AS (
          SELECT min({column}) FROM {table}
          UNION ALL
          SELECT (SELECT min({column}) FROM {table} WHERE {column} > one.value) FROM one WHERE one.value IS NOT NULL
        ) SELECT value FROM one WHERE value IS NOT NULL"""  # noqa: S608 (constants)
    )
    return [row[0] for row in rows]
