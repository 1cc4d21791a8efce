"""What a client of the stream asks for: its query, read and checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from errtally import names

if TYPE_CHECKING:
    from werkzeug.datastructures import MultiDict

    from errtally.exporter.digest.stream import LeftOut, StreamItem

MAX_RECENT = 100
MAX_VALUES = 20
MAX_VALUE_LENGTH = 200
_FIELDS = ("project", "level", "environment", "issue")
PARAMETERS = (*_FIELDS, "recent", "last_event_id")


class QueryError(ValueError):
    """A query that can't be understood; the message says where and what would be right."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Values that an event may have; none stand for any."""

    projects: frozenset[str] = frozenset()
    levels: frozenset[str] = frozenset()
    environments: frozenset[str] = frozenset()
    issues: frozenset[str] = frozenset()

    def match(self, told: StreamItem | LeftOut) -> bool:
        """Whether an event, or events that were left out, are asked for."""
        return (
            (not self.projects or told.project in self.projects)
            and (not self.levels or told.level in self.levels)
            and (not self.environments or told.environment in self.environments)
            and (not self.issues or told.issue in self.issues)
        )


@dataclass(frozen=True, slots=True)
class Query:
    """A client's query.

    Attributes:
        filters: what it asks for.
        recent: how many of the newest events it wants to begin with.
        last_event_id: id of the last event that it has; "" when it begins.
    """

    filters: Filters
    recent: int
    last_event_id: str


def parse(arguments: MultiDict[str, str], last_event_id: str | None) -> Query:
    """Read a query.

    Args:
        arguments: each of `PARAMETERS`; filters may come several times, and hold several levels with commas between.
        last_event_id: the header of that name, which browsers send; it says more than the parameter.

    Raises:
        QueryError: a parameter is unknown, or its value can't be.
    """
    for name in arguments:
        if name not in PARAMETERS:
            raise QueryError(f"{name[:MAX_VALUE_LENGTH]!r} is no parameter of the stream, {', '.join(PARAMETERS)} are")
    found = {name: _values(arguments, name) for name in _FIELDS}
    if unknown := found["level"] - set(names.LEVELS):
        raise QueryError(f"level: {min(unknown)!r} is none of {', '.join(names.LEVELS)}")
    return Query(
        Filters(found["project"], found["level"], found["environment"], found["issue"]),
        _recent(arguments),
        last_event_id or arguments.get("last_event_id", ""),
    )


def _values(arguments: MultiDict[str, str], name: str) -> frozenset[str]:
    values = arguments.getlist(name)
    if name == "level":
        values = [level.strip() for value in values for level in value.split(",")]
    values = [value for value in values if value]  # a form sends empty fields
    if len(values) > MAX_VALUES:
        raise QueryError(f"{name}: {len(values)} values, at most {MAX_VALUES} are looked for")
    if any(len(value) > MAX_VALUE_LENGTH for value in values):
        raise QueryError(f"{name}: a value is longer than {MAX_VALUE_LENGTH} characters")
    return frozenset(values)


def _recent(arguments: MultiDict[str, str]) -> int:
    text = arguments.get("recent", "0")
    if not (text.isascii() and text.isdecimal() and len(text) <= 4 and int(text) <= MAX_RECENT):  # noqa: PLR2004
        raise QueryError(f"recent: {text[:MAX_VALUE_LENGTH]!r} is not a number from 0 to {MAX_RECENT}")
    return int(text)
