"""Which fingerprints belong to one issue although they differ: asked only when one appears for the first time.

Two fingerprints are compared only within one scope (type, place and function), by the patterns of their messages:

- *A varying word*: messages that differ in one word, the same one, are one issue once that word has had several
  values. In an error's message, a value that was masked counts for most of them. Of the messages that are one then,
  another word may vary.
- *Similar*: the message of an error without a stack trace is as similar as asked for to one known, word by word.

Joining what does not belong together is worse than leaving apart what does. So both have limits, which were measured
on labelled data: outcomes (``refused``) and constants (``END_OBJECT``) tell messages apart, and neither a message
without an error type nor one with a deciding frame joins by being similar.

The work for one fingerprint is bounded, whatever is known already.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rapidfuzz import fuzz

from errtally.exporter.grouping.template import ANY_VALUE, untyped
from errtally.exporter.grouping.varying_words import FIXED_WORDS, has_place, is_error, varying_positions

if TYPE_CHECKING:
    from collections.abc import Sequence

SIMILAR: Final = "similar"
VARYING_WORD: Final = "varying word"

VALUES_OF_A_VARYING_WORD: Final = 5
"""Distinct words at one position, all else equal, after which whatever stands there is a value."""

VALUES_WITHOUT_A_PLACE: Final = 8
"""The same in the message of an error without a stack trace: nothing but its words tells it from others of its type,
and libraries have families of messages that differ in one word (``port must be an integer``)."""

WORTH_OF_A_MASK: Final = 7
"""How many of these words a masked value at the position is worth, in an error's message without a stack trace: masking
knew it by its look. Where a frame decides it is one of them, because the messages of one place are few and tell its
failures apart; so it is in log messages, where ``name=android`` and a masked name may be two statements."""

MAX_WORDS: Final = 40
MAX_VARYING_WORDS: Final = 3
MAX_TEMPLATES: Final = 64
MAX_FITTED: Final = 10_000
"""Of one scope and number of words: templates with several varying words, and messages that a new one is laid on."""

MAX_PATTERNS: Final = 100_000
"""Patterns of one project that are compared; what appears after so many stays an issue of its own."""

_WORD: Final = re.compile(r"[^\s,;=()\[\]{}|\"'`:]+|[,;=()\[\]{}|\"'`:]")
_ANY_WORD: Final = "*"
_SHARED: Final = -1


@dataclass(frozen=True, slots=True)
class Join:
    """What belongs to one issue with a new fingerprint.

    Attributes:
        reason: `SIMILAR` or `VARYING_WORD`.
        known: fingerprints that were known before, the oldest first.
    """

    reason: str
    known: tuple[str, ...]


class Patterns:
    """The patterns of one project's issues, and of what was merged into them.

    What it answers depends on what it was told, in that order, and on nothing else.

    Args:
        similarity: from 0 to 1; 0 turns joining by similarity off.
        varying_word: whether a varying word joins.
    """

    def __init__(self, *, similarity: float, varying_word: bool) -> None:
        self._cutoff = similarity * 100
        self._varying_word = varying_word
        # Nodes: a fingerprint with its words, or one whose varying words are left open.
        self._fingerprints: list[str] = []
        self._words: list[tuple[str, ...]] = []
        self._patterns: list[str] = []
        # Nodes by what stands around one word: the only one, all of them, or when that word is known to vary, the
        # complement of the first one.
        self._around: dict[int, int | list[int]] = {}
        # By half of the words: the only node that has it, or `_SHARED`.
        self._halves: dict[int, int] = {}
        # By scope and number of words: templates with several varying words, and nodes without any.
        self._templates: dict[int, list[int]] = {}
        self._messages: dict[int, list[int]] = {}
        self._similar: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._fingerprints)

    def add(self, fingerprint: str, scope: str, pattern: str) -> Join | None:
        """Note a fingerprint that was not known; return what it belongs to, None when it stands alone.

        Args:
            fingerprint: not added before.
            scope: from its grouping; without one nothing is compared.
            pattern: from its grouping.
        """
        if not scope or len(self._fingerprints) >= MAX_PATTERNS:
            return None
        pattern = untyped(pattern)
        words = tuple(_WORD.findall(pattern))
        if len(words) > MAX_WORDS:
            return None
        node = self._add_node(fingerprint, words, pattern)
        if self._varying_word:
            shape = hash((scope, len(words)))
            nodes = self._join_by_word(node, scope)
            if templates := self._templates.get(shape):
                nodes.update([one for one in templates if _fits(self._words[one], words)])
            messages = self._messages.get(shape)
            if messages is None:
                self._messages[shape] = [node]
            elif len(messages) < MAX_FITTED:
                messages.append(node)
            if nodes:
                known = dict.fromkeys([self._fingerprints[other] for other in sorted(nodes)])
                known.pop(fingerprint, None)
                if known:
                    return Join(VARYING_WORD, tuple(known))
        if self._cutoff and (similar := self._join_by_similarity(node, scope)) is not None:
            return Join(SIMILAR, (self._fingerprints[similar],))
        return None

    def _add_node(self, fingerprint: str, words: tuple[str, ...], pattern: str) -> int:
        self._fingerprints.append(fingerprint)
        self._words.append(words)
        self._patterns.append(pattern)
        return len(self._fingerprints) - 1

    def _join_by_word(self, node: int, scope: str, varying: int = 1) -> set[int]:
        """Note a node under each word that may vary; return the nodes that it belongs to.

        Where one word of a half varies, the other half is the same. So a message is noted under its words only when
        another one shares a half with it, which most never do.
        """
        words = self._words[node]
        joined: set[int] = set()
        middle, noted = len(words) // 2, self._halves.setdefault
        for start, end, half in (
            (0, middle, hash((scope, len(words), words[middle:]))),
            (middle, len(words), hash((scope, words[:middle], len(words)))),
        ):
            alone = noted(half, node)
            if alone == node:
                continue
            if alone >= 0:
                self._halves[half] = _SHARED
                self._note(alone, scope, start, end, varying)
            joined |= self._note(node, scope, start, end, varying)
        return joined

    def _note(self, node: int, scope: str, start: int, end: int, varying: int) -> set[int]:
        """Note a node under the words from ``start`` to ``end`` that may vary; return the nodes that it belongs to."""
        words = self._words[node]
        joined: set[int] = set()
        noted = self._around.setdefault
        for position in varying_positions(words, scope, start, end):
            key = hash((scope, words[:position], words[position + 1 :]))
            known = noted(key, node)
            if known is node:
                continue
            word = words[position]
            if isinstance(known, int):
                if known < 0:
                    joined.add(~known)
                    continue
                known = self._around[key] = [known]
            values = {self._words[other][position] for other in known}
            if word in values:
                continue
            known.append(node)
            if self._is_value({*values, word}, scope, position):
                self._around[key] = ~known[0]
                joined.update(known)
                if varying < MAX_VARYING_WORDS:
                    around = (*words[:position], _ANY_WORD, *words[position + 1 :])
                    joined |= self._vary_more(known[0], around, scope, varying)
        return joined

    @staticmethod
    def _is_value(values: set[str], scope: str, position: int) -> bool:
        if not is_error(scope) or has_place(scope):
            return len(values) >= VALUES_OF_A_VARYING_WORD
        # What stands first is what the message is about: "'size' must be positive" and "level must be positive".
        worth = WORTH_OF_A_MASK - 1 if position and ANY_VALUE in values else 0
        return len(values) + worth >= VALUES_WITHOUT_A_PLACE

    def _vary_more(self, first: int, around: tuple[str, ...], scope: str, varying: int) -> set[int]:
        """Note the template that the nodes around a varying word have in common; return what it belongs to."""
        template = self._add_node(self._fingerprints[first], around, "")
        joined: set[int] = set()
        if varying > 1:
            # Messages with one varying word are found by what is around it, those with several have to be tried.
            shape = hash((scope, len(around)))
            templates = self._templates.setdefault(shape, [])
            if len(templates) < MAX_TEMPLATES:
                templates.append(template)
                joined.update(one for one in self._messages.get(shape, ()) if _fits(around, self._words[one]))
        return joined | self._join_by_word(template, scope, varying + 1)

    def _join_by_similarity(self, node: int, scope: str) -> int | None:
        """Return the node that an error's message is similar to; note the message where there is none.

        The two have the same words where a word says something, and values where it does not: a word is a value only if
        it looks like one. Only messages that joined nothing are noted, so that likeness does not add up along a chain.
        """
        words = self._words[node]
        if (
            ANY_VALUE not in self._patterns[node]
            or not is_error(scope)
            or has_place(scope)
            or len(words) <= FIXED_WORDS
        ):
            return None
        key = hash((scope, *[_ANY_WORD if _looks_like_value(word) else word for word in words]))
        known = self._similar.setdefault(key, node)
        if known == node:
            return None
        likeness = fuzz.ratio(self._patterns[node], self._patterns[known], score_cutoff=self._cutoff)
        return known if likeness else None


def _fits(template: Sequence[str], words: Sequence[str]) -> bool:
    return all(a in (_ANY_WORD, b) for a, b in zip(template, words, strict=True))


def _looks_like_value(word: str) -> bool:
    return ANY_VALUE in word
