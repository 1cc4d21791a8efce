"""Statements of the store as PostgreSQL takes them: other placeholders, no empty list, no kind of BEGIN, no hints."""

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


@cache
def translate(statement: str) -> str:
    """Return a statement with the placeholders of SQLite (``?``, ``:name``) as psycopg has them."""
    statement = _HINT.sub("", statement)
    for ours, theirs in _ALIKE.items():
        statement = statement.replace(ours, theirs)
    translated = _PART.sub(_translated, statement)
    return translated.replace(" IN ()", " IN (NULL)").replace("BEGIN IMMEDIATE", "BEGIN")


def _translated(found: re.Match[str]) -> str:
    if found["mark"]:
        return "%s"
    if found["name"]:
        return f"%({found['name']})s"
    return found[0].replace("%", "%%")
