"""What a list of issues reads, in SQL: which issues, from where, and in what order."""

from __future__ import annotations

import json
from dataclasses import dataclass
from heapq import heappush, heappushpop
from typing import TYPE_CHECKING, Any

from errtally.exporter.search import sql
from errtally.exporter.store import trends

if TYPE_CHECKING:
    from collections.abc import Sequence

    from errtally.exporter.search.conditions import Term
    from errtally.exporter.search.cursor import Cursor
    from errtally.exporter.store.connection import Connection

ORDERS = ("last_seen", "first_seen", "events", "users", "trend")
_OPEN = "i.status IN ('unresolved', 'regressed')"


@dataclass(frozen=True, slots=True)
class IssueQuery:
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
class Source:
    """Parts of a statement that reads issues ``i``.

    Attributes:
        prefix: what stands before SELECT; "" where nothing was merged.
        tables: what stands behind FROM.
        where: what has to hold of an issue.
        order: the SQL of what issues are ordered by, the most first; ``t`` are their trends.
        prefixed: values of the prefix.
        held: values of what has to hold.
        is_here: whether ``e`` are the numbers of one environment.
    """

    prefix: str
    tables: str
    where: str
    order: str
    prefixed: tuple[Any, ...]
    held: tuple[Any, ...]
    is_here: bool

    @property
    def values(self) -> tuple[Any, ...]:
        """Values of the prefix and of what has to hold, in the order in which a statement has them."""
        return (*self.prefixed, *self.held)


_BEST_SHARE = 4
"""Issues of an environment that are read by their numbers, for each that a list asks for: some are resolved."""


def source(wanted: IssueQuery, *, has_linked: bool) -> Source:
    """Return what a list reads.

    Args:
        wanted: with terms that the store was asked about.
        has_linked: whether anything was merged.
    """
    is_here = wanted.environment is not None
    clause, parameters = sql.condition(wanted.terms, wanted.now, has_linked=has_linked, is_here=is_here)
    tables, found, values = "issues i", [clause], list(parameters)
    if has_linked:
        found.append(sql.NOT_MERGED)
    if wanted.project:
        found.append("+i.project = ?")
        values.append(wanted.project)
    if is_here and has_linked:
        members = "e.issue IN (SELECT i.id UNION SELECT id FROM linked WHERE root = i.id)"
        here = f"SELECT 1 FROM issue_environments e WHERE e.environment = ? AND {members}"  # noqa: S608 (constants)
        found.append(f"EXISTS ({here})")
        values.append(wanted.environment)
    elif is_here:
        tables = sql.FROM_HERE
        found.append("e.environment = ?")
        values.append(wanted.environment)
    if wanted.level:
        found.append(f"{sql.level(has_linked=has_linked)} = ?")
        values.append(wanted.level)
    if wanted.status == "open":
        found.append(_OPEN)
    elif wanted.status:
        found.append("i.status = ?")
        values.append(wanted.status)
    prefix, prefixed = "", tuple[Any, ...]()
    if has_linked:
        prefix = f"{sql.LINKED}, {sql.HERE}" if is_here else sql.LINKED
        prefixed = (wanted.environment,) if is_here else ()
    if wanted.order == "trend":
        order = trends.ORDER.format(trends="t")
    else:
        order = sql.total(wanted.order, has_linked=has_linked, is_here=is_here)
    where = " AND ".join(f"({one})" for one in found)
    return Source(prefix, tables, where, order, prefixed, tuple(values), is_here and not has_linked)


def first(
    db: Connection, wanted: IssueQuery, of: Source, cursor: Cursor | None, limit: int, *, is_narrow: bool
) -> tuple[list[int], int | None]:
    """Read the numbers of the first issues of a list, or of those that stand behind a cursor.

    Args:
        db: the store.
        wanted: what ``of`` was made of.
        of: what is read.
        cursor: where the reader is; None at the beginning.
        limit: at most so many.
        is_narrow: whether there are so few that all are looked at.

    Returns:
        The numbers, and how many there are in all where all were looked at.

    Raises:
        ERRORS: the store can't be read.
    """
    unseen, seen = "", list[object]()
    if cursor is not None:
        unseen, seen = (
            " AND +i.id <= ? AND +i.id NOT IN (SELECT CAST(value AS BIGINT) FROM json_each(?))",
            [cursor.newest],
        )
        seen.append(json.dumps(list(cursor.shown)))
    if is_narrow:
        return _all_at_once(db, of, unseen, seen, limit)
    where, values = f"{of.where}{unseen}", (*of.values, *seen)
    if wanted.order == "trend":
        return _trending(db, of, where, values, limit), None
    if of.is_here and wanted.order == "last_seen":
        return _last_seen_here(db, where, values, limit), None
    if of.is_here and not (wanted.terms or wanted.project or wanted.level):
        best = _best_here(db, wanted, of, where, values, limit)
        if len(best) == limit:
            return best, None
    statement = f"{of.prefix} SELECT i.id FROM {of.tables} WHERE {where} ORDER BY {of.order} DESC, i.id DESC LIMIT ?"  # noqa: S608
    return [row[0] for row in db.execute(statement, (*values, limit))], None


def _all_at_once(db: Connection, of: Source, unseen: str, seen: Sequence[object], limit: int) -> tuple[list[int], int]:
    """Find all issues once, count them, and take the first."""
    with_ = f"{of.prefix}, " if of.prefix else "WITH "
    rows = db.execute(
        f"""{with_} matched (id, place) AS MATERIALIZED (
          SELECT i.id, {of.order} FROM {of.tables} LEFT JOIN issue_trends t ON t.issue = i.id WHERE {of.where})
        SELECT i.id, (SELECT count(*) FROM matched) FROM matched i
        WHERE TRUE{unseen} ORDER BY i.place DESC, i.id DESC LIMIT ?""",  # noqa: S608 (constants)
        (*of.values, *seen, limit),
    ).fetchall()
    return [row[0] for row in rows], rows[0][1] if rows else 0


def _trending(db: Connection, of: Source, where: str, values: tuple[Any, ...], limit: int) -> list[int]:
    ranked = f"SELECT i.id FROM issue_trends t CROSS JOIN {of.tables} WHERE i.id = t.issue AND {where}"  # noqa: S608
    statement = f"{of.prefix} {ranked} ORDER BY {of.order} DESC, t.issue DESC LIMIT ?"
    found = [row[0] for row in db.execute(statement, (*values, limit))]
    if len(found) < limit:  # those whose events wait to be counted for pages stand at the end
        is_unranked = "NOT EXISTS (SELECT 1 FROM issue_trends WHERE issue = i.id)"
        unranked = f"SELECT i.id FROM {of.tables} WHERE {is_unranked} AND {where} ORDER BY i.id DESC LIMIT ?"  # noqa: S608
        found += [row[0] for row in db.execute(f"{of.prefix} {unranked}", (*values, limit - len(found)))]
    return found


def _best_here(
    db: Connection, wanted: IssueQuery, of: Source, where: str, values: tuple[Any, ...], limit: int
) -> list[int]:
    """Read the first issues of an environment by its numbers alone, and only of these what else has to hold.

    Fewer than the limit say nothing: then all have to be looked at.
    """
    count = _BEST_SHARE * limit + (len(wanted.cursor.shown) if wanted.cursor is not None else 0)
    # Not by the index of environments: most issues have most of them, and a look for each row costs more than to
    # read all.
    rows = db.execute(
        f"""WITH best (issue) AS MATERIALIZED (
          SELECT e.issue FROM issue_environments e WHERE +e.environment = ?
          ORDER BY {of.order} DESC, e.issue DESC LIMIT ?)
        SELECT i.id FROM best CROSS JOIN {of.tables} WHERE i.id = best.issue AND {where}
        ORDER BY {of.order} DESC, i.id DESC LIMIT ?""",  # noqa: S608 (constants)
        (wanted.environment, count, *values, limit),
    )
    return [row[0] for row in rows]


def _last_seen_here(db: Connection, where: str, values: tuple[Any, ...], limit: int) -> list[int]:
    """Read issues in the order in which one environment saw them last, by the index of all environments.

    There an issue stands no later: none that follows was seen here after the one that is read.
    """
    newest: list[tuple[float, int]] = []
    for id_, last_seen, last_seen_here in db.execute(
        f"""SELECT i.id, i.last_seen, e.last_seen
        FROM issues i INDEXED BY issues_last_seen CROSS JOIN issue_environments e ON e.issue = i.id
        WHERE {where} ORDER BY i.last_seen DESC""",  # noqa: S608 (constants)
        values,
    ):
        if len(newest) < limit:
            heappush(newest, (last_seen_here, id_))
        elif last_seen < newest[0][0]:
            break
        else:
            heappushpop(newest, (last_seen_here, id_))
    return [id_ for _, id_ in sorted(newest, reverse=True)]
