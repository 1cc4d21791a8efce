"""Who was hit by a kept event, by everything that the user is called: keyed hashes, never the names themselves."""

from __future__ import annotations

from hashlib import blake2b

KINDS = ("id", "email", "username", "ip")
"""What a user may be called by."""


def hashed(kind: str, name: str, key: bytes) -> int:
    """Return 64 bits that stand for one thing that a user is called; the case of letters does not matter.

    Args:
        kind: one of `KINDS`.
        name: what was sent, or is looked for.
        key: the installation's.
    """
    text = f"person\0{kind}\0{name.casefold()}".encode("utf-8", "replace")
    return int.from_bytes(blake2b(text, digest_size=8, key=key).digest(), "big", signed=True)
