"""What the store has to say of a query before it is put: which tags there are, which releases come when, who is who."""

from __future__ import annotations

import operator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from math import prod
from typing import TYPE_CHECKING

from errtally.exporter.digest import people, releases
from errtally.exporter.search import sql, texts
from errtally.exporter.search.conditions import (
    AnyOf,
    Has,
    Identity,
    LatestRelease,
    Person,
    ReleaseOrder,
    Tag,
    Term,
    Wording,
    Words,
)
from errtally.exporter.search.query import FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from errtally.exporter.search.conditions import Condition
    from errtally.exporter.store.connection import Connection

COMMON = 3_000
"""Of a word or a tag that so many texts or issues have, it is no more counted how many."""

SAMPLED_TEXTS = 1_000
"""Texts by which it is guessed how many of all have a common word, the newest."""

_MUCH_COMMONER = 4
"""What so many times more issues have than the rarest part of a query is looked for in those that have that."""

_ENOUGH = 50
"""Issues that a list is read for."""

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
class PlannedQuery:
    """A query as it can be put.

    Attributes:
        terms: with everything in them that only the store knew.
        notices: what to say of them.
        is_narrow: whether a part of it leaves so few issues that all of them are looked at.
        is_each: whether issues are looked at one by one, in the list's order, for what many have.
    """

    terms: tuple[Term, ...]
    notices: tuple[Notice, ...] = ()
    is_narrow: bool = False
    is_each: bool = False


def ask(db: Connection, terms: Sequence[Term], key: bytes = b"", *, is_in_order: bool = False) -> PlannedQuery:
    """Make a query ready.

    Args:
        db: the store.
        terms: of the query.
        key: the installation's, by which users are hashed.
        is_in_order: whether issues are looked at in an order that an index has, until there are enough.

    Raises:
        ERRORS: the store can't be read.
    """
    asking = _Asking(db, key)
    ready = tuple(Term(asking.ready(term.condition), term.is_negated) for term in terms)
    planned, is_narrow, is_each = _plan(db, ready, is_in_order=is_in_order)
    return PlannedQuery(planned, tuple(dict.fromkeys(asking.notices)), is_narrow, is_each)


def _plan(db: Connection, terms: tuple[Term, ...], *, is_in_order: bool) -> tuple[tuple[Term, ...], bool, bool]:
    """Say of what many issues have how it is looked for: all at once, or in each issue that the rest of a query leaves.

    Returns:
        The terms, `PlannedQuery.is_narrow` and `PlannedQuery.is_each`.
    """
    counts = {place: _count(db, term.condition) for place, term in enumerate(terms)}
    narrowing = [sum(found) for place, found in counts.items() if found and not terms[place].is_negated]
    least = min(narrowing, default=COMMON)
    if least < COMMON:
        many = min(_MUCH_COMMONER * (least + _ENOUGH), COMMON)
    elif is_in_order and _is_met_soon(db, terms):
        many = COMMON
    else:
        return terms, bool(narrowing), False
    planned = tuple(
        Term(_as_common(term.condition, counts[place], many), term.is_negated) for place, term in enumerate(terms)
    )
    is_each = any(isinstance(term.condition, Words | Tag) and term.condition.is_common for term in planned)
    return planned, least < COMMON, is_each


def _as_common(what: Condition, found: Sequence[int], many: int) -> Condition:
    """Return a condition that says whether many have what it looks for, given as `_count` counts it."""
    if isinstance(what, Tag):
        return replace(what, is_common=found[0] >= many)
    if isinstance(what, Words):
        in_texts, in_tags = found or (many, many)
        return replace(what, is_common=in_texts >= many, is_tag_common=in_tags >= many)
    return what


def _count(db: Connection, what: Condition) -> tuple[int, ...]:
    """Return about how many issues a condition leaves, each number at most `COMMON`; empty where no index says it.

    Of words it is two: of texts and of tags.
    """
    if isinstance(what, Identity):
        return (1,)
    if not isinstance(what, Words | Tag | Person):
        return ()
    found = []
    for statement, values in sql.found_at_once(what):
        counted = f"SELECT count(*) FROM ({statement} LIMIT ?) found"  # noqa: S608 (constants)
        found.append(db.execute(counted, (*values, COMMON)).fetchone()[0])
    return tuple(found)


def _is_met_soon(db: Connection, terms: Sequence[Term]) -> bool:
    """Whether reading issues in the list's order, until enough have all words, is quicker than to find all that do."""
    words = [term.condition for term in terms if isinstance(term.condition, Words) and not term.is_negated]
    if not words:
        return True
    likes = [f"%{texts.pattern([part.casefold() for part in one.text.parts])}%" for one in words]
    sums = ", ".join("count(*) FILTER (WHERE text LIKE ? ESCAPE '\\')" for _ in likes)
    newest = "SELECT text FROM issue_texts ORDER BY id DESC LIMIT ?"
    among, *having = db.execute(f"SELECT count(*), {sums} FROM ({newest}) newest", (*likes, SAMPLED_TEXTS)).fetchone()  # noqa: S608
    all_texts, issues = db.execute(
        "SELECT (SELECT coalesce(max(id), 0) FROM issue_texts), (SELECT coalesce(max(id), 0) FROM issues)"
    ).fetchone()
    if not among or not issues:
        return True
    shares = [max(count or 0, 0.5) / among for count in having]
    looked_at = min(_ENOUGH / prod(shares), issues)
    of_each = looked_at * (1 + len(words) * all_texts / issues)
    at_once = sum(share if texts.trigrams(one.text.parts) else 1.0 for share, one in zip(shares, words, strict=True))
    return bool(of_each < at_once * all_texts)


def tag_names(db: Connection) -> list[str]:
    """Return the names of tags that events have, in order.

    Raises:
        ERRORS: the store can't be read.
    """
    rows = db.execute(
        """WITH RECURSIVE one (tag) AS (
          SELECT min(tag) FROM tag_values
          UNION ALL
          SELECT (SELECT min(tag) FROM tag_values WHERE tag > one.tag) FROM one WHERE one.tag IS NOT NULL
        ) SELECT tag FROM one WHERE tag IS NOT NULL"""
    )
    return [row[0] for row in rows]


def tag_values(db: Connection, tag: str, beginning: str, limit: int) -> list[str]:
    """Return values of a tag that begin so, whatever the case, in order.

    Raises:
        ERRORS: the store can't be read.
    """
    folded = beginning.casefold()
    rows = db.execute(
        "SELECT value FROM tag_values WHERE tag = ? AND folded >= ? AND folded < ? ORDER BY folded LIMIT ?",
        (tag, folded, folded + "\U0010ffff", limit),
    )
    return [row[0] for row in rows]


class _Asking:
    def __init__(self, db: Connection, key: bytes) -> None:
        self._db = db
        self._key = key
        self.notices: list[Notice] = []

    def ready(self, what: Condition) -> Condition:
        if isinstance(what, AnyOf):
            return AnyOf(tuple(self.ready(one) for one in what.conditions))
        if isinstance(what, Person):
            return replace(what, hashes=tuple(people.hashed(kind, what.name, self._key) for kind in what.kinds))
        if isinstance(what, ReleaseOrder):
            return self._ordered(what)
        if isinstance(what, LatestRelease):
            return ReleaseOrder("release", "=", "latest", self._newest())
        if isinstance(what, Tag | Has):
            known = self._db.execute("SELECT 1 FROM tag_values WHERE tag = ? LIMIT 1", (what.name,)).fetchone()
            return what if known is not None else self._unknown(what)
        return what

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

    def _newest(self) -> tuple[tuple[str, str], ...]:
        """Return each project with the newest release that its events or sessions named."""
        rows = self._db.execute(
            """SELECT project, release FROM releases r WHERE number =
              (SELECT max(number) FROM releases WHERE project = r.project AND seen IS NOT NULL)"""
        )
        return tuple((project, release) for project, release in rows)

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
