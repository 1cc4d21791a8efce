"""What only pages count of an issue, while events come without a pause: added up before it goes into its tables.

In a storm most folds touch the same issues, and each issue has a dozen rows of hours and tags. So a fold writes one
row of its own with what happened, in its own transaction, and the tables take the sum of many folds. Nothing is lost
when the process ends: the rows are read again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from errtally.exporter.store.connection import Connection

Term = tuple[str | int, ...]
"""By what is counted: hour, environment, level, release and transaction; tag and value; hour, environment and "" of new
users."""

Count = tuple[int, float, float]
"""How many, and when the first and the last of them happened; of new users the number alone says something."""

_Row = tuple[int, list[Term], dict[int, dict[int, Count]]]
"""The first number of new terms, these terms, and issues to the numbers of terms to counts."""

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[_Row] = msgspec.msgpack.Decoder(_Row)


class Waiting:
    """Counts that wait, within the transactions of the store's writer.

    Args:
        db: the store.

    Attributes:
        issues: issues to the numbers of terms to counts.
        terms: the terms by their numbers.
    """

    def __init__(self, db: Connection) -> None:
        self._db = db
        self.issues: dict[int, dict[int, Count]] = {}
        self.terms: list[Term] = []
        self._numbers: dict[Term, int] = {}
        self._has_rows = False
        for (row,) in db.execute("SELECT counts FROM issue_counts ORDER BY id"):
            first, terms, counts = _decoder.decode(row)
            for number, term in enumerate(terms, first):
                self._numbers[term] = number
            self.terms += terms
            self._add(counts)
            self._has_rows = True

    def number(self, term: Term) -> int:
        """Return the number of a term."""
        known = self._numbers.get(term)
        if known is None:
            known = self._numbers[term] = len(self.terms)
            self.terms.append(term)
        return known

    def keep(self, counts: dict[int, dict[int, Count]], first: int) -> None:
        """Have counts wait.

        Args:
            counts: issues to the numbers of terms to counts.
            first: how many terms there were before they were counted.

        Raises:
            ERRORS: the store can't be written.
        """
        row = _encoder.encode((first, self.terms[first:], counts))
        self._db.execute("INSERT INTO issue_counts (counts) VALUES (?)", (row,))
        self._has_rows = True
        self._add(counts)

    def take(self, counts: dict[int, dict[int, Count]]) -> dict[int, dict[int, Count]]:
        """Return all that waits together with further counts; nothing waits any more.

        Raises:
            ERRORS: the store can't be written.
        """
        self._add(counts)
        taken, self.issues = self.issues, {}
        if self._has_rows:
            self._db.execute("DELETE FROM issue_counts")
            self._has_rows = False
        return taken

    def clear_terms(self) -> None:
        """Forget the terms; nothing may wait."""
        self.terms = []
        self._numbers = {}

    def _add(self, counts: dict[int, dict[int, Count]]) -> None:
        for issue, fresh in counts.items():
            known = self.issues.get(issue)
            if known is None:
                self.issues[issue] = fresh
            else:
                for number, (count, first, last) in fresh.items():
                    before = known.get(number)
                    known[number] = (
                        (count, first, last)
                        if before is None
                        else (before[0] + count, min(before[1], first), max(before[2], last))
                    )
