"""Issues over time, and what their events have in common: bounded counts for the pages."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from errtally import names
from errtally.exporter.digest.changes import Spell
from errtally.exporter.store.trends import Trends
from errtally.exporter.store.waiting import Waiting
from errtally.exporter.store.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from errtally.exporter.digest.changes import IssueChange
    from errtally.exporter.store.connection import Connection
    from errtally.exporter.store.waiting import Count, Term

HOURS_KEPT = 14 * 24
"""Hours that are told apart; older ones become days."""

DAYS_KEPT = 366
MAX_TAGS = 40
"""Tags that are counted for one issue: clients' own, and those that follow from their contexts."""

MAX_VALUES = 20
"""Values of one tag that are told apart; the others are ``__other__``."""

OWN_TAGS = ("environment", "level", "release", "transaction")
"""Counted of all events; a client's tag of the same name is not counted beside them."""

FEW_ISSUES = 20
"""What a fold has of so many issues goes into its tables at once, unless something waits already."""

LATEST_SECONDS = 5.0
"""While events come without a pause, the counts of pages are so old at most; in the first pause they are brought in."""

MAX_WAITING = 30_000
"""Issues whose counts wait; beyond, they are brought in earlier."""

_MAX_KNOWN = 5_000
_OF_EVENTS, _OF_TAG = 5, 2
"""How long the terms are by which events and a client's tag are counted; that of new users is between."""


class ActivityWriter:
    """Adds changes of issues up, within the transaction of the store's writer.

    Args:
        db: the store.
    """

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._known: dict[int, dict[str, set[str]]] = {}
        self._words = Words(db)
        self._trends = Trends(db)
        self._waiting: Waiting | None = None
        self._settled = float("-inf")

    @property
    def is_waiting(self) -> bool:
        """Whether there are counts that are not in their tables."""
        return self._waiting is not None and bool(self._waiting.issues)

    def apply(self, issues: Iterable[IssueChange], new_users: Mapping[tuple[int, str], int], now: float) -> None:
        """Add the events of a fold to their issues: at once, or with those of the next folds when they are many.

        Args:
            issues: the changes; with none, what waits is brought in.
            new_users: issue and environment to users that were not seen with it there before; they count in the hour of
                the environment's newest event.
            now: seconds of a clock that only goes forward.

        Raises:
            ERRORS: the store can't be read or written.
        """
        if self._waiting is None:
            self._waiting = Waiting(self._db)
        waiting = self._waiting
        first = len(waiting.terms)
        counts: dict[int, dict[int, Count]] = {}
        texts: dict[int, Mapping[str, float]] = {}
        for issue in issues:
            if not issue.seen_in:
                continue
            if issue.seen is not None:
                self._words.describe(issue.id, issue.seen)
            if issue.texts:
                texts[issue.id] = issue.texts
            self._words.meet(issue.id, issue.people)
            fresh = counts[issue.id] = {
                waiting.number(seen): (spell.events, spell.first, spell.last) for seen, spell in issue.seen_in.items()
            }
            for tag, spell in issue.tags.items():
                if tag[0] not in OWN_TAGS:
                    fresh[waiting.number(tag)] = (spell.events, spell.first, spell.last)
            for environment in issue.environments:
                if users := new_users.get((issue.id, environment)):
                    newest = max(hour for hour, place, *_ in issue.seen_in if place == environment)
                    fresh[waiting.number((newest, environment, ""))] = (users, 0.0, 0.0)
        self._words.say(texts)
        is_due = now - self._settled >= LATEST_SECONDS or len(waiting.issues) + len(counts) > MAX_WAITING
        is_calm = not waiting.issues and len(counts) <= FEW_ISSUES
        if counts and not is_due and not is_calm:
            waiting.keep(counts, first)
        elif taken := waiting.take(counts):
            self._bring_in(taken, waiting.terms)
            waiting.clear_terms()
            self._settled = self._settled if is_calm else now

    def _bring_in(self, counts: Mapping[int, Mapping[int, Count]], terms: Sequence[Term]) -> None:
        """Add counts to the tables, issue by issue, so that rows that lie together are written together."""
        all_hours: list[tuple[int, int, str, int, int]] = []
        all_tags: list[tuple[int, str, str, int, float, float]] = []
        new_values: set[tuple[str, str]] = set()
        for issue in sorted(counts):
            hours: defaultdict[int, int] = defaultdict(int)
            places: defaultdict[tuple[int, str], int] = defaultdict(int)
            users: dict[tuple[int, str], int] = {}
            tags: dict[tuple[str, str], Spell] = {}
            for number, (count, first, last) in counts[issue].items():
                term: Any = terms[number]
                if len(term) == _OF_EVENTS:
                    hours[term[0]] += count
                    places[term[0], term[1]] += count
                    for tag, value in zip(OWN_TAGS, term[1:], strict=True):
                        if value:
                            _count(tags, (tag, value), Spell(first, last, count))
                elif len(term) == _OF_TAG:
                    _count(tags, term, Spell(first, last, count))
                else:
                    users[term[0], term[1]] = count
            self._trends.add(issue, hours)
            all_hours += [(issue, *place, events, users.get(place, 0)) for place, events in places.items()]
            bounded: dict[tuple[str, str], Spell] = {}
            for (tag, value), counted in tags.items():
                if (admitted := self._admit(issue, tag, value, new_values)) is not None:
                    _count(bounded, (tag, admitted), counted)
            all_tags += [(issue, *key, one.events, one.first, one.last) for key, one in bounded.items()]
        self._trends.flush()
        self._words.note(sorted(new_values))
        self._db.write_rows(
            """INSERT INTO issue_hours VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (issue, hour, environment) DO UPDATE SET events = issue_hours.events + excluded.events,
              users = issue_hours.users + excluded.users""",
            all_hours,
        )
        self._db.write_rows(
            """INSERT INTO issue_tags VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (issue, tag, value) DO UPDATE SET events = issue_tags.events + excluded.events,
              first_seen = min(issue_tags.first_seen, excluded.first_seen),
              last_seen = max(coalesce(issue_tags.last_seen, 0), excluded.last_seen)""",
            all_tags,
        )

    def forget(self) -> None:
        """Forget what is known of the store: a transaction was rolled back."""
        self._known.clear()
        self._words.forget()
        self._trends.forget()
        self._waiting = None

    def _admit(self, issue: int, tag: str, value: str, new: set[tuple[str, str]]) -> str | None:
        """Return the value under which a tag's value counts, None when the issue has as many tags as it may.

        What the issue did not have before is added to ``new``.
        """
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
            new.add((tag, value))
        values.add(value)
        return value


def _count(counted: dict[tuple[str, str], Spell], key: tuple[str, str], more: Spell) -> None:
    known = counted.get(key)
    if known is None:
        counted[key] = Spell(more.first, more.last, more.events)
    else:
        known.absorb(more)


def prune(db: Connection, now: float) -> None:
    """Make days of old hours, and forget old days.

    Raises:
        ERRORS: the store can't be written.
    """
    before = int(now // 86400) * 24 - HOURS_KEPT
    if db.execute("SELECT 1 FROM issue_hours WHERE hour < ? LIMIT 1", (before,)).fetchone() is not None:
        db.execute("BEGIN IMMEDIATE")
        db.execute(
            """INSERT INTO issue_days SELECT issue, hour / 24, environment, sum(events), sum(users) FROM issue_hours
            WHERE hour < ? GROUP BY issue, hour / 24, environment
            ON CONFLICT (issue, day, environment) DO UPDATE SET events = issue_days.events + excluded.events,
              users = issue_days.users + excluded.users""",
            (before,),
        )
        db.execute("DELETE FROM issue_hours WHERE hour < ?", (before,))
        db.execute("COMMIT")
    db.execute("DELETE FROM issue_days WHERE day < ?", (int(now // 86400) - DAYS_KEPT,))


def hours(
    db: Connection, issues: Sequence[int], since_hour: int, environment: str | None = None
) -> dict[int, tuple[int, int]]:
    """Return events and new users of issues together by hour since the epoch; hours without events are not there.

    Args:
        db: the store.
        issues: their numbers.
        since_hour: the first hour.
        environment: only of this one.

    Raises:
        ERRORS: the store can't be read.
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
    db: Connection, issues: Sequence[int], since_day: int, environment: str | None = None
) -> dict[int, tuple[int, int]]:
    """Return events and new users of issues together by day since the epoch, also of hours that are no days yet.

    Args:
        db: the store.
        issues: their numbers.
        since_day: the first day.
        environment: only of this one.

    Raises:
        ERRORS: the store can't be read.
    """
    marks = ", ".join("?" * len(issues))
    rows = db.execute(
        f"""SELECT day, sum(events), sum(users) FROM (
          SELECT day, events, users FROM issue_days
          WHERE issue IN ({marks}) AND day >= ? AND environment = coalesce(?, environment)
          UNION ALL
          SELECT hour / 24, events, users FROM issue_hours
          WHERE issue IN ({marks}) AND hour >= ? AND environment = coalesce(?, environment)
        ) counted GROUP BY day ORDER BY day""",  # noqa: S608 (marks only)
        (*issues, since_day, environment, *issues, since_day * 24, environment),
    )
    return {day: (events, users) for day, events, users in rows}


def tags(db: Connection, issues: Sequence[int]) -> dict[str, list[tuple[str, int]]]:
    """Return what events of issues have in common: the exporter's own tags first, then the clients' by events.

    Returns:
        Tag to values and their events, most events first. Of clients' tags only events that were kept whole count.

    Raises:
        ERRORS: the store can't be read.
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


def tag_times(db: Connection, issues: Sequence[int]) -> dict[tuple[str, str], tuple[float | None, float | None]]:
    """Return when tags' values were first and last seen with issues, seconds since the epoch.

    Returns:
        Tag and value to both; None where an older version of errtally counted events without their times.

    Raises:
        ERRORS: the store can't be read.
    """
    marks = ", ".join("?" * len(issues))
    rows = db.execute(
        f"""SELECT tag, value, CASE WHEN count(first_seen) = count(*) THEN min(first_seen) END, max(last_seen)
        FROM issue_tags WHERE issue IN ({marks}) GROUP BY tag, value""",  # noqa: S608 (marks only)
        tuple(issues),
    )
    return {(tag, value): (first, last) for tag, value, first, last in rows}
