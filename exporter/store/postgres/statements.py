"""Statements of the store as PostgreSQL takes them: other placeholders, no empty list, no kind of BEGIN."""

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


@cache
def translate(statement: str) -> str:
    """Return a statement with the placeholders of SQLite (``?``, ``:name``) as psycopg has them."""
    translated = _PART.sub(_translated, statement)
    return translated.replace(" IN ()", " IN (NULL)").replace("BEGIN IMMEDIATE", "BEGIN")


def _translated(found: re.Match[str]) -> str:
    if found["mark"]:
        return "%s"
    if found["name"]:
        return f"%({found['name']})s"
    return found[0].replace("%", "%%")
