"""What was counted already: a bounded memory of hashes, so that a second delivery of an event counts once."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

CAPACITY = 200_000
"""Ids remembered at least; twice as many at most. SDKs send again within seconds, so minutes of memory suffice."""


def hashed(*parts: str) -> int:
    """Hash an identity to 64 bits."""
    digest = blake2b("\0".join(parts).encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big")


class Seen:
    """Two generations of hashes: when the newer one is full, the older one is forgotten."""

    def __init__(self, hashes: Iterable[int] = (), *, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._newer: set[int] = set()
        self._older: set[int] = set()
        for value in hashes:
            self.add(value)

    def __contains__(self, value: int) -> bool:
        """Whether a hash is remembered."""
        return value in self._newer or value in self._older

    def add(self, value: int) -> bool:
        """Remember a hash; False when it was known."""
        if value in self:
            return False
        if len(self._newer) >= self._capacity:
            self._older, self._newer = self._newer, set()
        self._newer.add(value)
        return True
