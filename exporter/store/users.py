"""Sets of distinct users in the store, and the windows over them: a bounded cache in front of two tables.

Everything here happens in the writer's transaction. After one that failed, `forget` what it changed in memory.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from typing import TYPE_CHECKING

from errtally import names
from errtally.exporter.digest.users import SLOT_SECONDS, SPANS_SECONDS, UserSet

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from errtally.exporter.digest.buckets import SeriesKey
    from errtally.exporter.store.connection import Connection

CACHE_BYTES = 32 * 1024 * 1024
"""Sets that are held in memory; the others are read when they are added to."""

WINDOW_BYTES = 32 * 1024 * 1024
"""Windows that are held in memory; the others are counted anew from their slots."""

_KEPT_SECONDS = {
    span: max(names.USER_WINDOWS[window] for window, length in SPANS_SECONDS.items() if length == span)
    for span in SPANS_SECONDS.values()
}
"""Length of a slot to how far back slots of that length are of use."""

SetKey = tuple[str, int, int]
"""Whose users, as `issue_subject` and its like say; length in seconds and number of the slot, 0 without slots."""


def issue_subject(issue_id: int, environment: str) -> str:
    """Return what the set of an issue's users in one environment is called."""
    return f"issue {issue_id} {environment}"


def affected_subject(project: str, environment: str) -> str:
    """Return what the sets of users that any error hit are called; a project's name has no blanks."""
    return f"affected {project} {environment}"


class UserSets:
    """The sets of one store, for its writer."""

    def __init__(self, db: Connection, *, cache_bytes: int = CACHE_BYTES) -> None:
        self._db = db
        self._cache_bytes = cache_bytes
        self._cached_bytes = 0
        self._sets: OrderedDict[SetKey, tuple[int, UserSet, int]] = OrderedDict()
        self._windows: dict[tuple[str, str, str], tuple[int, UserSet | None]] = {}

    def forget(self) -> None:
        """Drop what is in memory: it may be ahead of the store."""
        self._sets.clear()
        self._windows.clear()
        self._cached_bytes = 0

    def add(self, key: SetKey, users: AbstractSet[int]) -> tuple[int, int]:
        """Add users to a set.

        Returns:
            How many it has now, and how many more than before.

        Raises:
            ERRORS: the store can't be written.
        """
        db, (set_id, kept, size) = self._db, self._set(key)
        before = kept.count()
        fresh = kept.add(users)
        if fresh:
            db.executemany(
                "INSERT INTO user_set_members VALUES (?, ?) ON CONFLICT DO NOTHING", [(set_id, user) for user in fresh]
            )
            if (sketch := kept.condense()) is not None:
                db.execute("UPDATE user_sets SET sketch = ? WHERE id = ?", (sketch, set_id))
                db.execute("DELETE FROM user_set_members WHERE set_id = ?", (set_id,))
        self._keep(key, set_id, kept, size)
        count = kept.count()
        return count, count - before

    def add_affected(
        self, affected: Mapping[tuple[str, str, int], AbstractSet[int]], now: float
    ) -> dict[SeriesKey, float]:
        """Add users that errors hit, by project, environment and slot.

        Returns:
            The series of ``users_affected`` that have other values now.

        Raises:
            ERRORS: the store can't be written.
        """
        by_span: defaultdict[SetKey, set[int]] = defaultdict(set)
        for (project, environment, slot), users in affected.items():
            for span, kept_seconds in _KEPT_SECONDS.items():
                longer = slot * SLOT_SECONDS // span
                if longer >= (now - kept_seconds) // span:
                    by_span[affected_subject(project, environment), span, longer] |= users
        for key, users in by_span.items():
            self.add(key, users)
        found: dict[SeriesKey, float] = {}
        for project, environment in {(project, environment) for project, environment, _ in affected}:
            subject = affected_subject(project, environment)
            for window, span in SPANS_SECONDS.items():
                first = _first_slot(window, now)
                begun, together = self._windows.get((project, environment, window), (-1, None))
                if together is None or begun != first:
                    together = self._measure(project, environment, window, first)
                else:
                    for (of, length, slot), users in by_span.items():
                        if of == subject and length == span and slot >= first:
                            together.absorb(users)
                found[names.USERS_AFFECTED.name, (project, environment, window), ""] = together.count()
        return found

    def slide(self, places: Iterable[tuple[str, str]], now: float) -> dict[SeriesKey, float]:
        """Move the windows on.

        Args:
            places: all projects and environments.
            now: seconds since the epoch.

        Returns:
            The series of ``users_affected`` whose window moved.

        Raises:
            ERRORS: the store can't be read.
        """
        found: dict[SeriesKey, float] = {}
        for project, environment in places:
            for window in SPANS_SECONDS:
                first = _first_slot(window, now)
                if self._windows.get((project, environment, window), (-1, None))[0] != first:
                    together = self._measure(project, environment, window, first)
                    found[names.USERS_AFFECTED.name, (project, environment, window), ""] = together.count()
        self._let_windows_go()
        return found

    def prune(self, now: float) -> None:
        """Remove the sets of slots that no window reaches any more.

        Raises:
            ERRORS: the store can't be written.
        """
        db = self._db
        for span, kept_seconds in _KEPT_SECONDS.items():
            old = (span, int((now - kept_seconds) // span))
            where = "span = ? AND slot < ?"
            db.execute(f"DELETE FROM user_set_members WHERE set_id IN (SELECT id FROM user_sets WHERE {where})", old)  # noqa: S608
            db.execute(f"DELETE FROM user_sets WHERE {where}", old)  # noqa: S608
            for key in [key for key in self._sets if key[1] == span and key[2] < old[1]]:
                self._cached_bytes -= self._sets.pop(key)[2]

    def _measure(self, project: str, environment: str, window: str, first: int) -> UserSet:
        """Put a window together from its slots."""
        subject, span = affected_subject(project, environment), SPANS_SECONDS[window]
        slots = self._db.execute(
            "SELECT slot FROM user_sets WHERE subject = ? AND span = ? AND slot >= ?", (subject, span, first)
        ).fetchall()
        together = UserSet.union(self._set((subject, span, slot))[1] for (slot,) in slots)
        self._windows[project, environment, window] = (first, together)
        return together

    def _let_windows_go(self) -> None:
        """Keep the windows in memory within their bounds."""
        held = sum(together.memory_bytes for _, together in self._windows.values() if together is not None)
        for key, (first, together) in self._windows.items():
            if held <= WINDOW_BYTES:
                break
            if together is not None:
                held -= together.memory_bytes
                self._windows[key] = (first, None)

    def _set(self, key: SetKey) -> tuple[int, UserSet, int]:
        """Find a set, in memory or in the store, or make it."""
        found = self._sets.get(key)
        if found is not None:
            self._sets.move_to_end(key)
            return found
        row = self._db.execute(
            "SELECT id, sketch FROM user_sets WHERE subject = ? AND span = ? AND slot = ?", key
        ).fetchone()
        if row is None:
            (set_id,) = self._db.execute(
                "INSERT INTO user_sets (subject, span, slot) VALUES (?, ?, ?) RETURNING id", key
            ).fetchone()
            return self._keep(key, set_id, UserSet(), 0)
        return self._keep(key, row[0], _read(self._db, row[0], row[1]), 0)

    def _keep(self, key: SetKey, set_id: int, kept: UserSet, before_bytes: int) -> tuple[int, UserSet, int]:
        size = kept.memory_bytes
        self._sets[key] = entry = (set_id, kept, size)
        self._cached_bytes += size - before_bytes
        while self._cached_bytes > self._cache_bytes and len(self._sets) > 1:
            _, (_, _, freed) = self._sets.popitem(last=False)
            self._cached_bytes -= freed
        return entry


def count_together(db: Connection, subjects: Iterable[str]) -> int:
    """Count the distinct users of several subjects that have no slots, such as issues that were merged.

    Raises:
        ERRORS: the store can't be read.
    """
    return UserSet.union(_sets_of(db, subjects)).count()


def _sets_of(db: Connection, subjects: Iterable[str]) -> Iterator[UserSet]:
    for subject in subjects:
        for set_id, sketch in db.execute(
            "SELECT id, sketch FROM user_sets WHERE subject = ? AND span = 0 AND slot = 0", (subject,)
        ).fetchall():
            yield _read(db, set_id, sketch)


def _read(db: Connection, set_id: int, sketch: bytes | None) -> UserSet:
    rows = db.execute('SELECT "user" FROM user_set_members WHERE set_id = ? ORDER BY "user"', (set_id,))
    return UserSet(sketch, (user for (user,) in rows))


def _first_slot(window: str, now: float) -> int:
    """Return the number of the oldest slot that a window reaches into."""
    return int((now - names.USER_WINDOWS[window]) // SPANS_SECONDS[window])
