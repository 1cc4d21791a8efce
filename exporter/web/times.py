"""Times as the pages say them: how long ago, and in UTC. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

from markupsafe import Markup


def utc(seconds: float) -> str:
    """Return a time, seconds since the epoch, as people read it, with its zone."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def iso8601(seconds: float) -> str:
    """Return a time, seconds since the epoch, as programs read it (ISO 8601)."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def element(seconds: float, now: float) -> Markup:
    """Return an element that says how long ago a time was, and holds it for programs and for who points at it.

    It is not a macro since a list of issues has a hundred of them.
    """
    written = datetime.fromtimestamp(seconds, UTC).isoformat(" ", "seconds")
    day, clock = written[:10], written[11:19]
    made = f'<time class="when" datetime="{day}T{clock}Z" title="{day} {clock} UTC">{ago(seconds, now)}</time>'
    return Markup(made)  # noqa: S704 (numbers, nothing of a client)


def ago(seconds: float, now: float) -> str:
    """Return how long ago a time was; both are seconds since the epoch."""
    return f"{_rough(max(now - seconds, 0))} ago"


def ahead(seconds: float, now: float) -> str:
    """Return in how long a time comes, or how long ago it was; both are seconds since the epoch."""
    return f"in {_rough(seconds - now)}" if seconds > now else ago(seconds, now)


def span(seconds: float) -> str:
    """Return how long something took: its two largest units."""
    if seconds < 10:  # noqa: PLR2004 (then tenths of a second tell)
        return f"{seconds:.1f} s"
    for size, unit, smaller, name in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if seconds >= size:
            rest = int(seconds % size // smaller)
            return f"{int(seconds // size)} {unit}" + (f" {rest} {name}" if rest else "")
    return f"{int(seconds)} s"


def _rough(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"
