"""Issues that a commit says it fixes: ``Fixes SHOP-1A``, as Sentry reads the messages of commits. Pure."""

from __future__ import annotations

import re

from errtally.exporter.search import short_ids

MAX_FIXED = 20
"""Issues of one commit."""

_ID = r"[A-Za-z0-9][A-Za-z0-9_-]*-[0-9A-Za-z]{1,13}"
_FIXES = re.compile(
    rf"\b(?:fix(?:e[sd])?|close[sd]?|resolve[sd]?)\b:?\s+({_ID}(?:(?:\s*,\s*|\s+and\s+|\s*&\s*){_ID}){{0,{MAX_FIXED}}})",
    re.IGNORECASE,
)


def fixed(message: str) -> list[tuple[str, int]]:
    """Return the issues that a commit's message says it fixes: slug of the project and number, each once."""
    found = [
        known
        for named in _FIXES.finditer(message)
        for short_id in re.findall(_ID, named[1])
        if (known := short_ids.decode(short_id)) is not None
    ]
    return list(dict.fromkeys(found))[:MAX_FIXED]
