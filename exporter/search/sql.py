"""What a query means in SQL. Issues are ``i``; texts and numbers are parameters, never part of the statement."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from errtally.exporter.search import texts
from errtally.exporter.search.conditions import (
    NEW_SECONDS,
    AnyOf,
    Field,
    Fixed,
    Has,
    Identity,
    LatestRelease,
    Moment,
    Number,
    Person,
    ReleaseOrder,
    State,
    Tag,
    Words,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from errtally.exporter.search.conditions import Condition, Term, Wording
    from errtally.exporter.search.texts import Clause

NOT_MERGED = "i.id NOT IN (SELECT id FROM apart)"
"""`LINKED` has to stand before the statement."""

LINKED = """
WITH RECURSIVE member (root, project, fingerprint) AS (
  SELECT i.id, a.project, a.fingerprint FROM aliases a
    JOIN issues i ON i.project = a.project AND i.fingerprint = a.merged_into
  WHERE a.undone_at IS NULL
  UNION
  SELECT m.root, a.project, a.fingerprint FROM member m
    JOIN aliases a ON a.project = m.project AND a.merged_into = m.fingerprint AND a.undone_at IS NULL
),
linked (root, id) AS MATERIALIZED (
  SELECT m.root, x.id FROM member m JOIN issues x ON x.project = m.project AND x.fingerprint = m.fingerprint
),
apart (id) AS MATERIALIZED (
  SELECT x.id FROM aliases a JOIN issues x ON x.project = a.project AND x.fingerprint = a.fingerprint
  WHERE a.undone_at IS NULL
)
"""
"""Issues that were merged into others, by the issue that they are in now, and all of them; only where there are any."""

HERE = "here (environment) AS (SELECT ?)"
"""The environment whose numbers count; only where those of one count, and something was merged."""

FROM_HERE = "issues i CROSS JOIN issue_environments e ON e.issue = i.id"
"""Issues with the numbers of one environment, which ``e.environment`` names; only where nothing was merged."""

_TAGGED = "SELECT g.issue FROM tag_values v CROSS JOIN issue_tags g ON g.tag = v.tag AND g.value = v.value"
"""Issues with tags; not an ordinary JOIN, so that values are looked for first, and not issues."""

_QUALIFIED = frozenset(".:")
"""What parts a type from the module that it is of."""

_PRIORITY = """(CASE WHEN i.priority <> '' THEN i.priority WHEN {level} IN ('fatal', 'error') THEN 'high'
  WHEN {level} = 'warning' THEN 'medium' ELSE 'low' END)"""
"""As a person said, else by the level."""

_STATES = {
    "unresolved": "i.status IN ('unresolved', 'regressed')",
    "resolved": "i.status = 'resolved'",
    "ignored": "i.status = 'ignored'",
    "regressed": "i.status = 'regressed'",
    "assigned": "i.assignee <> ''",
    "unassigned": "i.assignee = ''",
    "linked": "i.ticket <> ''",
    "merged": """EXISTS (SELECT 1 FROM aliases
      WHERE aliases.project = i.project AND aliases.merged_into = i.fingerprint AND aliases.undone_at IS NULL)""",
}


def level(*, has_linked: bool) -> str:
    """Return the SQL of an issue's level: that of the newest event, also of what was merged into it.

    Args:
        has_linked: whether anything was merged; `LINKED` has to stand before the statement then.
    """
    if not has_linked:
        return "i.level"
    return """coalesce((SELECT x.level FROM linked l JOIN issues x ON x.id = l.id
      WHERE l.root = i.id AND x.last_seen > i.last_seen ORDER BY x.last_seen DESC LIMIT 1), i.level)"""


def total(column: str, *, has_linked: bool, is_here: bool = False) -> str:
    """Return the SQL of a number of an issue with what was merged into it.

    Args:
        column: ``events``, ``users`` (where a user of two merged issues counts twice), ``first_seen`` or ``last_seen``.
        has_linked: whether anything was merged; `LINKED` has to stand before the statement then.
        is_here: whether it is one environment's: of `FROM_HERE` where nothing was merged, else `HERE` has to stand
            before the statement.
    """
    if is_here and not has_linked:
        return f"e.{column}"
    function = {"events": "sum", "users": "sum", "first_seen": "min", "last_seen": "max"}[column]
    if is_here:
        among = "e.issue IN (SELECT i.id UNION ALL SELECT id FROM linked WHERE root = i.id)"
        return f"""(SELECT coalesce({function}(e.{column}), 0) FROM issue_environments e
          WHERE e.environment = (SELECT environment FROM here) AND {among})"""  # noqa: S608 (constants)
    own = f"i.{column}"
    linked = f"(SELECT {function}(x.{column}) FROM linked JOIN issues x ON x.id = linked.id"  # noqa: S608 (constants)
    if not has_linked:
        return own
    linked += " WHERE linked.root = i.id)"
    if column in {"events", "users"}:
        return f"({own} + coalesce({linked}, 0))"
    return f"{'min' if column == 'first_seen' else 'max'}({own}, coalesce({linked}, {own}))"


def condition(terms: Sequence[Term], now: float, *, has_linked: bool, is_here: bool = False) -> Clause:
    """Return what has to hold of an issue, its row and what was merged into it.

    Args:
        terms: of a query; all have to match.
        now: seconds since the epoch.
        has_linked: whether anything was merged; `LINKED` has to stand before the statement then.
        is_here: whether the numbers of one environment count; as `total` has it.
    """
    found, values = list[str](), list[object]()
    for term in terms:
        sql, parameters = _one(term.condition, now, has_linked=has_linked, is_here=is_here)
        found.append(f"NOT ({sql})" if term.is_negated else f"({sql})")
        values += parameters
    return " AND ".join(found) or "TRUE", tuple(values)


def _one(what: Condition, now: float, *, has_linked: bool, is_here: bool) -> Clause:
    if isinstance(what, Fixed):
        return ("TRUE" if what.holds else "FALSE"), ()
    if isinstance(what, AnyOf):
        parts = [_one(one, now, has_linked=has_linked, is_here=is_here) for one in what.conditions]
        return " OR ".join(f"({sql})" for sql, _ in parts) or "FALSE", tuple(v for _, values in parts for v in values)
    if isinstance(what, Number):
        return f"{total(what.name, has_linked=has_linked, is_here=is_here)} {what.operator} ?", (what.amount,)
    if isinstance(what, State):
        if what.name == "new":
            return f"{total('first_seen', has_linked=has_linked, is_here=is_here)} >= ?", (now - NEW_SECONDS,)
        if what.name in {"handled", "unhandled"}:
            unhandled, _ = _of_any(lambda issue: (f"{issue}.is_unhandled <> 0", ()), has_linked=has_linked)
            return (unhandled if what.name == "unhandled" else f"NOT ({unhandled})"), ()
        return _STATES[what.name], ()
    if isinstance(what, Moment):
        return _moment(what, has_linked=has_linked, is_here=is_here)
    return _of_rows(what, has_linked=has_linked)


def _of_rows(
    what: Words | Tag | Has | Field | Identity | LatestRelease | ReleaseOrder | Person, *, has_linked: bool
) -> Clause:
    """What the rows of an issue say, its own and those of what was merged into it."""
    if isinstance(what, Words):
        return _of_any(lambda issue: _words(issue, what), has_linked=has_linked)
    if isinstance(what, Tag):
        return _of_any(lambda issue: _tag(issue, what), has_linked=has_linked)
    if isinstance(what, Field):
        return _of_field(what, has_linked=has_linked)
    if isinstance(what, Has):
        tagged = "EXISTS (SELECT 1 FROM issue_tags t WHERE t.issue = {}.id AND t.tag = ? AND t.value <> '')"
        return _of_any(lambda issue: (tagged.format(issue), (what.name,)), has_linked=has_linked)
    if isinstance(what, LatestRelease) or (isinstance(what, ReleaseOrder) and not what.among):
        return "FALSE", ()  # there is none, or nobody asked the store which it is
    if isinstance(what, ReleaseOrder):
        return _of_any(lambda issue: _release_order(issue, what), has_linked=has_linked)
    if isinstance(what, Person):
        of_person, hashes = met(what)
        return _of_any(lambda issue: (f"{issue}.id IN ({of_person})", hashes), has_linked=has_linked)
    return _of_any(lambda issue: (f"{issue}.id = ?", (what.number,)), has_linked=has_linked)


def _of_field(what: Field, *, has_linked: bool) -> Clause:
    columns = {
        "project": "+i.project",
        "assignee": "i.assignee",
        "level": level(has_linked=has_linked),
        "priority": _PRIORITY.format(level=level(has_linked=has_linked)),
    }
    if what.name in columns:  # an issue has one of them, whatever was merged into it
        return _is(columns[what.name], what.text)
    if what.name == "first_release":
        return _first_release(what, has_linked=has_linked)
    return _of_any(lambda issue: _field(issue, what), has_linked=has_linked)


def _first_release(what: Field, *, has_linked: bool) -> Clause:
    """Of merged issues, the first release is that of the one that was seen first, as their page shows it."""
    own, values = _is("i.first_release", what.text)
    if not has_linked:
        return own, values
    linked, _ = _is("x.first_release", what.text)
    of_issue = "SELECT 1 FROM linked l JOIN issues {0} ON {0}.id = l.id WHERE l.root = i.id"
    merged = f"{of_issue} AND {{0}}.first_seen < {{1}}.first_seen"
    at_first = f"({own} AND NOT EXISTS ({merged.format('y', 'i')}))"
    merged_first = f"{merged.format('x', 'i')} AND ({linked}) AND NOT EXISTS ({merged.format('y', 'x')})"
    return (
        f"{at_first} OR EXISTS ({merged_first})",
        (*values, *values),
    )


def _moment(what: Moment, *, has_linked: bool, is_here: bool) -> Clause:
    column = total(what.name, has_linked=has_linked, is_here=is_here)
    bounds = [(f"{column} >= ?", what.since), (f"{column} < ?", what.until)]
    given = [(sql, value) for sql, value in bounds if value is not None]
    return " AND ".join(sql for sql, _ in given), tuple(value for _, value in given)


def _of_any(clause: Callable[[str], Clause], *, has_linked: bool) -> Clause:
    """Let a clause hold of an issue or of one that was merged into it."""
    own, own_values = clause("i")
    if not has_linked:
        return own, own_values
    linked, linked_values = clause("x")
    any_linked = f"SELECT 1 FROM linked JOIN issues x ON x.id = linked.id WHERE linked.root = i.id AND ({linked})"  # noqa: S608
    return f"({own}) OR EXISTS ({any_linked})", (*own_values, *linked_values)


def _words(issue: str, what: Words) -> Clause:
    parts = [part.casefold() for part in what.text.parts]
    tagged, of_tags = texts.within("v", "folded", "tag_value_trigrams", parts)
    tagged = f"v.tag NOT IN ('environment', 'level') AND {tagged}"
    said, values = texts.within("t", "text", "issue_text_trigrams", parts)
    all_said = f"SELECT t.issue FROM issue_texts t WHERE {said}"  # noqa: S608 (constants)
    all_tagged = f"{_TAGGED} WHERE {tagged}"
    if not what.is_common and not what.is_tag_common:
        # One set, not two of which one has the issue: so that it can be what is begun with.
        return f"{issue}.id IN ({all_said} UNION ALL {all_tagged})", (*values, *of_tags)
    has_text, has_tag = f"{issue}.id IN ({all_said})", f"{issue}.id IN ({all_tagged})"
    if what.is_common:
        said, values = "t.text LIKE ? ESCAPE '\\'", (f"%{texts.pattern(parts)}%",)
        has_text = f"EXISTS (SELECT 1 FROM issue_texts t WHERE t.issue = {issue}.id AND {said})"  # noqa: S608
    if what.is_tag_common:
        pairs = f"SELECT v.tag, v.value FROM tag_values v WHERE {tagged}"  # noqa: S608 (constants)
        own = f"SELECT 1 FROM issue_tags g WHERE g.issue = {issue}.id"  # noqa: S608 (constants)
        has_tag = f"EXISTS ({own} AND (g.tag, g.value) IN ({pairs}))"
    return f"{has_text} OR {has_tag}", (*values, *of_tags)


def met(what: Person) -> Clause:
    """Return the statement whose rows are the issues that hit a user."""
    people = "SELECT CAST(value AS BIGINT) FROM json_each(?)"
    return f"SELECT issue FROM issue_people WHERE person IN ({people})", (json.dumps(what.hashes),)  # noqa: S608 (constants)


def found_at_once(what: Words | Tag | Person) -> tuple[Clause, ...]:
    """Return statements with as many rows as an index has for what is looked for: of texts, if any, then of tags.

    Empty for a text that is too short for an index.
    """
    if isinstance(what, Person):
        return (met(what),)
    parts = [part.casefold() for part in what.text.parts]
    if isinstance(what, Tag):
        is_so, value = _has_value(parts)
        return ((f"{_TAGGED} WHERE v.tag = ? AND {is_so}", (what.name, value)),)
    if not (wanted := texts.trigrams(parts)):
        return ()
    said = "SELECT rowid FROM issue_text_trigrams(?)"
    tagged, values = texts.within("v", "folded", "tag_value_trigrams", parts)
    all_tagged = f"{_TAGGED} WHERE v.tag NOT IN ('environment', 'level') AND {tagged}"
    return (said, (texts.matching(wanted),)), (all_tagged, values)


def _has_value(parts: Sequence[str]) -> tuple[str, str]:
    if len(parts) == 1:
        return "v.folded = ?", parts[0]
    return "v.folded LIKE ? ESCAPE '\\'", texts.pattern(parts)


def _tag(issue: str, what: Tag) -> Clause:
    is_so, value = _has_value([part.casefold() for part in what.text.parts])
    if what.is_common:
        values = f"SELECT v.value FROM tag_values v WHERE v.tag = ? AND {is_so}"  # noqa: S608 (constants)
        tagged = f"SELECT 1 FROM issue_tags g WHERE g.issue = {issue}.id AND g.tag = ? AND g.value IN ({values})"  # noqa: S608
        return f"EXISTS ({tagged})", (what.name, what.name, value)
    return f"{issue}.id IN ({_TAGGED} WHERE v.tag = ? AND {is_so})", (what.name, value)


def _field(issue: str, what: Field) -> Clause:
    if what.name == "environment":
        sql, values = _is("e.environment", what.text)
        return f"EXISTS (SELECT 1 FROM issue_environments e WHERE e.issue = {issue}.id AND {sql})", values  # noqa: S608
    if what.name == "release":
        first, values = _is(f"{issue}.first_release", what.text)
        last, _ = _is(f"{issue}.last_release", what.text)
        return f"{first} OR {last}", (*values, *values)
    if what.name == "type":
        return _type(issue, what.text)
    return _is(f"{issue}.{what.name}", what.text)


def _release_order(issue: str, what: ReleaseOrder) -> Clause:
    columns = ("first_release",) if what.name == "first_release" else ("first_release", "last_release")
    # One text for both, since SQLite looks at each of a list of pairs in turn; a project's name has no line breaks.
    among = json.dumps([f"{project}\n{release}" for project, release in what.among or ()])
    named = "{issue}.project || '\n' || {issue}.{column} IN (SELECT value FROM json_each(?))"
    clauses = [named.format(issue=issue, column=column) for column in columns]
    return " OR ".join(clauses), (among,) * len(columns)


def _type(issue: str, text: Wording) -> Clause:
    """The type as the list shows it, or the full name that an event has: ``java.lang.NullPointerException``."""
    sql, values = _is(f"{issue}.type", text)
    if not _QUALIFIED & set(text.parts[0]):
        return sql, values
    parts = [part.casefold() for part in text.parts]
    said, full = texts.within("t", "text", "issue_text_trigrams", parts)
    begins = f"{texts.pattern(parts)}: %"
    full_name = f"""SELECT t.issue FROM issue_texts t
      WHERE t.mark <> 0 AND {said} AND t.text || ': ' LIKE ? ESCAPE '\\'"""  # noqa: S608 (constants)
    return f"{sql} OR {issue}.id IN ({full_name})", (*values, *full, begins)


def _is(column: str, text: Wording) -> Clause:
    if len(text.parts) == 1:
        return f"{column} = ? COLLATE NOCASE", (text.parts[0],)
    return f"{column} LIKE ? COLLATE NOCASE ESCAPE '\\'", (texts.pattern(text.parts),)
