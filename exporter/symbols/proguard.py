"""ProGuard's and R8's mapping files: what classes and methods were called before they were renamed and inlined.

Format: https://www.guardsquare.com/manual/tools/retrace and R8's "retrace" notes. A class's lines follow its head
``com.example.Cart -> a:``; a method's has the lines of the renamed code and, behind the arguments, those of the source:
``18:20:int total():31:33 -> b``. Lines of one method one after the other with the same range are calls that were
inlined into each other, the innermost first. Ranges of different methods may overlap; then the narrowest is meant.
"""

from __future__ import annotations

import mmap
import re
import struct
from bisect import bisect_right
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from errtally.errors import SymbolError

if TYPE_CHECKING:
    from pathlib import Path

FORMAT: Final = 1
_MAGIC: Final = b"ETPRO\0\0" + bytes([FORMAT])
_HEAD: Final = struct.Struct("<8sQQ")
_CLASS: Final = re.compile(rb"^(\S+) -> (\S+):\s*$", re.MULTILINE)
_METHOD: Final = re.compile(
    r"\s+(?:(\d+):(\d+):)?(\S+) (?:(\S+)\.)?([^\s.(]+)\(([^)]*)\)(?::(\d+)(?::(\d+))?)? -> (\S+)\s*"
)
_SOURCE_FILE: Final = re.compile(r'#\s*\{.*"id"\s*:\s*"sourceFile".*\}')
_FILE_NAME: Final = re.compile(r'"fileName"\s*:\s*"([^"]+)"')
_KEPT_CLASSES: Final = 2048


class Call(NamedTuple):
    """A call as the source has it; ``line`` is None where the mapping does not say, ``file`` "" where nobody knows."""

    module: str
    function: str
    line: int | None
    file: str


class _Method(NamedTuple):
    first: int
    last: int
    module: str
    function: str
    source_first: int
    source_last: int


class _Class(NamedTuple):
    name: str
    file: str
    methods: dict[str, list[list[_Method]]]


def build(content: bytes) -> bytes:
    """Return a mapping with an index of its classes in front, so that none but the classes of a trace are read.

    Raises:
        SymbolError: it has no class.
    """
    content = content.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    heads = [(match[2].decode("utf-8", "replace"), match[1].decode("utf-8", "replace"), match.start(), match.end())
             for match in _CLASS.finditer(content)]  # fmt: skip
    if not heads:
        raise SymbolError("bad_map", "the mapping names no class")
    entries = sorted(
        (obfuscated, original, end, heads[at + 1][2] if at + 1 < len(heads) else len(content))
        for at, (obfuscated, original, _, end) in enumerate(heads)
    )
    index = msgspec.msgpack.encode(([one[0] for one in entries], [one[1:] for one in entries]))
    files = msgspec.msgpack.encode({one[1]: name for one in entries if (name := _file_name(content[one[2] : one[3]]))})
    return _HEAD.pack(_MAGIC, len(index), len(files)) + index + files + content


class Mapping:
    """A mapping, with its index. Safe for threads.

    Raises:
        SymbolError: the file can't be read, or is not what `build` makes.
    """

    def __init__(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                self._file = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
            magic, length, files_length = _HEAD.unpack_from(self._file)
            if magic != _MAGIC:
                raise SymbolError("bad_file", f"{path} is no mapping of format {FORMAT}")
            start = _HEAD.size
            self._names, self._entries = msgspec.msgpack.decode(self._file[start : start + length], type=_Index)
            start += length
            self._files = msgspec.msgpack.decode(self._file[start : start + files_length], type=dict[str, str])
            self._start = start + files_length
        except (OSError, ValueError, struct.error, msgspec.DecodeError) as exc:
            raise SymbolError("bad_file", f"{path}: {exc}") from exc
        self._class = lru_cache(maxsize=_KEPT_CLASSES)(self._read)

    def original_class(self, name: str) -> str | None:
        """Return what a class was called, None for one that the mapping does not have."""
        at = self._at(name)
        return None if at is None else self._entries[at][0]

    def calls(self, module: str, function: str, line: int | None) -> list[Call]:
        """Return the calls that one call stands for, the innermost first; [] for a class that is not in the mapping.

        Args:
            module: class of the renamed code.
            function: method of the renamed code.
            line: of the renamed code, None or 0 without.
        """
        found = self._class(module)
        if found is None:
            return []
        groups = found.methods.get(function, [])
        fitting = [group for group in groups if line and group[0].first <= line <= group[0].last]
        if fitting:
            group = min(fitting, key=lambda one: one[0].last - one[0].first)
            return [self._call(method, line) for method in group]
        unranged = [group for group in groups if not group[0].last]
        names = {(group[-1].module, group[-1].function) for group in (unranged or groups)}
        if len(names) == 1:
            owner, name = names.pop()
            own_line = line if unranged and line else None
            return [Call(owner, name, own_line, self._file_of(owner, found))]
        return [Call(found.name, function, line or None, self._file_of(found.name, found))]

    def _call(self, method: _Method, line: int | None) -> Call:
        at: int | None = line
        if method.source_first:
            # A single line, and a range of another length: the line of the call.
            spans = method.source_last - method.source_first == method.last - method.first
            at = method.source_first + (line - method.first if spans and line else 0)
        return Call(method.module, method.function, at, self._file_of(method.module, None))

    def _file_of(self, module: str, found: _Class | None) -> str:
        if found is not None and found.name == module and found.file:
            return found.file
        known = self._files.get(module)
        if known:
            return known
        outer = module.rpartition(".")[2].partition("$")[0]
        return f"{outer}.java" if outer else ""

    def _at(self, name: str) -> int | None:
        at = bisect_right(self._names, name) - 1
        return at if at >= 0 and self._names[at] == name else None

    def _read(self, name: str) -> _Class | None:
        at = self._at(name)
        if at is None:
            return None
        original, first, last = self._entries[at]
        text = self._file[self._start + first : self._start + last].decode("utf-8", "replace")
        methods: dict[str, list[list[_Method]]] = {}
        previous: tuple[int, int, str] | None = None
        for line in text.splitlines():
            match = _METHOD.fullmatch(line)
            if match is None:
                if not line.lstrip().startswith("#"):  # what R8 says of the line before stands between
                    previous = None
                continue
            begin, end, _, module, function, _, source_first, source_last, obfuscated = match.groups()
            # Without lines of the source, those of the renamed code are the source's.
            start = int(begin or 0), int(end or 0)
            own = int(source_first or begin or 0)
            method = _Method(
                *start, module or original, function, own, int(source_last or (own if source_first else end or 0))
            )
            groups = methods.setdefault(obfuscated, [])
            if previous == (*start, obfuscated) and start[1]:
                groups[-1].append(method)
            else:
                groups.append([method])
            previous = (*start, obfuscated)
        return _Class(original, self._files.get(original, ""), methods)


_Index = tuple[list[str], list[tuple[str, int, int]]]


def _file_name(block: bytes) -> str:
    """Return the name of a class's source file, as R8 and ProGuard write it into the comment behind its head."""
    line = block.lstrip(b"\n").partition(b"\n")[0].decode("utf-8", "replace")
    if _SOURCE_FILE.search(line) is None:
        return ""
    named = _FILE_NAME.search(line)
    return named[1] if named is not None else ""
