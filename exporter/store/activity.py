"""Issues over time, and what their events have in common: bounded counts for the pages."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from errtally import names
from errtally.exporter.digest.changes import Spell
from errtally.exporter.store.trends import Trends
from errtally.exporter.store.words import Words

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from errtally.exporter.digest.changes import IssueChange

HOURS_KEPT = 14 * 24
"""Hours that are told apart; older ones become days."""

DAYS_KEPT = 366
MAX_TAGS = 20
"""Tags that are counted for one issue."""

MAX_VALUES = 20
"""Values of one tag that are told apart; the others are ``__other__``."""

OWN_TAGS = ("environment", "level", "release", "transaction")
"""Counted of all events; a client's tag of the same name is not counted beside them."""

_MAX_KNOWN = 5_000


class ActivityWriter:
    """Adds changes of issues up, within the transaction of the store's writer.

    Args:
        db: the store.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._known: dict[int, dict[str, set[str]]] = {}
        self._words = Words(db)
        self._trends = Trends(db)

    def apply(self, issue: IssueChange, new_users: Mapping[str, int]) -> None:
        """Add the events of a fold to an issue.

        Args:
            issue: its change.
            new_users: environments to users that were not seen with it there before; they count in the hour of the
                environment's newest event.

        Raises:
            sqlite3.Error: the store can't be written.
        """
        if not issue.seen_in:
            return
        if issue.seen is not None:
            self._words.describe(issue.id, issue.seen)
        hours: defaultdict[int, int] = defaultdict(int)
        places: defaultdict[tuple[str, int], int] = defaultdict(int)
        tags: dict[tuple[str, str], Spell] = {}
        for (hour, *values), spell in issue.seen_in.items():
            hours[hour] += spell.events
            places[values[0], hour] += spell.events
            for tag, value in zip(OWN_TAGS, values, strict=True):
                if value:
                    _count(tags, (tag, value), spell)
        for key, spell in issue.tags.items():
            if key[0] not in OWN_TAGS:
                _count(tags, key, spell)
        newest = dict(sorted(places))  # of each environment its last hour
        self._trends.add(issue.id, hours)
        self._db.executemany(
            """INSERT INTO issue_hours VALUES (?, ?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET events = events + excluded.events, users = users + excluded.users""",
            [
                (issue.id, hour, place, events, new_users.get(place, 0) if newest[place] == hour else 0)
                for (place, hour), events in places.items()
            ],
        )
        bounded: dict[tuple[str, str], Spell] = {}
        for (tag, value), counted in tags.items():
            if (admitted := self._admit(issue.id, tag, value)) is not None:
                _count(bounded, (tag, admitted), counted)
        self._db.executemany(
            """INSERT INTO issue_tags VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET events = events + excluded.events,
              first_seen = min(first_seen, excluded.first_seen),
              last_seen = max(coalesce(last_seen, 0), excluded.last_seen)""",
            [(issue.id, *key, one.events, one.first, one.last) for key, one in bounded.items()],
        )
        self._words.flush(issue.id)

    def forget(self) -> None:
        """Forget what is known of the store: a transaction was rolled back."""
        self._known.clear()
        self._words.forget()
        self._trends.forget()

    def _admit(self, issue: int, tag: str, value: str) -> str | None:
        """Return the value under which a tag's value counts, None when the issue has as many tags as it may."""
        known = self._known.get(issue)
        if known is None:
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            known = self._known[issue] = {}
            for name, there in self._db.execute("SELECT tag, value FROM issue_tags WHERE issue = ?", (issue,)):
                known.setdefault(name, set()).add(there)
        values = known.get(tag)
        if values is None:
            if len(known) >= MAX_TAGS + len(OWN_TAGS):
                return None
            values = known[tag] = set()
        if value in values:
            return value
        if len(values) >= MAX_VALUES:
            value = names.OTHER
        else:
            self._words.note(tag, value)
        values.add(value)
        return value


def _count(counted: dict[tuple[str, str], Spell], key: tuple[str, str], more: Spell) -> None:
    known = counted.get(key)
    if known is None:
        counted[key] = Spell(more.first, more.last, more.events)
    else:
        known.absorb(more)


def prune(db: sqlite3.Connection, now: float) -> None:
    """Make days of old hours, and forget old days.

    Raises:
        sqlite3.Error: the store can't be written.
    """
    before = int(now // 86400) * 24 - HOURS_KEPT
    if db.execute("SELECT 1 FROM issue_hours WHERE hour < ? LIMIT 1", (before,)).fetchone() is not None:
        db.execute("BEGIN IMMEDIATE")
        db.execute(
            """INSERT INTO issue_days SELECT issue, hour / 24, environment, sum(events), sum(users) FROM issue_hours
            WHERE hour < ? GROUP BY issue, hour / 24, environment
            ON CONFLICT DO UPDATE SET events = events + excluded.events, users = users + excluded.users""",
            (before,),
        )
        db.execute("DELETE FROM issue_hours WHERE hour < ?", (before,))
        db.execute("COMMIT")
    db.execute("DELETE FROM issue_days WHERE day < ?", (int(now // 86400) - DAYS_KEPT,))


def hours(
    db: sqlite3.Connection, issues: Sequence[int], since_hour: int, environment: str | None = None
) -> dict[int, tuple[int, int]]:
    """Return events and new users of issues together by hour since the epoch; hours without events are not there.

    Args:
        db: the store.
        issues: their numbers.
        since_hour: the first hour.
        environment: only of this one.

    Raises:
        sqlite3.Error: the store can't be read.
    """
    marks = ", ".join("?" * len(issues))
    rows = db.execute(
        f"""SELECT hour, sum(events), sum(users) FROM issue_hours
        WHERE issue IN ({marks}) AND hour >= ? AND environment = coalesce(?, environment)
        GROUP BY hour ORDER BY hour""",  # noqa: S608 (marks only)
        (*issues, since_hour, environment),
    )
    return {hour: (events, users) for hour, events, users in rows}


def days(
    db: sqlite3.Connection, issues: Sequence[int], since_day: int, environment: str | None = None
) -> dict[int, tuple[int, int]]:
    """Return events and new users of issues together by day since the epoch, also of hours that are no days yet.

    Args:
        db: the store.
        issues: their numbers.
        since_day: the first day.
        environment: only of this one.

    Raises:
        sqlite3.Error: the store can't be read.
    """
    marks = ", ".join("?" * len(issues))
    rows = db.execute(
        f"""SELECT day, sum(events), sum(users) FROM (
          SELECT day, events, users FROM issue_days
          WHERE issue IN ({marks}) AND day >= ? AND environment = coalesce(?, environment)
          UNION ALL
          SELECT hour / 24, events, users FROM issue_hours
          WHERE issue IN ({marks}) AND hour >= ? AND environment = coalesce(?, environment)
        ) GROUP BY day ORDER BY day""",  # noqa: S608 (marks only)
        (*issues, since_day, environment, *issues, since_day * 24, environment),
    )
    return {day: (events, users) for day, events, users in rows}


def tags(db: sqlite3.Connection, issues: Sequence[int]) -> dict[str, list[tuple[str, int]]]:
    """Return what events of issues have in common: the exporter's own tags first, then the clients' by events.

    Returns:
        Tag to values and their events, most events first. Of clients' tags only events that were kept whole count.

    Raises:
        sqlite3.Error: the store can't be read.
    """
    marks = ", ".join("?" * len(issues))
    found: dict[str, list[tuple[str, int]]] = {}
    for tag, value, events in db.execute(
        f"""SELECT tag, value, sum(events) AS n FROM issue_tags WHERE issue IN ({marks})
        GROUP BY tag, value ORDER BY n DESC, value""",  # noqa: S608 (marks only)
        tuple(issues),
    ):
        found.setdefault(tag, []).append((value, events))
    own = {tag: found.pop(tag) for tag in OWN_TAGS if tag in found}
    return own | dict(sorted(found.items(), key=lambda item: (-sum(n for _, n in item[1]), item[0])))


def tag_times(
    db: sqlite3.Connection, issues: Sequence[int]
) -> dict[tuple[str, str], tuple[float | None, float | None]]:
    """Return when tags' values were first and last seen with issues, seconds since the epoch.

    Returns:
        Tag and value to both; None where an older version of errtally counted events without their times.

    Raises:
        sqlite3.Error: the store can't be read.
    """
    marks = ", ".join("?" * len(issues))
    rows = db.execute(
        f"""SELECT tag, value, CASE WHEN count(first_seen) = count(*) THEN min(first_seen) END, max(last_seen)
        FROM issue_tags WHERE issue IN ({marks}) GROUP BY tag, value""",  # noqa: S608 (marks only)
        tuple(issues),
    )
    return {(tag, value): (first, last) for tag, value, first, last in rows}
