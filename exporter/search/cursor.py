"""Where a reader of the issues list is: which issues there were at the beginning, and which were shown since.

The order of issues changes with every event, so the last row of a page says little about what the next one has to show:
an issue that happens meanwhile would move past it, and never be seen. A cursor therefore remembers what was shown, as
differences of sorted numbers, compressed: a page of 50 costs about 70 characters.
"""

from __future__ import annotations

import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from errtally.errors import ErrtallyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_SHOWN = 5000
"""Issues that one list shows over all its pages, so that a cursor fits into an address."""

_MAX_BYTES = 1 << 16
_MAX_BITS = 63


class CursorError(ErrtallyError):
    """A cursor was not made by a list."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The state of one reader.

    Attributes:
        newest: number of the newest issue at the beginning; later ones are not shown.
        shown: numbers of the issues that were shown.
    """

    newest: int
    shown: frozenset[int] = frozenset()

    def after(self, shown: Iterable[int]) -> Cursor:
        """Return the cursor behind a page that showed more issues."""
        return Cursor(self.newest, self.shown.union(shown))

    def encode(self) -> str:
        """Return it as a text for an address."""
        numbers = [0, *sorted(self.shown)]
        plain = b"".join(_varint(number) for number in (self.newest, *(b - a for a, b in pairwise(numbers))))
        return urlsafe_b64encode(zlib.compress(plain, 9)).rstrip(b"=").decode()


def decode(text: str) -> Cursor:
    """Read a cursor.

    Raises:
        CursorError: no list made it.
    """
    try:
        packed = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        plain = zlib.decompressobj()
        content = plain.decompress(packed, _MAX_BYTES)
        if not plain.eof or plain.unused_data:
            raise CursorError("the cursor is cut off or too long")
        newest, *differences = _numbers(content)
    except (ValueError, zlib.error) as exc:  # UnicodeEncodeError and binascii.Error are ValueErrors
        raise CursorError("the cursor is none that a list made") from exc
    shown, last = set[int](), 0
    for difference in differences:
        last += difference
        shown.add(last)
    if len(shown) > MAX_SHOWN or last.bit_length() > _MAX_BITS:
        raise CursorError("the cursor is none that a list made")
    return Cursor(newest, frozenset(shown))


def _varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first; the highest bit says that more follow."""
    made = bytearray()
    while number > 0x7F:  # noqa: PLR2004 (seven bits)
        made.append(number & 0x7F | 0x80)
        number >>= 7
    made.append(number)
    return bytes(made)


def _numbers(content: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in content:
        number |= (byte & 0x7F) << shift
        shift += 7
        if number.bit_length() > _MAX_BITS or shift > _MAX_BITS + 7:
            raise ValueError("a number is too large")
        if not byte & 0x80:
            yield number
            number = shift = 0
    if shift:
        raise ValueError("the last number is cut off")
