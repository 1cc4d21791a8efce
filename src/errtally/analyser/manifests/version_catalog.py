"""Dependencies of Gradle's version catalogs, `gradle/libs.versions.toml`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.manifests import toml
from errtally.analyser.manifests.lines import line_of

if TYPE_CHECKING:
    from collections.abc import Iterator


def dependencies(text: str) -> Iterator[tuple[str, int]]:
    """Yield ``group:artifact`` and line of each library of the catalog.

    Raises:
        SourceError: the file is not TOML.
    """
    document = toml.read(text)
    libraries = document.get("libraries")
    for alias, entry in (libraries if isinstance(libraries, dict) else {}).items():
        if isinstance(entry, str):
            module = ":".join(entry.split(":")[:2])
        elif isinstance(entry, dict):
            module = entry.get("module") or f"{entry.get('group', '')}:{entry.get('name', '')}"
        else:
            continue
        yield module, line_of("\n" + text, f"\n{alias} ") or line_of("\n" + text, f"\n{alias}=")
