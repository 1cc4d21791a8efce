"""Texts that hold other texts, in SQL: found by three characters in a row, then looked at (see store/schema.sql)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

Clause = tuple[str, tuple[object, ...]]
"""SQL and its parameters."""

_TRIGRAM = 3
MAX_TRIGRAMS = 8
"""Of one term: more say little new, and each costs as much as there are texts with it."""


def pattern(parts: Sequence[str]) -> str:
    """Return literal parts, with anything between them, as LIKE takes it with a backslash for escapes."""
    return "%".join(part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") for part in parts)


def within(table: str, column: str, index: str, parts: Sequence[str]) -> Clause:
    """Return what holds of a row whose text has the parts in their order, whatever stands around them.

    Args:
        table: name of the table in the statement; its ``id`` is the index's.
        column: with case folded.
        index: the table's index of trigrams.
        parts: with case folded.
    """
    like, values = f"{table}.{column} LIKE ? ESCAPE '\\'", (f"%{pattern(parts)}%",)
    wanted = trigrams(parts)
    if not wanted:  # too short: all rows are looked at
        return like, values
    match = matching(wanted)
    return f"{table}.id IN (SELECT rowid FROM {index}(?)) AND {like}", (match, *values)  # noqa: S608


def matching(wanted: Sequence[str]) -> str:
    """Return what an index of trigrams is asked for texts that have all of these."""
    return " AND ".join('"' + one.replace('"', '""') + '"' for one in wanted)


def trigrams(parts: Sequence[str]) -> list[str]:
    """Return trigrams that a text with these parts has, each once: one beside the other, of many some from all over.

    Those that overlap would say little more.
    """
    found: dict[str, None] = {}
    for part in parts:
        last = len(part) - _TRIGRAM
        found |= dict.fromkeys(part[at : at + _TRIGRAM] for at in (*range(0, last, _TRIGRAM), last) if last >= 0)
    step = -(-len(found) // MAX_TRIGRAMS)
    return list(found)[:: step or 1]
