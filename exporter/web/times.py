"""Times as the pages say them: how long ago, and in UTC. Pure."""

from __future__ import annotations

from datetime import UTC, datetime


def moment(seconds: float) -> str:
    """Return a time, seconds since the epoch, as people read it, with its zone."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def instant(seconds: float) -> str:
    """Return a time, seconds since the epoch, as programs read it (ISO 8601)."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def ago(seconds: float, now: float) -> str:
    """Return how long ago a time was; both are seconds since the epoch."""
    elapsed = max(now - seconds, 0)
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if elapsed >= size:
            return f"{int(elapsed // size)} {unit} ago"
    return f"{int(elapsed)} s ago"
