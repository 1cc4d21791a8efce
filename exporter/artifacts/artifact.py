"""One uploaded file that a stack trace is read by, as the index knows it."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import Final

MINIFIED_SOURCE: Final = "minified_source"
SOURCE_MAP: Final = "source_map"
SOURCE: Final = "source"
PROGUARD: Final = "proguard"
NATIVE: Final = "native"
KINDS: Final = (MINIFIED_SOURCE, SOURCE_MAP, SOURCE, PROGUARD, NATIVE)

_UUID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)

_ABSOLUTE = re.compile(r"(?:[A-Za-z*][A-Za-z0-9+.*-]*:)?//[^/?#]*([^?#]*)")
"""Also with stars for parts of scheme and host."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """An uploaded file.

    It is found by its debug id; one without a debug id by release, distribution and URL.

    Attributes:
        project: whose events it is for.
        kind: one of ``KINDS``.
        sha1: of its content, 40 hex digits.
        size_bytes: of its content.
        debug_id: a UUID in lower case with hyphens, for native files with the age that may follow it; "" without. That
            of a ProGuard mapping is its UUID.
        release: "" where it serves any.
        dist: distribution of the release; "" serves all of them.
        url: as browsers load it, with ``~`` for scheme and host, without query and fragment; the name, or the path on
            the server, of a file that has no address. A ``*`` in it stands for any characters (Bugsnag's and
            Honeybadger's uploads have them): `Archive.by_url` knows that, so whoever asks gives plain URLs.
        map_url: the source map of a minified file, relative to ``url`` or absolute; "" where nothing was said. A script
            that came without its content (Rollbar takes the map alone) is in the index, empty, all the same.
        uploaded: seconds since the epoch.
    """

    project: str
    kind: str
    sha1: str
    size_bytes: int
    debug_id: str = ""
    release: str = ""
    dist: str = ""
    url: str = ""
    map_url: str = ""
    uploaded: float = 0.0

    def covers(self, url: str) -> bool:
        """Whether this is the file at a URL: its own, or one that the stars in its own stand for."""
        first, *rest = self.url.split("*")
        if not rest:
            return url == self.url
        *inner, last = rest
        end = len(url) - len(last)
        if not url.startswith(first) or not url.endswith(last) or end < len(first):
            return False
        place = len(first)
        for part in inner:
            place = url.find(part, place, end)
            if place < 0:
                return False
            place += len(part)
        return True


def debug_id_of(text: object) -> str:
    """Return a debug id in the form of the index; "" for what is none."""
    if not isinstance(text, str) or _UUID.fullmatch(text.strip()) is None:
        return ""
    return str(uuid.UUID(text.strip()))


def url_of(text: str) -> str:
    """Return an address as the index has it: ``~`` for scheme and host, no query, no fragment; a path stays."""
    text = text.strip()
    if (absolute := _ABSOLUTE.match(text)) is not None:
        path = absolute[1]
        return f"~{path if path.startswith('/') else f'/{path}'}"
    return re.split(r"[?#]", text, maxsplit=1)[0] if text.startswith("~") else text
