"""Says whether a key, a header name or a cookie name holds a secret: by its words, not by raw substrings."""

from __future__ import annotations

import re
import unicodedata
from enum import IntEnum
from typing import TYPE_CHECKING

from errtally.event.scrub.catalogue import rules

if TYPE_CHECKING:
    from collections.abc import Iterable

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_A-Za-z]+")
_NOT_ALPHANUMERIC = re.compile(r"[\W_]+")
_UNACCENTED = {0x142: "l", 0x141: "L", 0xF8: "o", 0x131: "i"}
"""Letters that are not written as a letter and an accent: Polish l, Danish o, Turkish i."""
_MEMO_LIMIT = 4096
_KEY_LENGTH_LIMIT = 256
_BLANKS_OF_ONE_WORD = 2


class KeyKind(IntEnum):
    """What a key says about its value."""

    PLAIN = 0
    SECRET = 1
    COOKIES = 2
    VERSION = 3
    NAME = 4
    SOURCE = 5


def words(key: str) -> tuple[str, ...]:
    """Split a key at camelCase and at all that is neither letter nor digit; lower it, without accents."""
    if not key.isascii():
        decomposed = unicodedata.normalize("NFKD", key.translate(_UNACCENTED))
        key = unicodedata.normalize("NFC", "".join(char for char in decomposed if not _is_accent(char)))
    return tuple(word.lower() for word in _WORD.findall(key.replace("%5B", "[").replace("%5D", "]")))


def _is_accent(char: str) -> bool:
    """An accent of Latin letters; the marks of other scripts are letters of their own."""
    return "\u0300" <= char <= "\u036f"


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
        # Marks above and below letters are none to `\w`, in keys as here.
        self._stems = re.compile(
            "|".join(stem if stem.isascii() else _NOT_ALPHANUMERIC.sub("", _phrase(stem)) for stem in data["stems"])
        )
        self._phrases = _any_of(map(_phrase, [*data["words"], *data["phrases"]]))
        self._own = _any_of(map(_phrase, extra))
        self._harmless = _any_of(map(_phrase, data["harmless"]))
        self._ends = tuple(map(_phrase, data["ends"]))
        self._harmless_ends = tuple(map(_phrase, data["harmless_ends"]))
        self._whole = frozenset(map(_phrase, data["whole"]))
        self._cookies = frozenset(map(_phrase, data["cookies"]))
        self._versions = tuple(map(_phrase, data["versions"]))
        self._names = frozenset(map(_phrase, data["names"]))
        self._source = frozenset(map(_phrase, data["source"]))
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
        return (
            phrase in self._allow or self._harmless.search(phrase) is not None or phrase.endswith(self._harmless_ends)
        )

    def _classify(self, key: str) -> KeyKind:
        phrase = _phrase(key)
        if phrase in self._cookies:
            return KeyKind.PLAIN if phrase in self._allow else KeyKind.COOKIES
        if self._own.search(phrase):
            return KeyKind.PLAIN if phrase in self._allow else KeyKind.SECRET
        flat = _NOT_ALPHANUMERIC.sub("", key.lower() if key.isascii() else phrase)
        is_secret = phrase in self._whole or self._stems.search(flat) or self._phrases.search(phrase)
        if is_secret or (phrase.endswith(self._ends) and phrase.count(" ") > _BLANKS_OF_ONE_WORD):
            return KeyKind.PLAIN if self._is_allowed(phrase) else KeyKind.SECRET
        if phrase.endswith(self._versions):
            return KeyKind.VERSION
        if phrase in self._names:
            return KeyKind.NAME
        return KeyKind.SOURCE if phrase in self._source else KeyKind.PLAIN
