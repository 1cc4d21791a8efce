"""What a kept event is found by: its messages, the full names of its types, and who its user is. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.exporter.digest.people import KINDS, hashed

if TYPE_CHECKING:
    from collections.abc import Callable

    from errtally.event.model import Event, User

MAX_TEXTS = 6
"""Texts of one event: its message, and those exceptions that were raised last."""

MAX_CHARACTERS = 500

Names = tuple[str | None, str | None, str | None, str | None]
"""What a user is called, in the order of `people.KINDS`."""


def names(user: User | None) -> Names:
    """Return what a user is called; to be taken before the event is scrubbed, which changes the user."""
    return (None,) * 4 if user is None else (user.id, user.email, user.username, user.ip_address)


def texts(event: Event, name: Callable[[str | None], str]) -> tuple[str, ...]:
    """Return what an event says, each exception as ``package.Type: message``.

    Args:
        event: scrubbed.
        name: scrubs the name of a package: names take part in grouping as they were sent.
    """
    said = [event.message, *(_said(name(one.module), one.type, one.value) for one in reversed(event.exceptions))]
    return tuple(dict.fromkeys([text[:MAX_CHARACTERS] for text in said if text]))[:MAX_TEXTS]


def people(user: Names, key: bytes) -> tuple[int, ...]:
    """Return hashes of everything that a user is called.

    Args:
        user: as sent, not scrubbed.
        key: the installation's.
    """
    return tuple([hashed(kind, name, key) for kind, name in zip(KINDS, user, strict=True) if name])


def _said(module: str, type_: str | None, value: str | None) -> str:
    # Some clients' types have the module already, and Ruby's and Rust's are parted by colons.
    name = type_ or ""
    if module and type_ and not type_.startswith(module):
        name = f"{module}.{type_}"
    return f"{name}: {value}" if name and value else name or value or ""
