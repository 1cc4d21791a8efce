"""Frames that were seen to be clean."""

from __future__ import annotations

MEMO_TEXT_LENGTH = 256
"""Longer texts are not remembered."""
MEMO_LIMIT = 8192
"""How many texts a memo holds."""


class CleanFrames:
    """Source line, file name and path of frames that had nothing to redact: a crash has the same ones each time."""

    def __init__(self) -> None:
        self._known: set[tuple[str | None, ...]] = set()

    def __contains__(self, texts: tuple[str | None, ...]) -> bool:
        return texts in self._known

    def add(self, texts: tuple[str | None, ...]) -> None:
        """Remember the texts of a frame, unless they are long."""
        if all(text is None or len(text) <= MEMO_TEXT_LENGTH for text in texts):
            if len(self._known) >= MEMO_LIMIT:
                self._known.clear()
            self._known.add(texts)
