"""Pages of issues: what a query finds, in an order, from where a reader is."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from errtally.exporter.search import sql
from errtally.exporter.search.cursor import MAX_SHOWN, Cursor
from errtally.exporter.store import asking, merged, trends

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from errtally.exporter.search.conditions import Term
    from errtally.exporter.search.texts import Clause

ORDERS = ("last_seen", "first_seen", "events", "users", "trend")
MAX_COUNTED = 1_000
"""Issues of a list that are counted; of more it is only said that there are."""

MAX_COUNTED_COMMON = 200
"""Of those with a word that many have, for which each has to be looked at."""

SPARK_HOURS = 24
"""Hours that a list shows of each issue."""

_OPEN = "i.status IN ('unresolved', 'regressed')"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is to show.

    Attributes:
        terms: of the query.
        now: seconds since the epoch, from which ages count.
        project: only this project's.
        environment: only issues that were seen there, and what happened there alone counts: for the order and for
            terms about events, users and times. What trends is of all environments.
        level: only with this level.
        status: only with this status; ``open`` stands for unresolved and regressed.
        order: one of `ORDERS`, the most or newest first.
        cursor: where the reader is; None at the beginning.
        limit: at most so many issues.
        is_counted: whether to say how many there are.
    """

    now: float
    terms: Sequence[Term] = ()
    project: str | None = None
    environment: str | None = None
    level: str | None = None
    status: str | None = None
    order: str = ORDERS[0]
    cursor: Cursor | None = None
    limit: int = 50
    is_counted: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """Numbers of issues, and how to go on.

    Attributes:
        issues: numbers, in order.
        next: the cursor of the next page; None on the last one.
        is_cut: whether there are more than a list shows.
        newer: whether there are issues that appeared since the reader began.
        notices: what a person should know of the query.
        total: how many issues there are in all, at most `MAX_COUNTED`; None where it was not asked for.
        is_total_cut: whether there may be more.
    """

    issues: list[int] = field(default_factory=list)
    next: Cursor | None = None
    is_cut: bool = False
    newer: bool = False
    notices: tuple[asking.Notice, ...] = ()
    total: int | None = None
    is_total_cut: bool = False


def find(db: sqlite3.Connection, wanted: Wanted, key: bytes = b"") -> Found:
    """Find one page of issues.

    Args:
        db: the store.
        wanted: which, in what order, from where.
        key: the installation's, by which users are hashed.

    Raises:
        sqlite3.Error: the store can't be read.
    """
    has_aliases = merged.has_aliases(db)
    has_linked = has_aliases and merged.has_linked(db)
    is_in_order = wanted.order == "last_seen" and wanted.environment is None and not has_linked
    asked = asking.ask(db, wanted.terms, key, is_in_order=is_in_order)
    wanted = replace(wanted, terms=asked.terms)
    cursor = wanted.cursor or Cursor(db.execute("SELECT coalesce(max(id), 0) FROM issues").fetchone()[0])
    where, values = _where(wanted, has_aliases=has_aliases, has_linked=has_linked)
    prefix, prefixed = _prefix(wanted, has_linked=has_linked)
    room = MAX_SHOWN - len(cursor.shown)
    limit = min(wanted.limit, room)
    rows = db.execute(
        f"""{prefix} SELECT i.id FROM issues i LEFT JOIN issue_trends ON issue_trends.issue = i.id
        WHERE {where} AND i.id <= ? AND i.id NOT IN (SELECT value FROM json_each(?))
        ORDER BY {_order(wanted, has_linked=has_linked)} DESC, i.id DESC LIMIT ?""",  # noqa: S608 (constants)
        (*prefixed, *values, cursor.newest, json.dumps(list(cursor.shown)), limit + 1),
    ).fetchall()
    issues = [row[0] for row in rows[:limit]]
    has_more = len(rows) > limit
    newer = wanted.cursor is not None and (
        db.execute(
            f"{prefix} SELECT 1 FROM issues i WHERE {where} AND i.id > ? LIMIT 1",  # noqa: S608 (constants)
            (*prefixed, *values, cursor.newest),
        ).fetchone()
        is not None
    )
    is_cut = has_more and len(issues) >= room
    total = None
    most = (
        MAX_COUNTED_COMMON if any(getattr(term.condition, "is_common", False) for term in wanted.terms) else MAX_COUNTED
    )
    if wanted.is_counted and wanted.cursor is None and not has_more:
        total = len(issues)
    elif wanted.is_counted:
        counted = f"{prefix} SELECT count(*) FROM (SELECT 1 FROM issues i WHERE {where} LIMIT ?)"  # noqa: S608 (constants)
        total = db.execute(counted, (*prefixed, *values, most)).fetchone()[0]
    next_ = cursor.after(issues) if has_more and not is_cut and issues else None
    return Found(issues, next_, is_cut, newer, asked.notices, total, is_total_cut=total == most)


def hours(
    db: sqlite3.Connection, roots: Mapping[int, int], since_hour: int, environment: str | None = None
) -> dict[int, dict[int, int]]:
    """Return events by hour since the epoch of several issues.

    Args:
        db: the store.
        roots: numbers of issues to the issue that they count in.
        since_hour: the first hour.
        environment: only of this one.

    Raises:
        sqlite3.Error: the store can't be read.
    """
    found: dict[int, dict[int, int]] = {root: {} for root in roots.values()}
    marks = ", ".join("?" * len(roots))
    for issue, hour, events in db.execute(
        f"""SELECT issue, hour, events FROM issue_hours
        WHERE issue IN ({marks}) AND hour >= ? AND environment = coalesce(?, environment)""",  # noqa: S608 (marks only)
        (*roots, since_hour, environment),
    ):
        of_root = found[roots[issue]]
        of_root[hour] = of_root.get(hour, 0) + events
    return found


def counts(
    db: sqlite3.Connection, wanted: Wanted, since: float, until: float, step_seconds: int, key: bytes = b""
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
        sqlite3.Error: the store can't be read.
    """
    has_aliases = merged.has_aliases(db)
    has_linked = has_aliases and merged.has_linked(db)
    wanted = replace(wanted, terms=asking.ask(db, wanted.terms, key).terms)
    where, values = _where(wanted, has_aliases=has_aliases, has_linked=has_linked)
    prefix, prefixed = _prefix(wanted, has_linked=has_linked)
    prefix = f"{prefix}, " if prefix else "WITH "
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
        WHERE own.root IN (SELECT i.id FROM issues i WHERE {where}) GROUP BY 1, 2""",  # noqa: S608 (constants)
        (*prefixed, *moments, *moments, step_seconds, *values),
    )
    found: dict[int, dict[int, int]] = {}
    for issue, step, events in rows:
        found.setdefault(issue, {})[step] = events
    return found


def choices(db: sqlite3.Connection) -> dict[str, list[str]]:
    """Return what a list can be narrowed to: projects and environments.

    Raises:
        sqlite3.Error: the store can't be read.
    """
    return {
        "projects": _distinct(db, "issues", "project"),
        "environments": _distinct(db, "issue_environments", "environment"),
    }


def projects(db: sqlite3.Connection) -> list[str]:
    """Return the projects that have issues.

    Raises:
        sqlite3.Error: the store can't be read.
    """
    return _distinct(db, "issues", "project")


def _distinct(db: sqlite3.Connection, table: str, column: str) -> list[str]:
    """Return the values of a column that an index begins with: from each straight to the next, over all rows of it."""
    rows = db.execute(
        f"""WITH RECURSIVE one (value) AS (
          SELECT min({column}) FROM {table}
          UNION ALL
          SELECT (SELECT min({column}) FROM {table} WHERE {column} > one.value) FROM one WHERE one.value IS NOT NULL
        ) SELECT value FROM one WHERE value IS NOT NULL"""  # noqa: S608 (constants)
    )
    return [row[0] for row in rows]


def _where(wanted: Wanted, *, has_aliases: bool, has_linked: bool) -> Clause:
    clause, parameters = sql.condition(
        wanted.terms, wanted.now, has_linked=has_linked, is_here=wanted.environment is not None
    )
    found, values = [clause], list(parameters)
    if has_aliases:
        found.append(sql.NOT_MERGED)
    if wanted.project:
        found.append("i.project = ?")
        values.append(wanted.project)
    if wanted.environment is not None:
        members = "i.id" + (" UNION SELECT id FROM linked WHERE root = i.id" if has_linked else "")  # noqa: S608 (constants)
        here = "SELECT 1 FROM issue_environments e WHERE e.environment = ? AND e.issue IN"
        found.append(f"EXISTS ({here} (SELECT {members}))")
        values.append(wanted.environment)
    if wanted.level:
        found.append(f"{sql.level(has_linked=has_linked)} = ?")
        values.append(wanted.level)
    if wanted.status == "open":
        found.append(_OPEN)
    elif wanted.status:
        found.append("i.status = ?")
        values.append(wanted.status)
    return " AND ".join(f"({one})" for one in found), tuple(values)


def _prefix(wanted: Wanted, *, has_linked: bool) -> Clause:
    """Return what stands before a statement: issues that were merged, and the environment whose numbers count."""
    found = [sql.LINKED] if has_linked else []
    if wanted.environment is None:
        return "".join(found), ()
    found.append(sql.HERE if has_linked else f"WITH {sql.HERE}")
    return ", ".join(found), (wanted.environment,)


def _order(wanted: Wanted, *, has_linked: bool) -> str:
    if wanted.order == "trend":
        return trends.ORDER.format(trends="issue_trends")
    return sql.total(wanted.order, has_linked=has_linked, is_here=wanted.environment is not None)
