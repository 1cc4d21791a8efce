"""One uploaded file that a stack trace is read by, as the index knows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MINIFIED_SOURCE: Final = "minified_source"
SOURCE_MAP: Final = "source_map"
SOURCE: Final = "source"
PROGUARD: Final = "proguard"
NATIVE: Final = "native"
KINDS: Final = (MINIFIED_SOURCE, SOURCE_MAP, SOURCE, PROGUARD, NATIVE)


@dataclass(frozen=True, slots=True)
class Artifact:
    """An uploaded file.

    It is found by its debug id; one without a debug id by release, distribution and URL.

    Attributes:
        project: whose events it is for.
        kind: one of ``KINDS``.
        sha1: of its content, 40 hex digits.
        size_bytes: of its content.
        debug_id: a UUID in lower case with hyphens, for native files with the age that may follow it; "" without.
        release: "" where it serves any.
        dist: distribution of the release; "" serves all of them.
        url: as browsers load it, with ``~`` for scheme and host; the name of a file that has no address.
        map_url: the source map of a minified file, relative to ``url`` or absolute; "" where nothing was said.
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
