"""`monitoring/tracker-not-initialised`: a tracker is imported, and nothing in the tree initialises it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.check import Check, ProjectRule
from errtally.analyser.libraries.lookup import library
from errtally.analyser.model import Confidence, Facts, Hit, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def _find(facts: Mapping[str, Facts]) -> Iterator[Hit]:
    # JavaScript and TypeScript are one runtime: one initialises what the other reports to.
    families = {"python": ("python",), "javascript": ("javascript", "typescript"), "java": ("java",), "go": ("go",)}
    for languages in families.values():
        together = Facts()
        for language in languages:
            together.merge(facts.get(language, Facts()))
        for name in sorted(together.part("tracker")):
            known = library(name)
            if known is None or together.counts["tracker_init", name]:
                continue
            path, line = together.first["tracker", name]
            confidence = Confidence.LOW if known.is_started_outside else None
            yield Hit(line, 1, line, f"{name} is imported here, and nothing initialises it.", confidence, path)


CHECK = Check(
    name="monitoring/tracker-not-initialised",
    severity=Severity.CRITICAL,
    confidence=Confidence.MEDIUM,
    summary="tracker imported and never initialised",
    why="Every report goes nowhere, without an error, and the dashboard says that all is well.",
    instead="Call the tracker's init once, where the program starts, with the DSN from its environment.",
    rules=(ProjectRule(_find),),
)
