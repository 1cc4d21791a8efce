"""Which words of a message's pattern may vary from one bug's message to the next, as far as the message itself says.

A scope is what two messages have to share (type, place and function, a line each).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from errtally.exporter.grouping.template import ANY_VALUE
from errtally.exporter.grouping.tokens import is_outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FIXED_WORDS: Final = 2
FIXED_WORDS_OF_A_LOG_MESSAGE: Final = 3
"""Words that have to stay beside the one that varies; more of them where no error type says what it is about."""

_NAME: Final = re.compile(r"\w*_\w+|[A-Z]{3,}|[A-Za-z]*[a-z][A-Z]\w*")
_NOT_IMPLEMENTED: Final = re.compile(r"\bun?implemented\b|\bnot (?:be )?(?:implemented|supported)\b")
_INTERFACE: Final = frozenset(
    ("parameter", "parameters", "argument", "arguments", "attribute", "keyword", "option", "options")
)
"""What a quoted name behind it is no value of: ``missing argument 'index'``, where no stack trace says whose."""
_QUOTES: Final = "\"'`"
WORDS_OF_A_QUOTED_NAME: Final = 3
CACHE_SIZE: Final = 16_384
_TEXT: Final = 1
_VARIES: Final = 2


def is_error(scope: str) -> bool:
    """Return whether a scope has an error type, a place or a function."""
    return scope != "\n\n"


def has_place(scope: str) -> bool:
    """Return whether a frame decides in a scope."""
    return not scope.endswith("\n\n")


def varying_positions(words: Sequence[str], scope: str, start: int, end: int) -> Iterator[int]:
    """Yield the positions from ``start`` to ``end`` at which another message may have another word."""
    spare = _spare_words(words, scope)
    if spare < 0:
        return
    is_placeless = is_error(scope) and not has_place(scope)
    if start == 0 < end and is_placeless and _is_of_a_name(words):
        start = 1
    has_names = is_placeless and "'" in words
    for position in range(start, end):
        kind = _kinds[words[position]]
        if not kind & _VARIES or spare < kind & _TEXT:
            continue
        if has_names and position > 1 and words[position - 1] == "'" and words[position - 2].lower() in _INTERFACE:
            continue
        yield position


class _Kinds(dict[str, int]):
    """Words, to whether they are text and whether something else may stand in their place; bounded."""

    def __missing__(self, word: str) -> int:
        varies = word == ANY_VALUE or ((word[0].isalnum() or word[0] in "_$") and not is_outcome(word))
        kind = (_TEXT if word[0].isalpha() else 0) | (_VARIES if varies else 0)
        if len(self) >= CACHE_SIZE:
            self.clear()
        self[word] = kind
        return kind


_kinds: Final = _Kinds()


def _spare_words(words: Sequence[str], scope: str) -> int:
    """Return how many words of text a message has beside those that have to stay; below 0, no word may vary."""
    fixed = sum([_kinds[word] & _TEXT for word in words])
    needed = FIXED_WORDS if is_error(scope) else FIXED_WORDS_OF_A_LOG_MESSAGE
    if fixed >= needed:
        return fixed - needed
    # KeyError: 'sku', where a frame says whose key it is
    is_name = len(words) == WORDS_OF_A_QUOTED_NAME and words[0] == words[2] in _QUOTES and has_place(scope)
    return fixed if is_name else -1


def _is_of_a_name(words: Sequence[str]) -> bool:
    """Return whether an error's message says of a name of the program's that it is not implemented.

    It is no value then, because without a stack trace nothing else tells which: ``list_targets not implemented``.
    """
    return (
        bool(words) and _NAME.fullmatch(words[0]) is not None and _NOT_IMPLEMENTED.search(" ".join(words)) is not None
    )
