"""Statements of the store as PostgreSQL takes them: other placeholders, no hints, many rows at once."""

from __future__ import annotations

import re
from functools import cache

_PART = re.compile(
    r"""'(?:[^']|'')*'      # a text: nothing in it is a placeholder
    |(?P<cast>::)
    |(?P<mark>\?)
    |:(?P<name>[a-z_]+)
    |(?P<percent>%)""",
    re.VERBOSE,
)

_HINT = re.compile(r" INDEXED BY \w+| CROSS(?= JOIN \w+ \w+ ON )|(?<=[ (])\+(?=[a-z]+\.[a-z])")
"""What SQLite is told of how to go about it: its CROSS JOIN may have a condition, a column with a + uses no index."""

_PATTERN = r"""replace(replace(replace(?, '\', '\\'), '%', '\%'), '_', '\_')"""
_ALIKE = {"= ? COLLATE NOCASE": f"ILIKE {_PATTERN}", "LIKE ? COLLATE NOCASE": "ILIKE ?"}
"""What compares texts without regard to the case of ASCII letters."""


_LIST = re.compile(r"json_each\((\?|:[a-z_]+)\)")
_WITHOUT_NUL = r"json_each(replace(\1, '\\u0000', '\\ufffd'))"
"""PostgreSQL takes no NUL in JSON either; it is looked for as it is kept (see `adapting.Text`)."""


@cache
def translate(statement: str) -> str:
    """Return a statement with the placeholders of SQLite (``?``, ``:name``) as psycopg has them."""
    statement = _HINT.sub("", statement)
    for ours, theirs in _ALIKE.items():
        statement = statement.replace(ours, theirs)
    translated = _PART.sub(_translated, _LIST.sub(_WITHOUT_NUL, statement))
    return translated.replace(" IN ()", " IN (NULL)").replace("BEGIN IMMEDIATE", "BEGIN")


_INSERT = re.compile(r"(INSERT INTO [^?]*)\bVALUES\s*\(([^()]*)\)([^?]*)", re.DOTALL)
_CHANGE = re.compile(r"((UPDATE|DELETE FROM)\b.*?)(\bWHERE\b.*)", re.DOTALL)


@cache
def of_rows(statement: str) -> str:
    """Return a statement that does for many rows of values at once what the given one does for each of them.

    Args:
        statement: INSERT of VALUES, UPDATE or DELETE with the placeholders of SQLite (``?``), of which the returned one
            takes arrays. It has no texts with such marks, and each row of values is of another row of the table.

    Raises:
        ValueError: it is another one.
    """
    columns = [f"v{number}" for number in range(statement.count("?"))]
    values = f"unnest({', '.join(['%s'] * len(columns))}) AS given ({', '.join(columns)})"
    names = iter(columns)
    named = re.sub(r"\?", lambda _: f"given.{next(names)}", statement).replace("%", "%%")
    if _INSERT.fullmatch(statement) and (found := _INSERT.fullmatch(named)):
        return f"{found[1]}SELECT {found[2]} FROM {values}{found[3]}"  # noqa: S608 (our own statements)
    if found := _CHANGE.fullmatch(named):
        return f"{found[1]}{'FROM' if found[2] == 'UPDATE' else 'USING'} {values} {found[3]}"
    raise ValueError(f"many rows can't go at once in: {statement}")


@cache
def numbered(statement: str) -> str:
    """Return a statement with the placeholders that PREPARE takes (``$1``)."""
    numbers = iter(range(1, statement.count("?") + 1))
    return re.sub(r"\?", lambda _: f"${next(numbers)}", statement)


def _translated(found: re.Match[str]) -> str:
    if found["mark"]:
        return "%s"
    if found["name"]:
        return f"%({found['name']})s"
    return found[0].replace("%", "%%")
