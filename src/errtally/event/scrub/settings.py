"""What a user of the scrubber can choose."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from errtally.errors import ConfigError

AddressMode = Literal["keep", "public", "all"]


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

    def compiled_patterns(self) -> tuple[re.Pattern[str], ...]:
        """Compile the further patterns.

        Raises:
            ConfigError: one or more are not regular expressions, or match the empty text; lists all of them.
        """
        compiled: list[re.Pattern[str]] = []
        problems: list[str] = []
        for index, source in enumerate(self.patterns):
            try:
                pattern = re.compile(source)
            except re.error as exc:
                problems.append(f"patterns[{index}]: {source!r} is not a regular expression: {exc}")
                continue
            if pattern.search("") is not None:
                problems.append(f"patterns[{index}]: {source!r} matches the empty text, which is everywhere")
            compiled.append(pattern)
        if self.ip_addresses not in {"keep", "public", "all"}:
            problems.append(f"ip_addresses: {self.ip_addresses!r} is not one of 'keep', 'public', 'all'")
        if problems:
            raise ConfigError(problems)
        return tuple(compiled)
