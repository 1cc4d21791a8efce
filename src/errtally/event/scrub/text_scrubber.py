"""What scrubs one text: of a `Scrubber`, the part by which events and trees are scrubbed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from errtally.event.scrub.clean_frames import CleanFrames
    from errtally.event.scrub.keys import KeyMatcher
    from errtally.event.scrub.settings import ScrubSettings
    from errtally.event.scrub.values import Counts


class TextScrubber(Protocol):
    """Scrubs texts by what they are.

    Attributes:
        settings: what to take out.
        keys: knows names of secrets.
        clean: texts that are known to have no secret, by `Place`.
        clean_frames: the same of frames.
    """

    settings: ScrubSettings
    keys: KeyMatcher
    clean: tuple[set[str], ...]
    clean_frames: CleanFrames

    def scrub_text(self, text: str, counts: Counts | None = None) -> str:
        """Return a free text without its secrets."""
        ...

    def scrub_source(self, text: str, counts: Counts | None = None) -> str:
        """Return a source line without its secrets."""
        ...

    def scrub_name(self, text: str, counts: Counts | None = None) -> str:
        """Return a name without its secrets."""
        ...

    def scrub_version(self, text: str, counts: Counts | None = None) -> str:
        """Return a version or a release without its secrets."""
        ...
