"""Fingerprints whose events count in another issue: what was merged, what must not be, and the patterns known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from errtally.config.grouping import GroupingSettings
from errtally.exporter.grouping.merging import Patterns

if TYPE_CHECKING:
    from errtally.exporter.grouping.merging import Join


@dataclass(slots=True)
class Aliases:
    """Aliases of all projects.

    Attributes:
        into: project and fingerprint to the fingerprint that it was merged into, which may be an alias again.
        claimed: project and fingerprint of events that nothing could read, and that belong to a read error's issue.
        guessed: project and fingerprint of errors known by their messages alone, for which one with a call was taken.
        vetoes: project and fingerprint of merges that were taken back; these are never made again by themselves.
        transition_ends: until when fingerprints of former versions are looked up, seconds since the epoch.
    """

    settings: GroupingSettings = field(default_factory=GroupingSettings)
    into: dict[tuple[str, str], str] = field(default_factory=dict)
    claimed: set[tuple[str, str]] = field(default_factory=set)
    guessed: set[tuple[str, str]] = field(default_factory=set)
    vetoes: set[tuple[str, str]] = field(default_factory=set)
    transition_ends: float = float("inf")
    _patterns: dict[str, Patterns] = field(default_factory=dict)

    def resolve(self, project: str, fingerprint: str) -> str:
        """Return the fingerprint of the issue that events of a fingerprint count in; its own when it is no alias."""
        into = self.into
        while (further := into.get((project, fingerprint))) is not None:
            fingerprint = further
        return fingerprint

    def note(self, project: str, fingerprint: str, scope: str, pattern: str) -> Join | None:
        """Note a fingerprint that appears for the first time; return what it belongs to by its pattern."""
        settings = self.settings
        if not settings.similarity and not settings.merge_varying_word:
            return None
        patterns = self._patterns.get(project)
        if patterns is None:
            patterns = self._patterns[project] = Patterns(
                similarity=settings.similarity, varying_word=settings.merge_varying_word
            )
        return patterns.add(fingerprint, scope, pattern)
