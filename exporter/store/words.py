"""What free words are looked for in: what an issue is, what its events say, the values of tags, who was hit."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from errtally.exporter.journal.records import IssueSeen

MAX_TEXTS = 50
"""Texts of events by which one issue is found, the newest."""

MAX_PEOPLE = 2_000
"""Names of users by which one issue is found, those who were hit first."""

_OWN = 0
_MAX_KNOWN = 20_000


class Words:
    """Keeps what is looked for current, within the transaction of the store's writer.

    Args:
        db: the store.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._written: dict[int, int] = {}

    def describe(self, issue: int, seen: IssueSeen) -> None:
        """Write what an issue is, when it is not what it was.

        Raises:
            sqlite3.Error: the store can't be written.
        """
        what = (seen.type, seen.title, seen.pattern, seen.culprit)
        if self._written.get(issue) == (mark := hash(what)):
            return
        if len(self._written) >= _MAX_KNOWN:
            self._written.clear()
        self._written[issue] = mark
        self._db.execute(
            """INSERT INTO issue_texts (issue, mark, text) VALUES (?, ?, ?)
            ON CONFLICT DO UPDATE SET text = excluded.text WHERE text <> excluded.text""",
            (issue, _OWN, "\n".join(what).casefold()),
        )

    def say(self, issue: int, texts: Iterable[str]) -> None:
        """Write what events of an issue say; of many texts the newest stay.

        Raises:
            sqlite3.Error: the store can't be written.
        """
        folded = dict.fromkeys(text.casefold() for text in texts)
        if not folded:
            return
        self._db.executemany(
            "INSERT OR IGNORE INTO issue_texts (issue, mark, text) VALUES (?, ?, ?)",
            [(issue, _mark(text), text) for text in folded],
        )
        self._db.execute(
            """DELETE FROM issue_texts WHERE id IN (
              SELECT id FROM issue_texts WHERE issue = ? AND mark <> ? ORDER BY id DESC LIMIT -1 OFFSET ?)""",
            (issue, _OWN, MAX_TEXTS),
        )

    def meet(self, issue: int, people: Iterable[int]) -> None:
        """Write who was hit: keyed hashes of what users are called.

        Raises:
            sqlite3.Error: the store can't be written.
        """
        wanted = [(person, issue) for person in people]
        if not wanted:
            return
        (known,) = self._db.execute("SELECT count(*) FROM issue_people WHERE issue = ?", (issue,)).fetchone()
        room = max(MAX_PEOPLE - known, 0)
        self._db.executemany("INSERT OR IGNORE INTO issue_people VALUES (?, ?)", wanted[:room])

    def note(self, values: Iterable[tuple[str, str]]) -> None:
        """Write tags and values that an issue did not have before.

        Raises:
            sqlite3.Error: the store can't be written.
        """
        self._db.executemany(
            "INSERT OR IGNORE INTO tag_values (tag, value, folded) VALUES (?, ?, ?)",
            [(tag, value, value.casefold()) for tag, value in values],
        )

    def forget(self) -> None:
        """Forget what is known of the store: a transaction was rolled back."""
        self._written.clear()


def _mark(text: str) -> int:
    """Return 64 bits that stand for a text, other than what stands for the issue's own."""
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "big", signed=True) or 1
