"""Whether letters read like a word or like the output of a hash: how usual each letter is after the one before it."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from functools import lru_cache
from importlib import resources
from typing import Final

CACHE_SIZE: Final = 8192
WORD_BITS: Final = 4.75
"""Bits a letter above which text is no word. Of names of files 1 % are beyond it, of eight random letters 92 %."""

COMPOUND_BITS: Final = 4.0
"""The same for a compound such as ``UserForm``, over all of its parts. A random letter of either case has 5.7, so of
eight one text in 10,000 comes below it."""

BITS_OF_A_PART: Final = 1.5
"""What it takes to tell where a part begins, and in which case it is."""

BITS_OF_AN_UNKNOWN_LETTER: Final = 4.7
"""A letter of an acronym that the list does not have: one of 26."""

_ROWS: Final[dict[str, str]] = json.loads(
    resources.files(__package__).joinpath("data/letter_pairs.json").read_text(encoding="utf-8")
)["rows"]
_COST: Final = {
    (before, letter): (ord(row[at]) - ord("a")) / 2
    for before, row in _ROWS.items()
    for at, letter in enumerate("abcdefghijklmnopqrstuvwxyz$")
}
_USUAL_WORDS: Final[frozenset[str]] = frozenset(
    json.loads(resources.files(__package__).joinpath("data/usual_words.json").read_text(encoding="utf-8"))["words"]
)
"""Words that are usual, and those too short or too far from English for their letters to tell: ``in``, ``btn``."""

_USUAL_WORD_BITS: Final = {length: math.log2(count) for length, count in Counter(map(len, _USUAL_WORDS)).items()}
_ACRONYM_LETTERS: Final = 4
_PART: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
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
        return text.lower() in _USUAL_WORDS or bits_of_a_letter(text) <= WORD_BITS
    return sum(map(_bits_of_a_part, _PART.findall(text))) <= COMPOUND_BITS * len(text)


def is_usual(text: str) -> bool:
    """Return whether a text is a word of the list, whatever its case."""
    return text.lower() in _USUAL_WORDS


def _bits_of_a_part(part: str) -> float:
    """Return how unusual a part of a compound is: a word of the list, an acronym, or letters that read as a word."""
    if part.lower() in _USUAL_WORDS:
        return BITS_OF_A_PART + _USUAL_WORD_BITS[len(part)]
    if part.isupper():
        return BITS_OF_A_PART + BITS_OF_AN_UNKNOWN_LETTER * len(part) if len(part) <= _ACRONYM_LETTERS else math.inf
    return BITS_OF_A_PART + bits_of_a_letter(part) * (len(part) + 1)


def bits_of_a_letter(text: str) -> float:
    """Return how unusual a text's letters are, bits a letter."""
    word = text.lower()
    return sum(_COST[pair] for pair in zip("^" + word, word + "$", strict=True)) / (len(word) + 1)
