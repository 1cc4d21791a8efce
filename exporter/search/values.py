"""Values in a query: dates, lists, texts that stand for themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_DATES = (("%Y-%m-%dT%H:%M:%S", 1), ("%Y-%m-%dT%H:%M", 60), ("%Y-%m-%d", 86_400))


def day(value: str) -> tuple[float | None, float | None]:
    """Return when a date or moment begins and ends, (None, None) when it is none; without a zone it is UTC."""
    for form, seconds in _DATES:
        try:
            begins = datetime.strptime(value.removesuffix("Z"), form).replace(tzinfo=UTC)
            return begins.timestamp(), (begins + timedelta(seconds=seconds)).timestamp()
        except (ValueError, OverflowError):
            continue
    try:  # with a fraction, or a zone other than UTC
        moment = datetime.fromisoformat(value)
        begins = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        return begins.timestamp(), begins.timestamp() + (1 if begins.microsecond == 0 else 0.001)
    except (ValueError, OverflowError):
        return None, None


def list_end(text: str, start: int) -> int:
    """Return where the bracket of a list closes that opens at ``start``, 0 when it does not."""
    is_quoted, at = False, start + 1
    while at < len(text):
        character = text[at]
        if character == "\\":
            at += 1
        elif character == '"':
            is_quoted = not is_quoted
        elif character == "]" and not is_quoted:
            return at
        at += 1
    return 0


def in_list(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    """Yield the values of a list, as they stand, with their places."""
    is_quoted, at, first = False, start, start
    while at <= end:
        character = text[at]
        if character == "\\" and at < end:
            at += 1
        elif character == '"':
            is_quoted = not is_quoted
        elif at == end or (character == "," and not is_quoted):
            value = text[first:at]
            yield first + len(value) - len(value.lstrip()), value.strip()
            first = at + 1
        at += 1


def escaped(text: str) -> str:
    """Return a text as it stands between quotes."""
    return text.replace("\\", "\\\\").replace('"', '\\"')
