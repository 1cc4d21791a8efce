"""What happened before an event, as the page of the event shows it: one form for the trails of all protocols."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from errtally.exporter.protocols import tolerant, values

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_BREADCRUMBS = 100
_LEVELS = ("level", "severity", "Severity")
_SECONDS_BELOW = 1e11
"""Seconds since the epoch are fewer until the year 5138; milliseconds have been more since 1973."""


def trail(sent: object, crumb: Callable[[dict[str, Any]], dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the newest breadcrumbs of a trail, oldest first.

    Args:
        sent: the list as the client sent it.
        crumb: makes what is shown of one entry.
    """
    return [crumb(entry) for entry in tolerant.objects(sent)[-MAX_BREADCRUMBS:]]


def shown(
    *,
    at: object,
    category: object,
    message: object = None,
    level: object = None,
    data: object = None,
) -> dict[str, Any]:
    """Write one breadcrumb.

    Args:
        at: when: RFC 3339, or seconds or milliseconds since the epoch.
        category: what kind of thing happened.
        message: what happened.
        level: as any level; where there is none, the one that ``data`` names.
        data: what else is told.
    """
    number = values.number(at) if not isinstance(at, str) else None
    if level is None:
        level = next((found for name in _LEVELS if (found := tolerant.mapping(data).get(name)) is not None), None)
    crumb = {
        "timestamp": values.parse_time(at if number is None or number < _SECONDS_BELOW else number / 1000),
        "category": category,
        "message": message,
        "level": values.level(level, "") or None,
        "data": data,
    }
    return {name: content for name, content in crumb.items() if content is not None}
