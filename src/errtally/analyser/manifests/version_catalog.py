"""Dependencies of Gradle's version catalogs, `gradle/libs.versions.toml`."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from errtally.analyser.manifests.lines import line_of
from errtally.analyser.sources.read import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator


def dependencies(text: str) -> Iterator[tuple[str, int]]:
    """Yield ``group:artifact`` and line of each library of the catalog.

    Raises:
        SourceError: the file is not TOML.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise SourceError("manifest", f"not TOML: {exc}") from exc
    libraries = document.get("libraries")
    for alias, entry in (libraries if isinstance(libraries, dict) else {}).items():
        if isinstance(entry, str):
            module = ":".join(entry.split(":")[:2])
        elif isinstance(entry, dict):
            module = entry.get("module") or f"{entry.get('group', '')}:{entry.get('name', '')}"
        else:
            continue
        yield module, line_of("\n" + text, f"\n{alias} ") or line_of("\n" + text, f"\n{alias}=")
