"""Dependencies of Go's go.mod."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def dependencies(text: str) -> Iterator[tuple[str, int]]:
    """Yield module and line of each requirement."""
    within = False
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.split("//", 1)[0].strip()
        if line.startswith("require (") or line == "require(":
            within = True
        elif within and line == ")":
            within = False
        elif within and line:
            yield line.split()[0], number
        elif line.startswith("require "):
            yield line.split()[1], number
