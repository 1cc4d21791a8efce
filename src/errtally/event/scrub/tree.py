"""Walks a tree of plain values and scrubs it, never changing the original."""

from __future__ import annotations

import copy
from time import thread_time
from typing import TYPE_CHECKING, Any

from errtally.event.scrub.catalogue import PLACEHOLDER
from errtally.event.scrub.checks import is_card_number
from errtally.event.scrub.cookies import scrub_cookie_header
from errtally.event.scrub.keys import KeyKind
from errtally.event.scrub.prose import is_schema, is_sentences
from errtally.event.scrub.source import Place

if TYPE_CHECKING:
    from collections.abc import Iterable

    from errtally.event.scrub.text_scrubber import TextScrubber
    from errtally.event.scrub.values import Counts

DEPTH_LIMIT = 64
NODE_LIMIT = 100_000
CPU_LIMIT_SECONDS = 2.0
"""Time of this thread's processor that one tree may take; what is left then is redacted unread."""
_NODES_BETWEEN_LOOKS = 1024
_LONG_TEXT = 1024
_CARD_FROM = 10**12
_CARD_BELOW = 10**19
_PAIR = 2
_PRIVATE_OF_A_KEY = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


class TreeWalk:
    """One walk over one tree."""

    def __init__(
        self,
        scrubber: TextScrubber,
        allow_paths: tuple[tuple[str, ...], ...],
        counts: Counts,
    ) -> None:
        self._scrub_text = scrubber.scrub_text
        # Most texts are known to be clean, and looking here costs a fraction of the call that would say so.
        self._clean = scrubber.clean[Place.TEXT]
        self._clean_by_meaning = tuple(scrubber.clean[place] for place in (Place.VERSION, Place.NAME, Place.SOURCE))
        self._by_meaning = (scrubber.scrub_version, scrubber.scrub_name, scrubber.scrub_source)
        self._keys = scrubber.keys
        self._allow_paths = allow_paths
        self._counts = counts
        self._nodes = 0
        self._read = 0
        self._started = thread_time()
        self._next_look = _NODES_BETWEEN_LOOKS
        self._open: set[int] = set()
        self._path: list[str] = []

    def scrub(self, value: Any) -> Any:  # noqa: ANN401
        """Return the tree without its secrets."""
        kind = type(value)
        if kind is str:
            return self._text(value)
        if value is None or kind is float or kind is bool:
            return value
        if isinstance(value, int):
            if _CARD_FROM <= value < _CARD_BELOW and is_card_number(str(value)):
                return self._redact("card")
            return value
        if isinstance(value, dict | list | tuple | set | frozenset):
            return self._container(value)
        if isinstance(value, str):
            return self._scrub_text(str(value), self._counts)
        if isinstance(value, bytes):
            return self._scrub_text(value.decode("latin-1"), self._counts).encode("latin-1")
        return value

    def _text(self, value: str) -> str:
        if len(value) > _LONG_TEXT:
            self._read += len(value) // _LONG_TEXT
            if self._is_late():
                return self._redact("limit")
        return self._scrub_text(value, self._counts)

    def _is_late(self) -> bool:
        """Whether the tree took its time; looked at once for some thousand texts, or characters of long ones."""
        done = self._nodes + self._read * 64
        if done < self._next_look:
            return False
        if thread_time() - self._started > CPU_LIMIT_SECONDS:
            return True
        self._next_look = done + _NODES_BETWEEN_LOOKS
        return False

    def _container(self, value: Any) -> Any:  # noqa: ANN401
        self._nodes += len(value) + 1
        if len(self._open) >= DEPTH_LIMIT or self._nodes > NODE_LIMIT or id(value) in self._open or self._is_late():
            return self._redact("limit")
        self._open.add(id(value))
        try:
            if isinstance(value, dict):
                return self._mapping(value)
            if isinstance(value, list | tuple) and value and all(map(_is_pair, value)):
                return _like(value, [self._pair(pair) for pair in value])
            return _like(value, map(self.scrub, value))
        finally:
            self._open.discard(id(value))

    def _mapping(self, value: dict[Any, Any]) -> dict[Any, Any]:
        result: dict[Any, Any] = {}
        again: dict[Any, int] = {}
        clean, kind_of, by_path = self._clean, self._keys.kind, bool(self._allow_paths)
        if "kty" in value:  # a JSON Web Key: what is private in it goes (RFC 7518, 6.2 to 6.4)
            value = {key: self._redact("key") if key in _PRIVATE_OF_A_KEY else child for key, child in value.items()}
        for key, child in value.items():
            new_key = key if key in clean or type(key) is not str else self._scrub_text(key, self._counts)
            if new_key in result:
                again[new_key] = again.get(new_key, 1) + 1
                new_key = f"{new_key}_{again[new_key]}"
            if by_path or type(key) is not str:
                result[new_key] = self._under(key, child)
            elif kind := kind_of(key):
                result[new_key] = self._by_kind(kind, child)
            elif type(child) is str:
                result[new_key] = child if child in clean else self._text(child)
            else:
                result[new_key] = None if child is None else self.scrub(child)
        if type(value) is dict:
            return result
        other = copy.copy(value)
        other.clear()
        other.update(result)
        return other

    def _pair(self, pair: Any) -> Any:  # noqa: ANN401
        """One of a list of pairs, as headers are often sent."""
        key, child = pair
        return _like(pair, [self._scrub_text(key, self._counts), self._under(key, child)])

    def _under(self, key: Any, child: Any) -> Any:  # noqa: ANN401
        """Scrub what stands under a key."""
        if type(key) is not str:
            return self.scrub(child)
        kind = self._keys.kind(key)
        if not self._allow_paths:
            return self._by_kind(kind, child)
        self._path.append(key)
        try:
            if kind is not KeyKind.PLAIN and any(self._path[-len(path) :] == list(path) for path in self._allow_paths):
                kind = KeyKind.PLAIN
            return self._by_kind(kind, child)
        finally:
            self._path.pop()

    def _by_kind(self, kind: KeyKind, child: Any) -> Any:  # noqa: ANN401
        if kind is KeyKind.PLAIN:
            return self.scrub(child)
        if kind is KeyKind.COOKIES:
            return self._cookies(child)
        if kind is not KeyKind.SECRET:
            return self._meant(kind, child)
        if child is None or child is True or child is False or child == "":
            return child  # nothing to hide, and often what the error is about
        if is_sentences(child) or is_schema(child):
            return self.scrub(child)
        return child if child == PLACEHOLDER else self._redact("key")

    def _meant(self, kind: KeyKind, child: Any) -> Any:  # noqa: ANN401
        """Versions, names and source lines are no free text, nor are they in a list or a mapping of them."""
        scrub, clean = self._by_meaning[kind - KeyKind.VERSION], self._clean_by_meaning[kind - KeyKind.VERSION]
        counts = self._counts
        if type(child) is str:
            return child if child in clean else scrub(child, counts)
        parts = child.values() if type(child) is dict and kind is not KeyKind.NAME else child
        if type(child) not in {dict, list} or not _are_texts(parts) or len(self._open) >= DEPTH_LIMIT:
            return self.scrub(child)
        self._nodes += len(child) + 1
        if self._nodes > NODE_LIMIT:
            return self._redact("limit")
        if type(child) is list:
            return [part if part in clean else scrub(part, counts) for part in child]
        return {
            self._scrub_text(key, counts) if type(key) is str else key: (
                self._under(key, part)
                if type(key) is str and self._keys.kind(key)
                else (scrub(part, counts) if type(part) is str else self.scrub(part))
            )
            for key, part in child.items()
        }

    def _cookies(self, value: Any) -> Any:  # noqa: ANN401
        """Cookies as a header's text, as a mapping by name, as pairs, or as a list of headers."""
        if isinstance(value, str):
            scrubbed, count = scrub_cookie_header(value, self._keys)
            if count:
                self._counts["cookie"] = self._counts.get("cookie", 0) + count
            return self._scrub_text(scrubbed, self._counts)
        if isinstance(value, dict):
            return self.scrub({name: self._cookie(name, child) for name, child in value.items()})
        if isinstance(value, list | tuple):
            if value and all(map(_is_pair, value)):
                value = [_like(pair, [pair[0], self._cookie(*pair)]) for pair in value]
                return self.scrub(value)
            return _like(
                value, [self._cookies(child) if isinstance(child, str) else self.scrub(child) for child in value]
            )
        return self.scrub(value)

    def _cookie(self, name: Any, value: Any) -> Any:  # noqa: ANN401
        if type(name) is str and value != PLACEHOLDER and self._keys.is_secret_cookie(name):
            return self._redact("cookie")
        return value

    def _redact(self, rule: str) -> str:
        self._counts[rule] = self._counts.get(rule, 0) + 1
        return PLACEHOLDER


def _are_texts(values: Iterable[Any]) -> bool:
    return all([type(value) is str for value in values])  # noqa: C419 (faster than a generator)


def _is_pair(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, list | tuple) and len(value) == _PAIR and type(value[0]) is str


def _like(original: Any, items: Iterable[Any]) -> Any:  # noqa: ANN401
    """Build a container of the original's type."""
    kind = type(original)
    if hasattr(kind, "_make"):
        return kind._make(items)
    if kind in {list, tuple, set, frozenset}:
        return kind(items)
    if isinstance(original, list):
        other = copy.copy(original)
        other[:] = items
        return other
    return tuple(items) if isinstance(original, tuple) else set(items)
