"""Dependencies of Gradle's build files, as far as they stand there as strings ``group:artifact:version``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# A manifest and not source: what is looked for is the coordinate, whatever Groovy or Kotlin surrounds it.
_COORDINATE = re.compile(r"""["']([\w.\-]+):([\w.\-]+)(?::[^"']*)?["']""")
_PROJECT = re.compile(r"""\bproject\(\s*(?:path\s*[:=]\s*)?["']:?([\w.:\-]+)["']""")
"""Another project of the same build."""


def dependencies(text: str) -> Iterator[tuple[str, int]]:
    """Yield ``group:artifact`` and line of each dependency."""
    for number, line in enumerate(text.splitlines(), 1):
        words = line.strip()
        if words.startswith("//"):
            continue
        for match in _COORDINATE.finditer(words):
            if "." in match[1] or match[1] == match[2]:
                yield f"{match[1]}:{match[2]}", number
        for match in _PROJECT.finditer(words):
            yield f":{match[1].rsplit(':', 1)[-1]}", number
