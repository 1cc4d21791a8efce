"""Whether letters read like a word or like the output of a hash: how usual each letter is after the one before it."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from importlib import resources
from typing import Final

CACHE_SIZE: Final = 8192
WORD_BITS: Final = 4.75
"""Bits a letter above which text is no word. Of names of files 1 % are beyond it, of eight random letters 92 %."""

PART_BITS: Final = 4.5
"""The same for a part of a compound such as ``UserForm``, where a random text has more ways to look like one."""

_ROWS: Final[dict[str, str]] = json.loads(
    resources.files(__package__).joinpath("data/letter_pairs.json").read_text(encoding="utf-8")
)["rows"]
_COST: Final = {
    (before, letter): (ord(row[at]) - ord("a")) / 2
    for before, row in _ROWS.items()
    for at, letter in enumerate("abcdefghijklmnopqrstuvwxyz$")
}
_COMPOUND: Final = re.compile(r"(?:[a-z]{2,}|[A-Z][a-z]{2,})(?:[A-Z][a-z]{2,})+|[A-Z][a-z]{3,}")
_PART: Final = re.compile(r"[A-Z]?[a-z]+")
_NUMBERED: Final = re.compile(r"([A-Za-z][a-z]{2,})\d{1,4}(?:sum|next|bit|hash)?")


@lru_cache(maxsize=CACHE_SIZE)
def is_wordlike(text: str) -> bool:
    """Return whether a text is a word (``facade``, ``chart2``), an acronym or a compound (``UserForm``, ``userForm``).

    Args:
        text: letters and digits.
    """
    if numbered := _NUMBERED.fullmatch(text):
        text = numbered[1]
    if not text.isascii() or not text.isalpha():
        return False
    if text.islower() or text.isupper():
        return bits_of_a_letter(text) <= WORD_BITS
    if _COMPOUND.fullmatch(text):
        return all(bits_of_a_letter(part) <= PART_BITS for part in _PART.findall(text))
    return False


def bits_of_a_letter(text: str) -> float:
    """Return how unusual a text's letters are, bits a letter."""
    word = text.lower()
    return sum(_COST[pair] for pair in zip("^" + word, word + "$", strict=True)) / (len(word) + 1)
