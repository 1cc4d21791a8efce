"""Says whether a key, a header name or a cookie name holds a secret: by its words, not by raw substrings."""

from __future__ import annotations

import re
from enum import IntEnum
from typing import TYPE_CHECKING

from errtally.event.scrub.catalogue import rules

if TYPE_CHECKING:
    from collections.abc import Iterable

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_NOT_ALPHANUMERIC = re.compile(r"[^a-z0-9]+")
_MEMO_LIMIT = 4096
_KEY_LENGTH_LIMIT = 256


class KeyKind(IntEnum):
    """What a key says about its value."""

    PLAIN = 0
    SECRET = 1
    COOKIES = 2


def words(key: str) -> tuple[str, ...]:
    """Split a key at camelCase and at everything that is neither letter nor digit, and lower it."""
    return tuple(word.lower() for word in _WORD.findall(key.replace("%5B", "[").replace("%5D", "]")))


def _phrase(key: str) -> str:
    return f" {' '.join(words(key))} "


def _any_of(phrases: Iterable[str]) -> re.Pattern[str]:
    """A pattern for any of some phrases; an empty list matches nothing."""
    found = sorted({re.escape(phrase) for phrase in phrases if phrase.strip()})
    return re.compile("|".join(found) if found else r"(?!)")


class KeyMatcher:
    """Classifies keys; remembers the keys it has seen, because clients send the same ones for ever."""

    def __init__(self, extra: Iterable[str] = (), allow: Iterable[str] = ()) -> None:
        data = rules()["keys"]
        self._stems = re.compile("|".join(data["stems"]))
        self._phrases = _any_of(map(_phrase, [*data["words"], *data["phrases"], *extra]))
        self._harmless = _any_of(map(_phrase, data["harmless"]))
        self._whole = frozenset(map(_phrase, data["whole"]))
        self._cookies = frozenset(map(_phrase, data["cookies"]))
        self._cookie_names = frozenset(rules()["cookie_names"])
        self._cookie_words = frozenset(rules()["cookie_words"])
        self._allow = frozenset(map(_phrase, allow))
        self._memo: dict[str, KeyKind] = {}

    def kind(self, key: str) -> KeyKind:
        """Say what a key means for its value."""
        found = self._memo.get(key)
        if found is None:
            found = self._classify(key[-_KEY_LENGTH_LIMIT:])
            if len(self._memo) >= _MEMO_LIMIT:
                self._memo.clear()
            if len(key) <= _KEY_LENGTH_LIMIT:
                self._memo[key] = found
        return found

    def is_secret_cookie(self, name: str) -> bool:
        """Say whether a cookie of this name lets somebody in."""
        if name.lower() in self._cookie_names:
            return not self._is_allowed(_phrase(name))
        return self.kind(name) is KeyKind.SECRET or (
            not self._cookie_words.isdisjoint(words(name)) and not self._is_allowed(_phrase(name))
        )

    def _is_allowed(self, phrase: str) -> bool:
        return phrase in self._allow or self._harmless.search(phrase) is not None

    def _classify(self, key: str) -> KeyKind:
        phrase = _phrase(key)
        if phrase in self._cookies:
            return KeyKind.PLAIN if phrase in self._allow else KeyKind.COOKIES
        flat = _NOT_ALPHANUMERIC.sub("", key.lower())
        if phrase not in self._whole and not self._stems.search(flat) and not self._phrases.search(phrase):
            return KeyKind.PLAIN
        return KeyKind.PLAIN if self._is_allowed(phrase) else KeyKind.SECRET
