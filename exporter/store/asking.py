"""What the store has to say of a query before it is put: which tags there are, which releases come when, who is who."""

from __future__ import annotations

import operator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from errtally.exporter.digest import people, releases
from errtally.exporter.search import texts
from errtally.exporter.search.conditions import AnyOf, Has, Person, ReleaseOrder, Tag, Term, Wording, Words
from errtally.exporter.search.query import FIELDS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from errtally.exporter.search.conditions import Condition

COMMON_TEXTS = 3_000
"""What so many texts have is met soon whatever is looked at first."""

SAMPLED_TEXTS, COMMON_SHARE = 1_000, 50
"""A text without an index is common where one in so many of the newest texts has it."""

_COMPARE = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}


@dataclass(frozen=True, slots=True)
class Notice:
    """What a person should know of a term.

    Attributes:
        text: a sentence.
        name: the key that nothing has.
        key: the one that was meant perhaps; "" without one.
    """

    text: str
    name: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A query as it can be put.

    Attributes:
        terms: with everything in them that only the store knew.
        notices: what to say of them.
    """

    terms: tuple[Term, ...]
    notices: tuple[Notice, ...] = ()


def ask(db: sqlite3.Connection, terms: Sequence[Term], key: bytes = b"", *, is_in_order: bool = False) -> Asked:
    """Make a query ready.

    Args:
        db: the store.
        terms: of the query.
        key: the installation's, by which users are hashed.
        is_in_order: whether issues are looked at in an order that an index has, until there are enough.

    Raises:
        sqlite3.Error: the store can't be read.
    """
    narrowed = any(
        isinstance(term.condition, Words | Person) and not term.is_negated and not _is_short(term.condition)
        for term in terms
    )
    asking = _Asking(db, key, is_in_order=is_in_order, is_narrowed=narrowed)
    ready = tuple(Term(asking.ready(term.condition), term.is_negated) for term in terms)
    return Asked(ready, tuple(dict.fromkeys(asking.notices)))


def tag_names(db: sqlite3.Connection) -> list[str]:
    """Return the names of tags that events have, in order.

    Raises:
        sqlite3.Error: the store can't be read.
    """
    rows = db.execute(
        """WITH RECURSIVE one (tag) AS (
          SELECT min(tag) FROM tag_values
          UNION ALL
          SELECT (SELECT min(tag) FROM tag_values WHERE tag > one.tag) FROM one WHERE one.tag IS NOT NULL
        ) SELECT tag FROM one WHERE tag IS NOT NULL"""
    )
    return [row[0] for row in rows]


def tag_values(db: sqlite3.Connection, tag: str, beginning: str, limit: int) -> list[str]:
    """Return values of a tag that begin so, whatever the case, in order.

    Raises:
        sqlite3.Error: the store can't be read.
    """
    folded = beginning.casefold()
    rows = db.execute(
        "SELECT value FROM tag_values WHERE tag = ? AND folded >= ? AND folded < ? ORDER BY folded LIMIT ?",
        (tag, folded, folded + "\U0010ffff", limit),
    )
    return [row[0] for row in rows]


def _is_short(what: Words | Person) -> bool:
    """Whether a text has no three characters in a row, which an index has."""
    return isinstance(what, Words) and not texts.trigrams([part.casefold() for part in what.text.parts])


class _Asking:
    def __init__(self, db: sqlite3.Connection, key: bytes, *, is_in_order: bool, is_narrowed: bool) -> None:
        self._db = db
        self._key = key
        self._is_in_order = is_in_order
        self._is_narrowed = is_narrowed
        self.notices: list[Notice] = []

    def ready(self, what: Condition) -> Condition:
        if isinstance(what, AnyOf):
            return AnyOf(tuple(self.ready(one) for one in what.conditions))
        if isinstance(what, Person):
            return replace(what, hashes=tuple(people.hashed(kind, what.name, self._key) for kind in what.kinds))
        if isinstance(what, ReleaseOrder):
            return self._ordered(what)
        if isinstance(what, Words):
            return replace(what, is_common=self._is_common(what))
        if isinstance(what, Tag | Has):
            known = self._db.execute("SELECT 1 FROM tag_values WHERE tag = ? LIMIT 1", (what.name,)).fetchone()
            return what if known is not None else self._unknown(what)
        return what

    def _is_common(self, what: Words) -> bool:
        """Whether issues are looked at one by one for a text, rather than all texts for it."""
        parts = [part.casefold() for part in what.text.parts]
        if _is_short(what):  # the "of" of a title: no index knows it, and many have it
            if self._is_narrowed or not self._is_in_order:
                return self._is_narrowed
            newest = "SELECT text FROM issue_texts ORDER BY id DESC LIMIT ?"
            (count,) = self._db.execute(
                f"SELECT count(*) FROM ({newest}) WHERE text LIKE ? ESCAPE '\\'",  # noqa: S608 (a constant)
                (SAMPLED_TEXTS, f"%{texts.pattern(parts)}%"),
            ).fetchone()
            return bool(count * COMMON_SHARE >= SAMPLED_TEXTS)
        if not self._is_in_order:
            return False
        (count,) = self._db.execute(
            """SELECT count(*) FROM (
              SELECT rowid FROM issue_text_trigrams WHERE issue_text_trigrams MATCH ? LIMIT ?)""",
            (texts.matching(texts.trigrams(parts)), COMMON_TEXTS),
        ).fetchone()
        return bool(count == COMMON_TEXTS)

    def _unknown(self, what: Tag | Has) -> Condition:
        keys = [*FIELDS, *tag_names(self._db)]
        folded = {key.casefold(): key for key in keys}
        close = get_close_matches(what.name.casefold(), folded, n=1, cutoff=0.7)
        meant = folded[close[0]] if close else ""
        if isinstance(what, Has) or what.is_sure:
            self.notices.append(Notice(f"No event has a tag {what.name!r}.", what.name, meant))
            return what
        text = Wording((f"{what.name}:{what.text.parts[0]}", *what.text.parts[1:]))
        self.notices.append(
            Notice(
                f"No event has a tag {what.name!r}, so {'*'.join(text.parts)!r} is looked for as a text.",
                what.name,
                meant,
            )
        )
        return self.ready(Words(text))

    def _ordered(self, what: ReleaseOrder) -> ReleaseOrder:
        by_project: dict[str, dict[str, releases.Release]] = {}
        for project, release, number, rank in self._db.execute("SELECT project, release, number, rank FROM releases"):
            by_project.setdefault(project, {})[release] = releases.Release(release, number, rank)
        among = tuple(
            (project, release) for project, known in by_project.items() for release in _on_side(known, what)
        )  # fmt: skip
        if not among:
            self.notices.append(Notice(f"No release is {what.operator} {what.release!r}, as far as it can be told."))
        return replace(what, among=among)


def _on_side(known: dict[str, releases.Release], what: ReleaseOrder) -> Iterator[str]:
    """Yield the releases of a project that stand where it is asked for."""
    is_so, wanted = _COMPARE[what.operator], releases.parse(what.release)
    if wanted.key is None:  # such as a commit: the order of appearance tells, if anything does
        named = known.get(what.release)
        yield from (one.release for one in known.values() if named is not None and is_so(one.place, named.place))
        return
    package, kind = wanted.series
    for release in known:
        name = releases.parse(release)
        # "1.4" stands for "shop@1.4" as well: nobody types the package in a list of one project.
        is_of_series = name.series[1] == kind and package in {"", name.series[0]}
        if is_of_series and name.key is not None and is_so(name.key, wanted.key):
            yield release
