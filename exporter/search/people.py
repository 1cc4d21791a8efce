"""Who is looked for: ``user:`` with an id, an e-mail address, a name or an address, or one of these by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.exporter.digest.people import KINDS
from errtally.exporter.search.conditions import Person

if TYPE_CHECKING:
    from collections.abc import Mapping

KEYS: Mapping[str, tuple[str, ...]] = {
    "user": KINDS,
    "user.id": ("id",),
    "user.email": ("email",),
    "user.username": ("username",),
    "user.name": ("username",),
    "user.ip": ("ip",),
}
"""Keys to what the user may be called by."""

NO_WILDCARDS = "takes the whole name: users are kept as keyed hashes, which have no beginning and no end"


def person(key: str, name: str) -> Person:
    """Return the condition of a key and a name; ``user:email:ann@example.com`` says by what, as Sentry's tag does.

    Args:
        key: one of `KEYS`.
        name: what the user is called.
    """
    kind, colon, rest = name.partition(":")
    if key == "user" and colon and rest and kind in KINDS:
        return Person((kind,), rest)
    return Person(KEYS[key], name)
