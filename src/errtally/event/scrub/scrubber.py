"""The scrubber: settings compiled once, then applied to texts, trees and events."""

from __future__ import annotations

import json
import re
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from errtally.event.scrub.assignments import anchors, finder, scrub_assignments
from errtally.event.scrub.catalogue import PLACEHOLDER, rules
from errtally.event.scrub.cut import MARKS, scrub_cut
from errtally.event.scrub.keys import KeyMatcher
from errtally.event.scrub.prefilter import LONG_CHARACTERS, may_have_colons, may_have_numbers
from errtally.event.scrub.settings import ScrubSettings
from errtally.event.scrub.tree import TreeWalk
from errtally.event.scrub.values import value_rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from errtally.event.model import Event
    from errtally.event.scrub.settings import TextPattern
    from errtally.event.scrub.values import Counts

_SHORTEST_SECRET = 5
_MEMO_TEXT_LENGTH = 256
_MEMO_LIMIT = 8192
_MORE_PASSES = 3
_JSON_TEXT_LENGTH_LIMIT = 262_144
_SEPARATORS_OF_A_MAC = 5
_ASCII_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


class CleanFrames:
    """Source line, file name and path of frames that had nothing to redact: a crash has the same ones each time."""

    def __init__(self) -> None:
        self._known: set[tuple[str | None, ...]] = set()

    def __contains__(self, texts: tuple[str | None, ...]) -> bool:
        return texts in self._known

    def add(self, texts: tuple[str | None, ...]) -> None:
        """Remember the texts of a frame, unless they are long."""
        if all(text is None or len(text) <= _MEMO_TEXT_LENGTH for text in texts):
            if len(self._known) >= _MEMO_LIMIT:
                self._known.clear()
            self._known.add(texts)


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
        before = {"private_key", "url_credentials"}
        self._rules_before = tuple(rule for rule in self._rules if rule.name in before)
        self._rules_after = tuple(rule for rule in self._rules if rule.name not in before)
        assignment = finder(self.settings.keys)
        needles = sorted({re.escape(needle) for rule in self._rules for needle in rule.needles})
        self._assignment = re.compile(assignment)
        self._anchors = re.compile(anchors(self.settings.keys))
        self._needles = re.compile("|".join(needles))
        self._digits = re.compile(rules()["digit_guard"])
        self._colons = re.compile(rules()["colon_guard"])
        self._clean: set[str] = set()
        self.clean_frames = CleanFrames()
        self._redacted: dict[bytes, tuple[str, tuple[tuple[str, int], ...]]] = {}

    def scrub_text(self, text: str, counts: Counts | None = None) -> str:
        """Return a text (message, URL, stack trace, source line) without its secrets."""
        if text in self._clean or len(text) < _SHORTEST_SECRET:
            return text
        lowered = _lowered(text)
        is_long = len(text) > LONG_CHARACTERS
        has_digits = (not is_long or may_have_numbers(lowered)) and self._digits.search(lowered) is not None
        has_colons = (
            (lowered.count(":") >= _SEPARATORS_OF_A_MAC or lowered.count("-") >= _SEPARATORS_OF_A_MAC)
            and (not is_long or may_have_colons(lowered))
            and self._colons.search(lowered) is not None
        )
        counts = {} if counts is None else counts
        scrubbed = text
        if (
            has_digits
            or has_colons
            or self._patterns
            # Apart, because `re` skips quickly only while the first letters of all branches are few.
            or self._assignment.search(lowered) is not None
            or self._needles.search(lowered) is not None
            # Pairs in a JSON document, as headers are often sent, have no sign between key and value.
            or (lowered[0] in "{[" and self._anchors.search(lowered) is not None)
        ):
            scrubbed = self._scrub_remembered(text, lowered, counts, has_digits, has_colons)
        if text.endswith(MARKS):
            scrubbed = scrub_cut(scrubbed, self.settings, self.keys, counts)
        if scrubbed != text:
            return scrubbed
        if len(text) <= _MEMO_TEXT_LENGTH:
            if len(self._clean) >= _MEMO_LIMIT:
                self._clean.clear()
            self._clean.add(text)
        return text

    def scrub_value(self, value: Any, counts: Counts | None = None) -> Any:  # noqa: ANN401 (any tree in, the same out)
        """Return a copy of a tree of dicts, lists, tuples, texts and numbers without its secrets.

        Containers keep their types, what is redacted becomes a text. The value of a secret key goes as a whole. What
        lies deeper than ``tree.DEPTH_LIMIT`` or beyond ``tree.NODE_LIMIT`` nodes is replaced, and so is a container
        within itself.
        """
        return TreeWalk(self.scrub_text, self.keys, self._allow_paths, {} if counts is None else counts).scrub(value)

    def scrub_event(self, event: Event, counts: Counts | None = None) -> Event:
        """Take the secrets out of an event, in place, and return it.

        The caller takes what it counts users by from ``event.user.identity()`` before.
        """
        from errtally.event.scrub.events import scrub_event  # noqa: PLC0415 (it takes this class)

        return scrub_event(event, self, {} if counts is None else counts)

    def _scrub_remembered(self, text: str, lowered: str, counts: Counts, has_digits: bool, has_colons: bool) -> str:  # noqa: FBT001
        """Source lines with a secret come again with every event; the memo knows them by digest, never by text."""
        if len(text) > _MEMO_TEXT_LENGTH:
            return self._scrub(text, lowered, counts, has_digits, has_colons)
        digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        known = self._redacted.get(digest)
        if known is None:
            own: dict[str, int] = {}
            scrubbed = self._scrub(text, lowered, own, has_digits, has_colons)
            for _ in range(_MORE_PASSES if own else 0):
                # What one rule took out can uncover what another looks for.
                again = scrubbed
                scrubbed = self._scrub(again, _lowered(again), own, has_digits, has_colons)
                if again == scrubbed:
                    break
            known = (scrubbed, tuple(own.items()))
            if own:
                if len(self._redacted) >= _MEMO_LIMIT:
                    self._redacted.clear()
                self._redacted[digest] = known
        for rule, count in known[1]:
            counts[rule] = counts.get(rule, 0) + count
        return known[0]

    def _scrub(self, text: str, lowered: str, counts: Counts, has_digits: bool, has_colons: bool) -> str:  # noqa: FBT001
        scrubbed = text
        if text[0] in "{[" and text[-1] in "}]":
            scrubbed = self._scrub_json(text, counts)
            lowered = _lowered(scrubbed)
        values = has_digits or has_colons or self._needles.search(lowered) is not None
        if values:
            before = scrubbed
            for rule in self._rules_before:
                if rule.applies(lowered, has_digits=has_digits, has_colons=has_colons):
                    scrubbed = rule.scrub(scrubbed, counts)
            if scrubbed is not before:
                lowered = _lowered(scrubbed)
        scrubbed = scrub_assignments(scrubbed, self._assignment, lowered, self.keys, counts)
        if values:
            for rule in self._rules_after:
                if rule.applies(lowered, has_digits=has_digits, has_colons=has_colons):
                    scrubbed = rule.scrub(scrubbed, counts)
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
