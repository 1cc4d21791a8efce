"""Dependencies of a Pipfile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.manifests import toml
from errtally.analyser.manifests.lines import line_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_NOT_PACKAGES = {"source", "requires", "scripts", "pipenv"}


def dependencies(text: str) -> Iterator[tuple[str, int]]:
    """Yield name and line of each dependency.

    Raises:
        SourceError: the file is not TOML.
    """
    document = toml.read(text)
    for category, packages in document.items():
        if category not in _NOT_PACKAGES and isinstance(packages, dict):
            for name in packages:
                at = line_of("\n" + text, f"\n{name} ") or line_of("\n" + text, f"\n{name}=")
                yield name, at or line_of(text, name)
