"""Where a word stands in a manifest whose parser does not tell."""

from __future__ import annotations


def line_of(text: str, words: str) -> int:
    """Return the first line on which words stand, 0 when they stand nowhere."""
    at = text.find(words)
    return text.count("\n", 0, at) + 1 if at >= 0 else 0
