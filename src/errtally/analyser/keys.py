"""Keys of findings, made of content, so that a baseline survives lines that moved."""

from __future__ import annotations

import hashlib
from collections import Counter

_CONTEXT_LINES = 3


def context(lines: list[str], line: int) -> str:
    """Return a hash of the lines around a line, without white space and empty lines.

    Args:
        lines: of the file.
        line: counted from 1.
    """
    before = [words for one in lines[max(0, line - 1 - 2 * _CONTEXT_LINES) : line - 1] if (words := one.strip())]
    after = [words for one in lines[line : line + 2 * _CONTEXT_LINES] if (words := one.strip())]
    content = "\0".join([*before[-_CONTEXT_LINES:], "", *after[:_CONTEXT_LINES]])
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class Keys:
    """Gives each finding of one file its key.

    A key hashes check, path, the line's text without white space around it and how many findings of the same check and
    text stand above it in the file.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._seen: Counter[tuple[str, str]] = Counter()

    def key(self, check: str, snippet: str) -> str:
        """Return the key of the next finding; findings have to come in the order of their lines."""
        text = " ".join(snippet.split())
        ordinal = self._seen[check, text]
        self._seen[check, text] += 1
        content = "\0".join((check, self._path, text, str(ordinal)))
        return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:24]
