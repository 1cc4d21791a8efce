"""Sums over exporters that share a store: replicas show the same series each, which may count only once."""

from __future__ import annotations

import re

_SUM = re.compile(r"\bsum(?: by \([^)]*\))? \(")
_LARGEST = "max without (instance) ("


def counted_once(expr: str) -> str:
    """Return a query in which, of series that differ by exporter only, the largest counts before anything is added."""
    place = 0
    while found := _SUM.search(expr, place):
        start = found.end()
        end = _closing(expr, start)
        expr = f"{expr[:start]}{_LARGEST}{expr[start:end]}){expr[end:]}"
        place = start + len(_LARGEST)
    return expr


def _closing(expr: str, start: int) -> int:
    """Return the place of the parenthesis that closes the one before ``start``."""
    depth, is_text = 1, False
    for place in range(start, len(expr)):
        character = expr[place]
        if character == '"':
            is_text = not is_text
        elif not is_text and character in "()":
            depth += 1 if character == "(" else -1
            if not depth:
                return place
    raise ValueError(f"a parenthesis is not closed in {expr}")
