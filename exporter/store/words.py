"""What free words are looked for in: what an issue is, what its events say, the values of tags, who was hit."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from errtally.exporter.store.retention import DAY_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from errtally.exporter.journal.records import IssueSeen
    from errtally.exporter.store.connection import Connection

MAX_TEXTS = 50
"""Texts of events by which one issue is found, the newest."""

MAX_PEOPLE = 2_000
"""Names of users by which one issue is found, those who were hit first."""

STEP_ROWS = 1_000
"""What one step lets go of: some milliseconds."""

_OWN = 0
_ALL = 2**62
"""A limit that is none, for an offset: PostgreSQL takes no -1."""
_HAS_EVENT = "SELECT EXISTS (SELECT 1 FROM samples WHERE issue = ?)"
_MAX_KNOWN = 20_000


class Words:
    """Keeps what is looked for current, within the transaction of the store's writer.

    Args:
        db: the store.
    """

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._written: dict[int, int] = {}

    def describe(self, issue: int, seen: IssueSeen) -> None:
        """Write what an issue is, when it is not what it was.

        Raises:
            ERRORS: the store can't be written.
        """
        what = (seen.type, seen.title, seen.pattern, seen.culprit)
        if self._written.get(issue) == (mark := hash(what)):
            return
        if len(self._written) >= _MAX_KNOWN:
            self._written.clear()
        self._written[issue] = mark
        self._db.execute(
            """INSERT INTO issue_texts (issue, mark, text) VALUES (?, ?, ?)
            ON CONFLICT (issue, mark) DO UPDATE SET text = excluded.text WHERE issue_texts.text <> excluded.text""",
            (issue, _OWN, "\n".join(what).casefold()),
        )

    def say(self, texts: Mapping[int, Mapping[str, float]]) -> None:
        """Write what events of issues say; of many texts of an issue the newest stay.

        Args:
            texts: by the numbers of their issues, with the moment at which each was said last, seconds since the epoch.

        Raises:
            ERRORS: the store can't be written.
        """
        rows = []
        for issue, said in texts.items():
            folded: dict[str, float] = {}
            for text, at in said.items():
                one = text.casefold()
                folded[one] = max(at, folded.get(one, at))
            rows += [(issue, _mark(text), text, at, DAY_SECONDS) for text, at in folded.items()]
        self._db.executemany(
            """INSERT INTO issue_texts (issue, mark, text, said) VALUES (?, ?, ?, ?)
            ON CONFLICT (issue, mark) DO UPDATE SET said = excluded.said WHERE excluded.said > issue_texts.said + ?""",
            rows,
        )
        self._db.executemany(
            """DELETE FROM issue_texts WHERE id IN (
              SELECT id FROM issue_texts WHERE issue = ? AND mark <> ? ORDER BY id DESC LIMIT ? OFFSET ?)""",
            [(issue, _OWN, _ALL, MAX_TEXTS) for issue, said in texts.items() if said],
        )

    def meet(self, issue: int, people: Mapping[int, float]) -> None:
        """Write who was hit.

        Args:
            issue: its number.
            people: keyed hashes of what users are called, with the moment at which each was hit last, seconds since the
                epoch.

        Raises:
            ERRORS: the store can't be written.
        """
        if not people:
            return
        (known,) = self._db.execute("SELECT count(*) FROM issue_people WHERE issue = ?", (issue,)).fetchone()
        room = max(MAX_PEOPLE - known, 0)
        self._db.executemany(
            "UPDATE issue_people SET met = ? WHERE person = ? AND issue = ? AND met < ?",
            [(at, person, issue, at - DAY_SECONDS) for person, at in people.items()],
        )
        self._db.executemany(
            "INSERT INTO issue_people (person, issue, met) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            [(person, issue, at) for person, at in people.items()][:room],
        )

    def note(self, values: Iterable[tuple[str, str]]) -> None:
        """Write tags and values that an issue did not have before.

        Raises:
            ERRORS: the store can't be written.
        """
        self._db.write_rows(
            "INSERT INTO tag_values (tag, value, folded) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            [(tag, value, value.casefold()) for tag, value in values],
        )

    def forget(self) -> None:
        """Forget what is known of the store: a transaction was rolled back."""
        self._written.clear()


def prune(db: Connection, before: float) -> None:
    """Let go of what was last said, and who was last hit, before a time: the events that told it are not kept either.

    Raises:
        ERRORS: the store can't be written.
    """
    db.execute(
        "DELETE FROM issue_texts WHERE id IN (SELECT id FROM issue_texts WHERE mark <> 0 AND said < ? LIMIT ?)",
        (before, STEP_ROWS),
    )
    db.execute(
        """DELETE FROM issue_people WHERE (person, issue) IN (
          SELECT person, issue FROM issue_people WHERE met < ? LIMIT ?)""",
        (before, STEP_ROWS),
    )


def forget_those_without_events(db: Connection, issues: Iterable[int]) -> None:
    """Let go of what events said, and who was hit, of those issues of which no event is kept any more.

    Raises:
        ERRORS: the store can't be written.
    """
    bare = [(issue,) for issue in issues if not db.execute(_HAS_EVENT, (issue,)).fetchone()[0]]
    db.executemany("DELETE FROM issue_texts WHERE issue = ? AND mark <> 0", bare)
    db.executemany("DELETE FROM issue_people WHERE issue = ?", bare)


def _mark(text: str) -> int:
    """Return 64 bits that stand for a text, other than what stands for the issue's own."""
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "big", signed=True) or 1
