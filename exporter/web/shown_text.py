"""Text of an event for its page: any value as text, and no more of it than a page may hold."""

from __future__ import annotations

import json
import re

from markupsafe import escape

PAGE_CHARACTERS = 62_000
"""Of HTML for what one event says; a page with all else around it stays under 100 KB."""

VALUE_CHARACTERS = 4_000
"""Of one value, such as a message or a variable."""

CUT = " … (cut)"
_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
    "|\r(?!\n)|[\U000e0000-\U000e007f]"
)
"""Control characters but for tab and the ends of lines, marks of direction, and what has no width and joins nothing."""


def text_of(value: object) -> str:
    """Return a value as people read it: texts as they are, nothing for None, all else as JSON."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode()  # half of a surrogate pair is no text
    return text


def visible(text: str) -> str:
    """Return a text with its control characters as signs: nobody may hide a word of it, or turn its direction round."""
    return _HIDDEN.sub(_sign, text)


def _sign(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:  # noqa: PLR2004 (Unicode has a picture of each)
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else f"\u2039U+{code:04X}\u203a"  # noqa: PLR2004 (DEL)


class Allowance:
    """What is left of a page's length; what is shown first gets it first.

    Attributes:
        is_used_up: whether anything was cut or left out for want of it.
    """

    def __init__(self, characters: int = PAGE_CHARACTERS) -> None:
        self._left = characters
        self.is_used_up = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing more can be shown."""
        return self._left <= 0

    def has_room(self, characters: int) -> bool:
        """Whether so many more can be shown."""
        return self._left >= characters

    def portion(self, share: float) -> Allowance:
        """Set a share aside for one thing, so that it leaves something for what comes after it; then `give_back`."""
        part = Allowance(max(int(self._left * share), 0))
        self._left -= part._left
        return part

    def give_back(self, part: Allowance) -> None:
        """Add what is left of a portion."""
        self._left += max(part._left, 0)
        self.is_used_up = self.is_used_up or part.is_used_up

    def trial(self) -> Allowance:
        """Return the same again, for what is shown only if all of it fits; then `accept` it."""
        return Allowance(self._left)

    def accept(self, trial: Allowance) -> None:
        """Take what a trial took."""
        self._left = trial._left
        self.is_used_up = self.is_used_up or trial.is_used_up

    def take(self, value: object, limit: int = VALUE_CHARACTERS, *, markup: int = 0) -> str:
        """Return as much of a value's text as may be shown.

        Args:
            value: whatever the client sent.
            limit: characters of this one.
            markup: length of the HTML that goes around it.
        """
        text = visible(text_of(value))
        if self.is_empty:
            self.is_used_up = self.is_used_up or bool(text)
            return ""
        shown = text if len(text) <= limit else text[:limit] + CUT
        cost = _length(shown)
        if cost > self._left:
            shown = _beginning(text, self._left) + CUT
            cost = self._left
            self.is_used_up = True
        self._left -= cost + markup
        return shown


def _length(text: str) -> int:
    """Return the bytes that a text takes in the page."""
    return len(str(escape(text)).encode())


def _beginning(text: str, length: int) -> str:
    """Return the longest beginning that takes at most so many bytes."""
    for index, character in enumerate(text):
        length -= _length(character)
        if length < 0:
            return text[:index]
    return text
