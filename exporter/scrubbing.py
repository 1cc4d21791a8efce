"""Scrubbing as the configuration file chooses it: settings with their places, and scrubbers made of them.

Patterns of the file run under RE2, whose time grows with the text's length whatever the pattern: a sender of hostile
texts can't use a careless pattern to stop the exporter. What RE2 does not have (looking ahead and behind, references
to groups) is refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from errtally.errors import ConfigError
from errtally.event.scrub import Scrubber, ScrubSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from errtally.event.scrub.settings import Match

MAX_PATTERN_BYTES = 1 << 20
"""Memory that one compiled pattern may take; more means repetitions like ``(\\w{1,500}){1,500}``."""


def scrubbing(
    entry: Mapping[str, Any], place: str, problems: list[str], common: ScrubSettings | None = None
) -> ScrubSettings:
    """Build settings from a part of the file that fits the schema.

    Args:
        entry: the whole file or a project, of which ``scrubbing`` is read.
        place: where that stands in the file, put in front of each problem.
        problems: what is wrong is added here.
        common: what holds without a project: its lists are added to, its switches give way.
    """
    values: Mapping[str, Any] = entry.get("scrubbing", {})
    common = common or ScrubSettings()
    patterns: tuple[str, ...] = tuple(values.get("patterns", ()))
    try:
        ScrubSettings(patterns=patterns).compiled_patterns(linear_pattern)
    except ConfigError as exc:
        problems += [f"{place}.{problem}" for problem in exc.problems]
        patterns = ()
    return ScrubSettings(
        keys=(*common.keys, *values.get("keys", ())),
        patterns=(*common.patterns, *patterns),
        allow=(*common.allow, *values.get("allow", ())),
        emails=values.get("emails", common.emails),
        ip_addresses=values.get("ip_addresses", common.ip_addresses),
        home_directories=values.get("home_directories", common.home_directories),
        phones=values.get("phones", common.phones),
    )


def scrubber(settings: ScrubSettings) -> Scrubber:
    """Make the scrubber of checked settings."""
    return Scrubber(settings, linear_pattern)


def linear_pattern(source: str) -> LinearPattern:
    """Compile a regular expression under RE2.

    Raises:
        re.error: it is not one that RE2 takes, or is too large.
    """
    return LinearPattern(source)


class LinearPattern:
    """A regular expression that takes time in proportion to the text; has what `scrub.settings.TextPattern` asks."""

    def __init__(self, source: str) -> None:
        import re2  # noqa: PLC0415 (a process without patterns need not load it)

        options = re2.Options()
        options.log_errors = False
        options.max_mem = MAX_PATTERN_BYTES
        try:
            self._pattern = re2.compile(source, options)
        except re2.error as exc:
            reason = exc.args[0] if exc.args else exc
            raise re.error(reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)) from exc
        except UnicodeEncodeError as exc:
            raise re.error("half of a surrogate pair") from exc

    def search(self, string: str) -> Match | None:
        """Find the first match."""
        found: Match | None = self._pattern.search(_encodable(string))
        return found

    def subn(self, repl: str, string: str) -> tuple[str, int]:
        """Replace every match and count them."""
        text = _encodable(string)
        if self._pattern.search(text) is None:
            return string, 0
        replaced: tuple[str, int] = self._pattern.subn(repl, text)
        return replaced


def _encodable(text: str) -> str:
    """The text with question marks for halves of surrogate pairs, which RE2 can't take."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
