"""Dependencies of npm's package.json."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from errtally.analyser.manifests.lines import line_of
from errtally.analyser.sources.read import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEYS = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")
_PEERS = ("peerDependencies",)


def dependencies(text: str) -> Iterator[tuple[str, int]]:
    """Yield name and line of each dependency.

    Raises:
        SourceError: the file is not a JSON object.
    """
    yield from _named(text, _KEYS)


def peers(text: str) -> set[str]:
    """Return the names of what a package's users bring along; the file has been read by `dependencies`."""
    return {name for name, _ in _named(text, _PEERS)}


def _named(text: str, keys: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    try:
        document = json.loads(text)
    except ValueError as exc:
        raise SourceError("manifest", f"not JSON: {exc}", getattr(exc, "lineno", 0)) from exc
    if not isinstance(document, dict):
        raise SourceError("manifest", "not a JSON object")
    for key in keys:
        names = document.get(key)
        if isinstance(names, dict):
            for name in names:
                yield name, line_of(text, f'"{name}":') or line_of(text, f'"{name}"')
