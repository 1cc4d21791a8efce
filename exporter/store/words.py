"""What free words are looked for in: one text an issue, so that a search reads little and needs no index."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

    from errtally.exporter.journal.records import IssueSeen

UNSEARCHED_TAGS = frozenset({"environment", "level"})
"""Half of all issues have the same values; they have keys of their own."""

_MAX_KNOWN = 20_000


class Words:
    """Keeps the texts current, within the transaction of the store's writer.

    Args:
        db: the store.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._written: dict[int, int] = {}
        self._own: str | None = None
        self._new: list[str] = []

    def describe(self, issue: int, seen: IssueSeen) -> None:
        """Say what an issue is; written with `flush`, when it is not what it was."""
        what = (seen.type, seen.title, seen.pattern, seen.culprit)
        if self._written.get(issue) == (mark := hash(what)):
            return
        if len(self._written) >= _MAX_KNOWN:
            self._written.clear()
        self._written[issue] = mark
        self._own = "\n".join(what).casefold()

    def note(self, tag: str, value: str) -> None:
        """Remember a tag's value that the issue at hand did not have; written with `flush`."""
        if tag not in UNSEARCHED_TAGS:
            self._new.append("\n" + value.casefold())

    def flush(self, issue: int) -> None:
        """Write what was said of the issue at hand.

        Raises:
            sqlite3.Error: the store can't be written.
        """
        if self._own is None and not self._new:
            return
        self._db.execute(
            """INSERT INTO issue_words VALUES (:issue, coalesce(:own, ''), :new)
            ON CONFLICT DO UPDATE SET own = coalesce(:own, own), tags = tags || :new""",
            {"issue": issue, "own": self._own, "new": "".join(self._new)},
        )
        self._own = None
        self._new.clear()

    def forget(self) -> None:
        """Forget what is known of the store: a transaction was rolled back."""
        self._written.clear()
        self._own = None
        self._new.clear()
