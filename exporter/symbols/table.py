"""A source map as a file that is looked up in where it lies: mapped into memory, shared by all processes.

A head of nine 32-bit numbers, and then arrays of numbers and texts one after the other. A look-up is two or three
bisections and costs microseconds; what a process holds of a table is what the kernel keeps of the file. It is made
once (`build_table`), in another process, because making it takes seconds.
"""

from __future__ import annotations

import mmap
import struct
from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING, Final, NamedTuple

from errtally.errors import SymbolError
from errtally.exporter.symbols.mappings import NONE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

FORMAT: Final = 1
"""Stands in the files' names: tables of another format are made anew."""

_MAGIC: Final = b"ETMAP\0\0" + bytes([FORMAT])
_ALIGNMENT: Final = 8
_PARTS: Final = (
    "starts", "columns", "sources", "lines", "source_columns", "names",  # places, as in `Positions`
    "texts", "ignored",  # where each name and URL ends; which sources are not the application's
    "content_ends", "line_ends",  # where in `line_ends` each source's lines end; where each line ends
    "function_ends", "function_places", "function_names",  # of each source, as `functions.begins`
    "blob", "contents", "debug_id",
)  # fmt: skip
_LARGE: Final = frozenset(("function_places", "line_ends"))
_BYTES: Final = frozenset(("blob", "contents", "debug_id"))
_HEAD: Final = struct.Struct(f"<8sII{len(_PARTS)}Q{len(_PARTS)}Q")


class OriginalPosition(NamedTuple):
    """What a place of a script comes from; lines and columns begin at 1.

    Attributes:
        url: of the source, as the map has it.
        function: None where it is not known, "" outside of all functions.
        is_ignored: whether the map says that the source is not the application's.
        source: its number, for `Table.context`.
    """

    url: str
    line: int
    column: int
    function: str | None
    is_ignored: bool
    source: int


class Table:
    """A table. Safe for threads.

    Args:
        path: of the file.

    Raises:
        SymbolError: it can't be read, or is no table of this format.
    """

    def __init__(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                self._file = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
            magic, self._source_count, self._name_count, *places = _HEAD.unpack_from(self._file)
        except (OSError, ValueError, struct.error) as exc:
            raise SymbolError("bad_file", f"{path}: {exc}") from exc
        if magic != _MAGIC:
            raise SymbolError("bad_file", f"{path} is no table of format {FORMAT}")
        view = memoryview(self._file)
        self._parts: dict[str, memoryview] = {}
        for at, name in enumerate(_PARTS):
            start, length = places[at], places[at + len(_PARTS)]
            part = view[start : start + length]
            if name not in _BYTES:
                part = part.cast("Q" if name in _LARGE else "I")
            self._parts[name] = part

    @property
    def debug_id(self) -> str:
        """Of the map, as it says itself; "" where it does not."""
        return bytes(self._parts["debug_id"]).decode()

    def find(self, line: int, column: int) -> OriginalPosition | None:
        """Look a place of the script up.

        Args:
            line: from 1.
            column: from 1, in UTF-16 code units.

        Returns:
            None where the map has nothing: a line that it does not have, a place before the first of its line, or
            one that comes from no source, or from one without a name.
        """
        starts = self._parts["starts"]
        if not 1 <= line < len(starts) or column < 1:
            return None
        first, end = starts[line - 1], starts[line]
        at = bisect_right(self._parts["columns"], column - 1, first, end) - 1
        if at < first or (source := self._parts["sources"][at]) == NONE:
            return None
        url = self._text(source)
        if not url:
            return None
        source_line, source_column = self._parts["lines"][at], self._parts["source_columns"][at]
        own = self._function(source, source_line, source_column)
        if own is None:  # its source is not there: by the place in the script, kept as if of one source more
            own = self._function(self._source_count, line - 1, column - 1)
        return OriginalPosition(
            url, source_line + 1, source_column + 1, own,
            bool(self._parts["ignored"][source]), source,
        )  # fmt: skip

    def context(self, source: int, line: int, around: int) -> tuple[list[str], str, list[str]] | None:
        """Return source lines before a line, itself, and after it; None where the source is not there.

        Args:
            source: its number.
            line: from 1.
            around: how many lines before, and after.
        """
        first, end = self._range("content_ends", source)
        at = first + line - 1
        if not first <= at < end:
            return None
        return (
            [self._line(one) for one in range(max(first, at - around), at)],
            self._line(at),
            [self._line(one) for one in range(at + 1, min(end, at + 1 + around))],
        )

    def has_content(self, source: int) -> bool:
        """Whether the text of a source is there."""
        first, end = self._range("content_ends", source)
        return first < end

    def close(self) -> None:
        """Let the file go; nothing can be found any more."""
        for part in self._parts.values():
            part.release()
        self._file.close()

    def _function(self, source: int, line: int, column: int) -> str | None:
        first, end = self._range("function_ends", source)
        if first == end:
            return None
        at = bisect_right(self._parts["function_places"], line << 32 | column, first, end) - 1
        if at < first:
            return ""
        name = self._parts["function_names"][at]
        return "" if name == NONE else self._text(self._source_count + self._name_count + name)

    def _range(self, name: str, index: int) -> tuple[int, int]:
        ends = self._parts[name]
        if index >= len(ends):
            return 0, 0
        return (ends[index - 1] if index else 0), ends[index]

    def _text(self, number: int) -> str:
        ends = self._parts["texts"]
        return bytes(self._parts["blob"][ends[number - 1] if number else 0 : ends[number]]).decode()

    def _line(self, at: int) -> str:
        ends = self._parts["line_ends"]
        text = bytes(self._parts["contents"][ends[at - 1] if at else 0 : ends[at]])
        return text.decode("utf-8", "replace").rstrip("\r\n")


def write(parts: dict[str, array[int] | bytes], *, sources: int, names: int) -> bytes:
    """Put a table together.

    Args:
        parts: by their names, as in `_PARTS`.
        sources: how many there are.
        names: how many names there are that are no functions'.
    """
    pieces: list[bytes] = []
    starts: list[int] = []
    lengths: list[int] = []
    at = _HEAD.size
    for name in _PARTS:
        part = parts[name]
        content = part if isinstance(part, bytes) else part.tobytes()
        padding = -at % _ALIGNMENT
        pieces += (b"\0" * padding, content)
        starts.append(at + padding)
        lengths.append(len(content))
        at += padding + len(content)
    return _HEAD.pack(_MAGIC, sources, names, *starts, *lengths) + b"".join(pieces)


def texts(words: Iterable[str]) -> tuple[array[int], bytes]:
    """Return where each word ends, and all of them."""
    ends, blob = array("I"), bytearray()
    for word in words:
        blob += word.encode("utf-8", "replace")
        ends.append(len(blob))
    return ends, bytes(blob)


def contents(sources: Sequence[str | None]) -> tuple[array[int], array[int], bytes]:
    """Return where in the list of lines each source's end, where each line ends, and all of them."""
    content_ends, line_ends, blob = array("I"), array("Q"), bytearray()
    for source in sources:
        for line in source.encode("utf-8", "replace").split(b"\n") if source is not None else ():
            blob += line
            line_ends.append(len(blob))
        content_ends.append(len(line_ends))
    return content_ends, line_ends, bytes(blob)
