"""Reads `Retry-After` (RFC 9110 section 10.2.3): seconds, or a date."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime

MAX_SECONDS = 3600.0


def retry_after_seconds(value: str | None, now: float | None = None) -> float | None:
    """Return how long to wait, at most an hour; None when the header is not there or can't be read.

    Args:
        value: the header's value.
        now: seconds since the epoch, the clock's by default.
    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:10]), MAX_SECONDS)
    try:
        moment = parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(moment - (time.time() if now is None else now), 0.0), MAX_SECONDS)
