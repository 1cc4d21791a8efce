"""Dependencies of pip's requirements files."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


def requirement_name(requirement: str) -> str:
    """Return the package of ``name[extra]>=1; marker``, "" for what names none, such as a URL or an option."""
    requirement = requirement.split("#", 1)[0].strip()
    if requirement.startswith("-"):
        return ""
    end = next((index for index, char in enumerate(requirement) if char not in _NAME), len(requirement))
    rest = requirement[end:].lstrip()
    return "" if rest.startswith((":", "/")) else requirement[:end]


def dependencies(text: str) -> Iterator[tuple[str, int]]:
    """Yield name and line of each dependency."""
    for number, line in enumerate(text.splitlines(), 1):
        if name := requirement_name(line):
            yield name, number
