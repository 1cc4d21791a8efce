"""Rules out quickly that any of some hundred words stands in a text.

Most of these words have a sign in them that most texts lack (``_``, ``$``), and looking for one character costs next
to nothing. Of several signs the rarest is looked for. Where it is there, a pattern in which shared beginnings stand
once looks for the words that have it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Gate = tuple[str, "Callable[[str], re.Match[str] | None]"]
"""A sign, and what to search a lowered text for when it has the sign."""

_SIGNS = tuple("\\$`|~%?&#\"[]<>+*';=,{}@_():/- .")
"""From the rarest in texts of events to the most frequent."""


def gates(needles: Iterable[tuple[str, Sequence[str]]], patterns: Iterable[tuple[str, str]] = ()) -> tuple[Gate, ...]:
    """Arrange needles by their signs.

    Args:
        needles: pairs of what a text must have in it beside any of the needles ("" = none is known) and the needles.
        patterns: pairs of what a text must have in it and a pattern that searches it.
    """
    by_sign: dict[str, tuple[set[str], set[str]]] = {}
    for known, words in needles:
        for word in words:
            by_sign.setdefault(_sign(known + word), (set(), set()))[0].add(word)
    for known, pattern in patterns:
        by_sign.setdefault(_sign(known), (set(), set()))[1].add(pattern)
    return tuple(
        (sign, re.compile("|".join([*filter(None, [any_word(words)]), *sorted(own)])).search)
        for sign, (words, own) in by_sign.items()
    )


def _sign(text: str) -> str:
    return next((sign for sign in _SIGNS if sign in text), "")


def any_word(words: Iterable[str]) -> str:
    """Return a pattern for any of some words; one that begins with another is found by that one."""
    kept: list[str] = []
    for word in sorted(set(words)):
        if not kept or not word.startswith(kept[-1]):
            kept.append(word)
    return _branches(kept)


def _branches(words: Iterable[str]) -> str:
    groups: dict[str, list[str]] = {}
    for word in words:
        groups.setdefault(word[0], []).append(word)
    found = []
    for group in groups.values():
        first, last = min(group), max(group)
        at = next((at for at, char in enumerate(first) if last[at : at + 1] != char), len(first))
        shared = first[:at]
        rests = [word[len(shared) :] for word in group]
        found.append(re.escape(shared) + (f"(?:{_branches(rests)})" if len(rests) > 1 else ""))
    return "|".join(found)
