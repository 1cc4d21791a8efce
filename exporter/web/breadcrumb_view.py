"""What happened before an event, as the page shows it: the newest first. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from errtally.exporter.web.shown_text import text_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from errtally.exporter.web.shown_text import Allowance

_MARKUP = 120


@dataclass(frozen=True, slots=True)
class Crumb:
    """One thing that happened before; ``time`` is "" where the client sent none that can be read."""

    time: str
    level: str
    category: str
    message: str
    values: str


@dataclass(frozen=True, slots=True)
class Crumbs:
    """Some of the breadcrumbs of an event.

    Attributes:
        shown: the newest first.
        start: how many newer ones there are.
        total: how many there are.
        next: where the older ones begin that do not stand here; None when all do.
    """

    shown: tuple[Crumb, ...]
    start: int
    total: int
    next: int | None


def breadcrumbs(
    sent: Sequence[Mapping[str, Any]], allowance: Allowance, *, start: int, most: int, characters: int
) -> Crumbs:
    """Return some of the breadcrumbs of an event.

    Args:
        sent: all that are meant, the oldest first.
        allowance: what may be shown.
        start: how many of the newest to leave out.
        most: how many to show.
        characters: how much of each message.
    """
    newest = list(reversed(sent))
    shown: list[Crumb] = []
    for crumb in newest[start : start + most]:
        if allowance.is_empty:
            allowance.is_used_up = True
            break
        shown.append(
            Crumb(
                clock(crumb.get("timestamp")),
                allowance.take(crumb.get("level"), 20),
                allowance.take(kind_of(crumb), 100, markup=_MARKUP),
                allowance.take(crumb.get("message"), characters),
                allowance.take(crumb.get("data") or crumb.get("metadata") or None, characters),
            )
        )
    end = start + len(shown)
    return Crumbs(tuple(shown), start, len(newest), end if end < len(newest) else None)


def kind_of(crumb: Mapping[str, Any]) -> str:
    """Return the kind of a breadcrumb: its category, else its type."""
    return text_of(crumb.get("category") or crumb.get("type"))


def clock(sent: object) -> str:
    """Return the time of day, UTC; clients send seconds, milliseconds or a text with date and time."""
    if isinstance(sent, str):
        try:
            moment = datetime.fromisoformat(sent)
        except ValueError:
            return ""
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC).strftime("%H:%M:%S")
    if isinstance(sent, bool) or not isinstance(sent, (int, float)):
        return ""
    seconds = sent / 1000 if sent > 1e11 else sent  # noqa: PLR2004 (seconds until the year 5138)
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return ""
