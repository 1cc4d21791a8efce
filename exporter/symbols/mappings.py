"""The mappings of a source map, decoded: which place of a source each place of a script comes from.

Format: ECMA-426, "Source map format": lines between semicolons, segments between commas, in each one, four or five
numbers as Base64 VLQ, all relative to those before. What does not fit the format is an error and not a guess: a map
whose letters were changed on the way would otherwise give wrong lines.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING, Final

from errtally.errors import SymbolError

if TYPE_CHECKING:
    from collections.abc import Sequence

NONE: Final = 0xFFFF_FFFF
"""No source, or no name."""

MAX_LINES: Final = 5_000_000
MAX_SEGMENTS: Final = 20_000_000

_DIGITS: Final = {
    letter: value for value, letter in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
}
_MAX_BITS: Final = 32
_UNKNOWN_SEGMENTS: Final = 200_000


class Positions:
    """Places of a script in their order, each with the place in a source that it comes from.

    Lines and columns begin at 0; columns are UTF-16 code units, as JavaScript counts.

    Attributes:
        starts: where the places of each line of the script begin; one more than it has lines.
        columns: in the script.
        sources: number of the source, `NONE` where no source has what stands there.
        lines: in the source.
        source_columns: in the source.
        names: number of the name, `NONE` without.
    """

    def __init__(self) -> None:
        self.starts = array("I", [0])
        self.columns = array("I")
        self.sources = array("I")
        self.lines = array("I")
        self.source_columns = array("I")
        self.names = array("I")

    def end_line(self, line: int) -> None:
        """Say that the places of all lines up to this one are there.

        Raises:
            SymbolError: there are too many lines.
        """
        if line > MAX_LINES:
            raise SymbolError("too_large", f"the map has more than {MAX_LINES:,} lines")
        while len(self.starts) < line + 2:
            self.starts.append(len(self.columns))

    def at(self, line: int, column: int) -> int | None:
        """Return the index of the last place at or before one of the same line."""
        if line + 1 >= len(self.starts):
            return None
        start, end = self.starts[line], self.starts[line + 1]
        found = bisect_right(self.columns, column, start, end) - 1
        return found if found >= start else None


def decode(  # noqa: C901, PLR0912, PLR0915 (one loop: a call for each segment would take twice the time)
    mappings: str,
    into: Positions,
    *,
    sources: Sequence[int],
    names: Sequence[int],
    line: int = 0,
    column: int = 0,
    end: tuple[int, int] | None = None,
) -> None:
    """Decode mappings and add them to positions.

    Args:
        mappings: as the map has them.
        into: gets the places; those before ``line`` are there.
        sources: numbers of the sources that the mappings speak of, by their index.
        names: the same for names.
        line: of the script, where the mappings begin: not 0 in a section of an indexed map.
        column: where they begin in that line.
        end: line and column where the next section begins; what lies there is the next one's.

    Raises:
        SymbolError: the mappings are not of the format, or speak of sources and names that are not there.
    """
    known: dict[str, tuple[int, ...]] = {}
    source = source_line = source_column = name = 0
    columns, found_sources, lines = into.columns, into.sources, into.lines
    source_columns, found_names = into.source_columns, into.names
    for at, text in enumerate(mappings.split(";"), line):
        generated = column if at == line else 0
        previous = -1
        is_sorted = True
        if text:
            if end is not None and at > end[0]:
                return
            if len(columns) > MAX_SEGMENTS:
                raise SymbolError("too_large", f"the map has more than {MAX_SEGMENTS:,} mappings")
            first = len(columns)
            for segment in text.split(","):
                numbers = known.get(segment)
                if numbers is None:
                    if not segment:
                        continue
                    if len(known) >= _UNKNOWN_SEGMENTS:
                        known.clear()
                    numbers = known[segment] = numbers_of(segment)
                generated += numbers[0]
                count = len(numbers)
                if count > 1:
                    source += numbers[1]
                    source_line += numbers[2]
                    source_column += numbers[3]
                    if not (0 <= source < len(sources)) or source_line < 0 or source_column < 0:
                        raise SymbolError("bad_map", f"mappings of line {at + 1} lead out of the map's sources")
                    if count > 4:  # noqa: PLR2004 (the format's)
                        name += numbers[4]
                        if not 0 <= name < len(names):
                            raise SymbolError("bad_map", f"mappings of line {at + 1} lead out of the map's names")
                if generated < 0:
                    raise SymbolError("bad_map", f"mappings of line {at + 1} lead out of the script")
                if generated < previous:
                    is_sorted = False
                previous = generated
                columns.append(generated)
                if count > 1:
                    found_sources.append(sources[source])
                    lines.append(source_line)
                    source_columns.append(source_column)
                    found_names.append(names[name] if count > 4 else NONE)  # noqa: PLR2004
                else:
                    found_sources.append(NONE)
                    lines.append(0)
                    source_columns.append(0)
                    found_names.append(NONE)
            if not is_sorted:
                _sort(into, first)
            if end is not None and at == end[0]:
                _cut(into, bisect_right(columns, end[1] - 1, first))
        into.end_line(at)


def numbers_of(segment: str, counts: tuple[int, ...] = (1, 4, 5)) -> tuple[int, ...]:
    """Return the numbers of one segment.

    Args:
        segment: in Base64 VLQ.
        counts: how many numbers there may be.

    Raises:
        SymbolError: the segment is none.
    """
    numbers: list[int] = []
    value = shift = 0
    for letter in segment:
        digit = _DIGITS.get(letter)
        if digit is None:
            raise SymbolError("bad_map", f"{letter!r} in the mappings is no Base64")
        value += (digit & 31) << shift
        if digit & 32:
            shift += 5
            if shift > _MAX_BITS:
                raise SymbolError("bad_map", "a number in the mappings has more than 32 bits")
        else:
            numbers.append(-(value >> 1) if value & 1 else value >> 1)
            value = shift = 0
    if shift or len(numbers) not in counts:
        raise SymbolError("bad_map", f"segment {segment[:40]!r} in the mappings has {len(numbers)} numbers")
    return tuple(numbers)


def _sort(into: Positions, first: int) -> None:
    """Sort the places of the last line; a generator may write them in any order."""
    order = sorted(range(first, len(into.columns)), key=into.columns.__getitem__)
    for kept in (into.columns, into.sources, into.lines, into.source_columns, into.names):
        kept[first:] = array("I", [kept[index] for index in order])


def _cut(into: Positions, count: int) -> None:
    for kept in (into.columns, into.sources, into.lines, into.source_columns, into.names):
        del kept[count:]
