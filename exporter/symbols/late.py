"""Kept events when somebody looks at them: what came before its source map is read by it all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import structlog

from errtally.errors import StoreError
from errtally.exporter.artifacts.artifact import NATIVE, PROGUARD, SOURCE_MAP
from errtally.exporter.scrubbing import scrubber
from errtally.exporter.symbols.pages import UNREAD, read_page

if TYPE_CHECKING:
    from errtally.event.scrub import Scrubber
    from errtally.exporter.config import ExporterConfig
    from errtally.exporter.symbols.located import Missing
    from errtally.exporter.symbols.resolver import Resolver

MAX_UNREAD: Final = 20
MAX_NAMED: Final = 5
_log = structlog.get_logger(__name__)


class LateReader:
    """Reads kept events. Safe for threads.

    Args:
        resolver: knows what was uploaded.
        config: says what is secret: source lines of a late map come after everything else was scrubbed.
    """

    def __init__(self, resolver: Resolver, config: ExporterConfig) -> None:
        self._resolver = resolver
        self._common = scrubber(config.scrubbing)
        self._own: dict[str, Scrubber] = {
            project.name: scrubber(project.scrubbing)
            for project in config.projects
            if project.scrubbing != config.scrubbing
        }

    def read(self, project: str, page: dict[str, Any]) -> dict[str, Any]:
        """Return a kept event with the calls that can be read by now, and a note on those that can't.

        Args:
            project: whose event it is.
            page: of any shape; it stays as it is.
        """
        try:
            if not self._resolver.serves(project):
                return page
            scrub = self._own.get(project, self._common)
            reading = read_page(self._resolver, project, page, lambda frame: dict(scrub.scrub_value(frame)))
            missing = list(reading.trace.missing.values())[:MAX_UNREAD]
            if not missing:
                return reading.page
            return {**reading.page, UNREAD: [self._in_words(project, one) for one in missing]}
        except StoreError as exc:
            _log.warning("uploaded files can't be read", error=str(exc))
            return page

    def _in_words(self, project: str, missing: Missing) -> dict[str, Any]:
        """Return a note in words, with what was uploaded in place of what is missing."""
        told = {
            "file": missing.file,
            "debug_id": missing.debug_id,
            "reason": missing.reason,
            "message": missing.message,
        }
        if missing.reason != "not_uploaded":
            return told
        kinds = {SOURCE_MAP} if missing.file else {PROGUARD, NATIVE}
        uploaded = [one for one in self._resolver.uploaded(project) if one.kind in kinds]
        names = [one.debug_id or f"{one.url} of {one.release}" for one in uploaded[:MAX_NAMED]]
        return told | {"uploaded": names, "uploaded_count": len(uploaded)}
