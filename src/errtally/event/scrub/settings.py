"""What a user of the scrubber can choose."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from errtally.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

AddressMode = Literal["keep", "public", "all"]

_PROBE = "a b-1"


class Match(Protocol):
    """The part of a match that is used."""

    def start(self) -> int:
        """Where it begins."""
        ...

    def end(self) -> int:
        """Where it ends."""
        ...


class TextPattern(Protocol):
    """The part of a compiled regular expression that is used."""

    def search(self, string: str, /) -> Match | None:
        """Find the first match."""
        ...

    def subn(self, repl: str, string: str, /) -> tuple[str, int]:
        """Replace every match and count them."""
        ...


@dataclass(frozen=True, slots=True)
class ScrubSettings:
    """Settings of a scrubber; the defaults are what docs/scrubbing.md promises.

    Attributes:
        keys: further key words; a key that has the word, or the words of it in a row, is secret.
        patterns: further regular expressions; what they match is redacted in every text.
        allow: keys (``max_retries_token``) or dotted paths (``request.headers.x-token``) that are never secret. Value
            patterns still apply below them. A path matches the end of the place, list positions left out.
        emails: redact e-mail addresses.
        ip_addresses: ``public`` redacts addresses that can belong to a person and keeps private and loopback ones,
            which name one's own machines; ``all`` and ``keep`` do what they say.
        home_directories: redact the user's name in home directories.
        phones: redact international phone numbers; off, because many other numbers look like one.
    """

    keys: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    emails: bool = True
    ip_addresses: AddressMode = "public"
    home_directories: bool = True
    phones: bool = False

    def compiled_patterns(self, compile_pattern: Callable[[str], TextPattern] = re.compile) -> tuple[TextPattern, ...]:
        """Compile the further patterns.

        Args:
            compile_pattern: makes a pattern of its text, or raises ``re.error``.

        Raises:
            ConfigError: one or more are not regular expressions, or match the empty text; lists all of them.
        """
        compiled: list[TextPattern] = []
        problems: list[str] = []
        for index, source in enumerate(self.patterns):
            try:
                pattern = compile_pattern(source)
            except re.error as exc:
                problems.append(f"patterns[{index}]: {source!r} is not a regular expression: {exc}")
                continue
            if any(found is not None and found.start() == found.end() for found in map(pattern.search, ("", _PROBE))):
                problems.append(f"patterns[{index}]: {source!r} matches the empty text, which is everywhere")
            compiled.append(pattern)
        if self.ip_addresses not in {"keep", "public", "all"}:
            problems.append(f"ip_addresses: {self.ip_addresses!r} is not one of 'keep', 'public', 'all'")
        if problems:
            raise ConfigError(problems)
        return tuple(compiled)
