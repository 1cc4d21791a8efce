"""Keys of findings, made of content, so that a baseline survives lines that moved."""

from __future__ import annotations

import hashlib
from collections import Counter


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
