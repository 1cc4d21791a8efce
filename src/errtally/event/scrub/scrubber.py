"""The scrubber: settings compiled once, then applied to texts, trees and events."""

from __future__ import annotations

import json
import re
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from errtally.event.scrub.assignments import scrub_assignments
from errtally.event.scrub.catalogue import PLACEHOLDER, rules
from errtally.event.scrub.clean_frames import MEMO_LIMIT, MEMO_TEXT_LENGTH, CleanFrames
from errtally.event.scrub.cut import MARKS, scrub_cut
from errtally.event.scrub.events import scrub_event
from errtally.event.scrub.gates import gates
from errtally.event.scrub.key_finder import anchors, finder
from errtally.event.scrub.keys import KeyMatcher
from errtally.event.scrub.prefilter import LONG_CHARACTERS, may_have_colons, may_have_numbers
from errtally.event.scrub.settings import ScrubSettings
from errtally.event.scrub.source import Place
from errtally.event.scrub.sql import BOUND_NEEDLES, scrub_bound, scrub_insert, scrub_named, scrub_typed
from errtally.event.scrub.sql import NEEDLE as INSERT
from errtally.event.scrub.tree import TreeWalk
from errtally.event.scrub.values import blocks, value_rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from errtally.event.model import Event
    from errtally.event.scrub.gates import Gate
    from errtally.event.scrub.settings import TextPattern
    from errtally.event.scrub.values import Block, Counts, ValueRule

_Seen = tuple[bool, bool, bool]
"""What is known of a text before it is scrubbed: whether it may have numbers, colons and needles."""

_SHORTEST_SECRET = 5
_SHORTEST_TOKEN = 15
_TEXT_LIMIT = 262_144
"""Characters of one text that are kept: no page shows more, and the time for one text is bounded."""
_MORE_PASSES = 3
_JSON_TEXT_LENGTH_LIMIT = 262_144
_SEPARATORS_OF_A_MAC = 5
_FIRST = frozenset({"private_key", "url_credentials", "sql"})
_ADDRESSES = frozenset({"ip_address", "mac_address", "ssn", "phone"})
_NOT_IN: dict[Place, frozenset[str]] = {
    Place.TEXT: frozenset(),
    Place.SOURCE: frozenset(),
    Place.NAME: _ADDRESSES,
    Place.VERSION: _ADDRESSES | {"email"},
}
"""Rules that do not hold in names: `1.2.3.4` is a version there, `shop@1.4.2` a package."""
_SALTS = tuple(bytes([place]) * 16 for place in Place)
_BLANK = re.compile(r"\s")
_METHOD = re.compile(r"[A-Z]{3,7} /?[^\s]*\Z")
_ASCII_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


class Scrubber:
    """Takes secrets and personal data out; holds no state but memos of what it has seen to be clean.

    Every method takes ``counts``, a Counter or dict to which the number of redactions by rule is added.
    """

    def __init__(
        self, settings: ScrubSettings | None = None, compile_pattern: Callable[[str], TextPattern] = re.compile
    ) -> None:
        """Compile the settings.

        Args:
            settings: the defaults when None.
            compile_pattern: as `ScrubSettings.compiled_patterns`.

        Raises:
            ConfigError: a further pattern is not a regular expression.
        """
        self.settings = settings or ScrubSettings()
        self._patterns = self.settings.compiled_patterns(compile_pattern)
        self._allow_paths = tuple(tuple(entry.split(".")) for entry in self.settings.allow if "." in entry)
        self.keys = KeyMatcher(self.settings.keys, [entry for entry in self.settings.allow if "." not in entry])
        self._rules = value_rules(self.settings, self.keys)
        self._rules_before = tuple(rule for rule in self._rules if rule.name in _FIRST)
        self._rules_after = tuple(
            blocks(rule for rule in self._rules if rule.name not in _FIRST and rule.name not in _NOT_IN[place])
            for place in Place
        )
        # Without a needle, only these can match.
        self._rules_of_numbers = tuple(
            tuple((search, rules_) for search, rules_ in of_place if search is None) for of_place in self._rules_after
        )
        self._ascii_assignments = re.compile(finder(self.settings.keys))
        self._anchors = re.compile(anchors(self.settings.keys))
        # Half of all texts are too short for a token, and the words of tokens are the most.
        self._gates = self._gates_of(self._rules)
        self._gates_of_short = self._gates_of(tuple(rule for rule in self._rules if rule.name != "token"))
        self._digits = re.compile(rules()["digit_guard"])
        self._colons = re.compile(rules()["colon_guard"])
        # By place, as all that is looked up by one: a tuple's index costs less than the hash of a member of an Enum.
        self.clean: tuple[set[str], ...] = tuple(set() for _ in Place)
        self.clean_frames = CleanFrames()
        self._redacted: dict[bytes, tuple[str, tuple[tuple[str, int], ...]]] = {}

    def scrub_text(self, text: str, counts: Counts | None = None) -> str:
        """Return a free text (message, URL, stack trace) without its secrets."""
        return self._scrub_place(text, counts, Place.TEXT)

    def scrub_source(self, text: str, counts: Counts | None = None) -> str:
        """Return a source line without its secrets: of what a name says is secret only literals go."""
        return self._scrub_place(text, counts, Place.SOURCE)

    def scrub_name(self, text: str, counts: Counts | None = None) -> str:
        """Return a name (type, transaction, environment, file) without its secrets; what has blanks is a free text."""
        if text in self.clean[Place.NAME]:
            return text
        return self._scrub_place(text, counts, Place.NAME if _is_name(text) else Place.TEXT)

    def scrub_version(self, text: str, counts: Counts | None = None) -> str:
        """Return a version or a release without its secrets; what has blanks is a free text."""
        if text in self.clean[Place.VERSION]:
            return text
        return self._scrub_place(text, counts, Place.TEXT if _BLANK.search(text) else Place.VERSION)

    def _scrub_place(self, text: str, counts: Counts | None, place: Place) -> str:
        clean = self.clean[place]
        if text in clean or len(text) < _SHORTEST_SECRET:
            return text
        is_long = len(text) > LONG_CHARACTERS
        if is_long and len(text) > _TEXT_LIMIT:
            counts = {} if counts is None else counts
            counts["limit"] = counts.get("limit", 0) + 1
            return self._scrub_place(f"{text[: _TEXT_LIMIT - 1]}{MARKS[0]}", counts, place) + PLACEHOLDER
        lowered = _lowered(text)
        has_digits = (not is_long or may_have_numbers(lowered)) and self._digits.search(lowered) is not None
        has_colons = (
            (lowered.count(":") >= _SEPARATORS_OF_A_MAC or lowered.count("-") >= _SEPARATORS_OF_A_MAC)
            and (not is_long or may_have_colons(lowered))
            and self._colons.search(lowered) is not None
        )
        has_needle = self._has_needle(lowered)
        counts = {} if counts is None else counts
        scrubbed = text
        if (
            has_digits
            or has_colons
            or has_needle
            or self._patterns
            # Apart, because `re` skips quickly only while the first letters of all branches are few.
            or self._assignment(lowered).search(lowered) is not None
            # Pairs in a JSON document, as headers are often sent, have no sign between key and value.
            or (lowered[0] in "{[" and self._anchors.search(lowered) is not None)
        ):
            scrubbed = self._scrub_remembered(text, lowered, counts, place, (has_digits, has_colons, has_needle))
        if text.endswith(MARKS):
            scrubbed = scrub_cut(scrubbed, self.settings, self.keys, counts)
        if scrubbed != text:
            return scrubbed
        if len(text) <= MEMO_TEXT_LENGTH:
            if len(clean) >= MEMO_LIMIT:
                clean.clear()
            clean.add(text)
        return text

    def scrub_value(self, value: Any, counts: Counts | None = None) -> Any:  # noqa: ANN401 (any tree in, the same out)
        """Return a copy of a tree of dicts, lists, tuples, texts and numbers without its secrets.

        Containers keep their types, what is redacted becomes a text. The value of a secret key goes as a whole. What
        lies deeper than ``tree.DEPTH_LIMIT`` or beyond ``tree.NODE_LIMIT`` nodes is replaced, and so is a container
        within itself.
        """
        return TreeWalk(self, self._allow_paths, {} if counts is None else counts).scrub(value)

    def scrub_event(self, event: Event, counts: Counts | None = None) -> Event:
        """Take the secrets out of an event, in place, and return it.

        The caller takes what it counts users by from ``event.user.identity()`` before.
        """
        return scrub_event(event, self, {} if counts is None else counts)

    @staticmethod
    def _gates_of(rules_: tuple[ValueRule, ...]) -> tuple[Gate, ...]:
        words = [(rule.sign, rule.needles) for rule in rules_]
        own = [(rule.sign, rule.gate) for rule in rules_ if rule.gate]
        return gates([*words, ("(", (INSERT, *BOUND_NEEDLES)), ("[", BOUND_NEEDLES)], own)

    def _has_needle(self, lowered: str) -> bool:
        """Whether a rule's needle may stand in a text: most texts are ruled out by a sign that every needle has."""
        known = self._gates if len(lowered) >= _SHORTEST_TOKEN else self._gates_of_short
        for sign, search in known:  # noqa: SIM110 (twice as fast as any() of a generator, on the hot path)
            if sign in lowered and search(lowered) is not None:
                return True
        return False

    def _assignment(self, lowered: str) -> re.Pattern[str]:
        return self._ascii_assignments if lowered.isascii() else self._other_assignments

    @cached_property
    def _other_assignments(self) -> re.Pattern[str]:
        """Keys of all alphabets; compiling them takes longer than all else, and many programs never write one."""
        return re.compile(finder(self.settings.keys, is_ascii=False))

    def _scrub_remembered(self, text: str, lowered: str, counts: Counts, place: Place, seen: _Seen) -> str:
        """Source lines with a secret come again with every event; the memo knows them by digest, never by text."""
        if len(text) > MEMO_TEXT_LENGTH:
            return self._scrub(text, lowered, counts, place, seen)
        digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16, salt=_SALTS[place]).digest()
        known = self._redacted.get(digest)
        if known is None:
            own: dict[str, int] = {}
            scrubbed = self._scrub(text, lowered, own, place, seen)
            has_digits, has_colons, _ = seen
            for _ in range(_MORE_PASSES if own else 0):
                # What one rule took out can uncover what another looks for, a needle as well.
                again, seen = scrubbed, (has_digits, has_colons, any(seen))
                scrubbed = self._scrub(again, _lowered(again), own, place, seen)
                if again == scrubbed:
                    break
            known = (scrubbed, tuple(own.items()))
            if own:
                if len(self._redacted) >= MEMO_LIMIT:
                    self._redacted.clear()
                self._redacted[digest] = known
        for rule, count in known[1]:
            counts[rule] = counts.get(rule, 0) + count
        return known[0]

    def _scrub(self, text: str, lowered: str, counts: Counts, place: Place, seen: _Seen) -> str:
        has_digits, has_colons, has_needle = seen
        scrubbed = text
        if text[0] in "{[" and text[-1] in "}]":
            scrubbed = self._scrub_json(text, counts)
            if scrubbed is not text:
                lowered = _lowered(scrubbed)
                has_needle = self._has_needle(lowered)
        values = has_digits or has_colons or has_needle
        if values:
            before = scrubbed
            if INSERT in lowered:
                scrubbed = scrub_insert(scrubbed, self.keys, counts)
            if any(needle in lowered for needle in BOUND_NEEDLES):
                scrubbed = scrub_bound(scrubbed, self.keys, counts)
                scrubbed = scrub_named(scrubbed, self.keys, counts)
                scrubbed = scrub_typed(scrubbed, self.keys, counts)
            for rule in self._rules_before:
                if rule.applies(lowered, has_digits=has_digits, has_colons=has_colons):
                    scrubbed = rule.scrub(scrubbed, counts)
            if scrubbed is not before:
                lowered = _lowered(scrubbed)
        assignment = self._assignment(lowered)
        scrubbed = scrub_assignments(scrubbed, assignment, lowered, self.keys, counts, place=place)
        if values:
            known = (self._rules_after if has_needle else self._rules_of_numbers)[place]
            scrubbed = _scrub_blocks(known, scrubbed, lowered, counts, seen)
        for pattern in self._patterns:
            scrubbed = _redact_between_placeholders(pattern, scrubbed, counts)
        return scrubbed

    def _scrub_json(self, text: str, counts: Counts) -> str:
        """Scrub a text that is a JSON document by its keys; any other text comes back as it is."""
        if len(text) > _JSON_TEXT_LENGTH_LIMIT:
            return text
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            return text
        own: dict[str, int] = {}
        scrubbed = self.scrub_value(document, own)
        for rule, count in own.items():
            counts[rule] = counts.get(rule, 0) + count
        return json.dumps(scrubbed, ensure_ascii=False) if own else text


def _is_name(text: str) -> bool:
    """Names have no blanks, but for a request's method in front of its path."""
    return (" " not in text and _BLANK.search(text) is None) or _METHOD.match(text) is not None


def _lowered(text: str) -> str:
    """The text in lower case, of the same length: a few letters become two, and then only ASCII is lowered."""
    lowered = text.lower()
    return lowered if len(lowered) == len(text) else text.translate(_ASCII_LOWER)


def _redact_between_placeholders(pattern: TextPattern, text: str, counts: Counts) -> str:
    """Apply a pattern of the user's; what is redacted already is never matched again."""
    total = 0
    pieces = text.split(PLACEHOLDER)
    for index, piece in enumerate(pieces):
        pieces[index], count = pattern.subn(PLACEHOLDER, piece)
        total += count
    if not total:
        return text
    counts["pattern"] = counts.get("pattern", 0) + total
    return PLACEHOLDER.join(pieces)


def _scrub_blocks(known: tuple[Block, ...], text: str, lowered: str, counts: Counts, seen: _Seen) -> str:
    """Apply the rules of those blocks that may match."""
    has_digits, has_colons, _ = seen
    for may_match, rules_ in known:
        if may_match is None or may_match(lowered) is not None:
            for rule in rules_:
                if rule.applies(lowered, has_digits=has_digits, has_colons=has_colons):
                    text = rule.scrub(text, counts)
    return text
