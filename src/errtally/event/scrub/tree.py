"""Walks a tree of plain values and scrubs it, never changing the original."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from errtally.event.scrub.catalogue import PLACEHOLDER
from errtally.event.scrub.checks import is_card_number
from errtally.event.scrub.cookies import scrub_cookie_header
from errtally.event.scrub.keys import KeyKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from errtally.event.scrub.keys import KeyMatcher
    from errtally.event.scrub.values import Counts

DEPTH_LIMIT = 64
NODE_LIMIT = 100_000
_CARD_FROM = 10**12
_CARD_BELOW = 10**19
_PAIR = 2


class TreeWalk:
    """One walk over one tree."""

    def __init__(
        self,
        scrub_text: Callable[[str, Counts], str],
        keys: KeyMatcher,
        allow_paths: tuple[tuple[str, ...], ...],
        counts: Counts,
    ) -> None:
        self._scrub_text = scrub_text
        self._keys = keys
        self._allow_paths = allow_paths
        self._counts = counts
        self._nodes = 0
        self._open: set[int] = set()
        self._path: list[str] = []

    def scrub(self, value: Any) -> Any:  # noqa: ANN401
        """Return the tree without its secrets."""
        kind = type(value)
        if kind is str:
            return self._scrub_text(value, self._counts)
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

    def _container(self, value: Any) -> Any:  # noqa: ANN401
        self._nodes += len(value) + 1
        if len(self._open) >= DEPTH_LIMIT or self._nodes > NODE_LIMIT or id(value) in self._open:
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
        for key, child in value.items():
            new_key = self._scrub_text(key, self._counts) if type(key) is str else key
            while new_key in result:
                new_key = f"{new_key}_"
            result[new_key] = self._under(key, child)
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
        return child if child == PLACEHOLDER else self._redact("key")

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
