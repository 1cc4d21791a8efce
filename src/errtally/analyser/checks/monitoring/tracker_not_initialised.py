"""`monitoring/tracker-not-initialised`: a tracker is imported, and nothing in its service initialises it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.check import Check, ProjectRule
from errtally.analyser.libraries.lookup import library, library_of_package
from errtally.analyser.model import Confidence, Hit, Service, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def _find(service: Service) -> Iterator[Hit]:
    # JavaScript and TypeScript are one runtime: one initialises what the other reports to.
    families = {"python": ("python",), "javascript": ("javascript", "typescript"), "java": ("java",), "go": ("go",)}
    brought = {found.name for one in service.dependencies if one.is_peer and (found := library_of_package(one.name))}
    for languages in families.values():
        together = service.together(languages)
        for name in sorted(together.part("tracker")):
            known = library(name)
            if known is None or together.counts["tracker_init", name] or name in service.elsewhere:
                continue
            path, line = together.first["tracker", name]
            # Whoever uses the package brings a peer dependency along, and initialises it.
            confidence = Confidence.LOW if known.is_started_outside or name in brought else None
            yield Hit(line, 1, line, f"{name} is imported here, and nothing initialises it.", confidence, path)


CHECK = Check(
    name="monitoring/tracker-not-initialised",
    cwe=778,
    severity=Severity.CRITICAL,
    confidence=Confidence.MEDIUM,
    summary="tracker imported and never initialised",
    why="Every report goes nowhere, without an error, and the dashboard says that all is well.",
    instead="Call the tracker's init once, where the program starts, with the DSN from its environment.",
    rules=(ProjectRule(_find),),
)
