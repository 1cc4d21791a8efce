"""What a token for programs is: a name, scopes, and a hash in place of the token itself.

A token has 256 random bits, so that a plain hash says nothing about it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256

SCOPES = ("read", "write", "ingest-artifacts", "admin")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token.

    Attributes:
        hash: see `hash_of`.
        created: seconds since the epoch, as is ``last_used``, which is None for one that never was.
        by: who made it; "" for one of the configuration.
    """

    name: str
    hash: str
    scopes: tuple[str, ...]
    created: float = 0.0
    by: str = ""
    last_used: float | None = None


def hash_of(secret: str) -> str:
    """Return the hash under which a token is known: SHA-256 in hexadecimal digits."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
