"""A source map as uploaded: its JSON read and checked, sections joined, sources named.

Format: ECMA-426, with what Metro adds for Hermes (``x_facebook_sources``).
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote_to_bytes

import msgspec

from errtally.errors import SymbolError
from errtally.exporter.symbols.mappings import Positions, decode

MAX_DEPTH: Final = 4
MAX_SOURCES: Final = 500_000
_BOM: Final = b"\xef\xbb\xbf"
_INLINE: Final = re.compile(rb"//[#@]\s*sourceMappingURL=data:application/json[^,\s]*?(;base64)?,([^\s'\"]+)\s*\Z")
_TAIL_BYTES: Final = 64 << 20
_DEBUG_ID: Final = re.compile(rb"//[#@]\s*debugId=([0-9a-fA-F-]{32,36})")
_COMMENTS_BYTES: Final = 2048


class _Sent(msgspec.Struct):
    """The JSON of a map; ``Any`` where generators write what the format does not have."""

    mappings: str | None = None
    sources: list[Any] | None = None
    names: list[Any] | None = None
    sourceRoot: Any = None  # noqa: N815 (the format's)
    sourcesContent: list[Any] | None = None  # noqa: N815
    sections: list[_Section] | None = None
    ignoreList: list[int] | None = None  # noqa: N815
    x_google_ignoreList: list[int] | None = None  # noqa: N815
    x_facebook_sources: list[Any] | None = None
    debugId: Any = None  # noqa: N815
    debug_id: Any = None


class _Offset(msgspec.Struct):
    line: int
    column: int


class _Section(msgspec.Struct):
    offset: _Offset
    map: _Sent | None = None
    url: Any = None


_decoder = msgspec.json.Decoder(_Sent)


@dataclass(slots=True)
class Source:
    """One file that a script was made of.

    Attributes:
        url: as the map has it, with its ``sourceRoot``.
        content: None where the map has none.
        is_ignored: whether the map says that it is not the application's.
        metro: what Metro says of its functions, None without.
    """

    url: str
    content: str | None = None
    is_ignored: bool = False
    metro: Any = None


@dataclass(slots=True)
class SourceMap:
    """A map, read and checked."""

    debug_id: str = ""
    sources: list[Source] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    positions: Positions = field(default_factory=Positions)


def read(content: bytes) -> SourceMap:
    """Read a map.

    Args:
        content: as uploaded; a byte order mark and the line that keeps scripts from reading JSON are skipped.

    Raises:
        SymbolError: it is no map, or its mappings are broken; the message says what is wrong.
    """
    content = content.removeprefix(_BOM)
    if content.startswith((b")]}", b")]}'")):
        content = content.partition(b"\n")[2]
    if not content.strip():
        raise SymbolError("bad_map", "the map is empty")
    try:
        sent = _decoder.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise SymbolError("bad_map", f"the map is not the JSON of a source map: {exc}") from exc
    found = SourceMap(debug_id=debug_id(sent.debugId) or debug_id(sent.debug_id))
    _add(sent, found, 0, 0, None, 0)
    _check_lines(found)
    return found


def inline(script: bytes) -> bytes | None:
    """Return the map that stands in a script's last comment, None without one.

    Raises:
        SymbolError: it is not Base64.
    """
    match = _INLINE.search(script.rstrip()[-_TAIL_BYTES:])
    if match is None:
        return None
    if not match[1]:
        return unquote_to_bytes(match[2])
    try:
        return base64.b64decode(unquote_to_bytes(match[2]), validate=True)
    except binascii.Error as exc:
        raise SymbolError("bad_map", f"the map in the script is not Base64: {exc}") from exc


def debug_id_of_script(script: bytes) -> str:
    """Return the debug id in the comments at a script's end, "" without one."""
    found = _DEBUG_ID.findall(script[-_COMMENTS_BYTES:])
    return debug_id(found[-1].decode()) if found else ""


def debug_id(value: object) -> str:
    """Return a debug id as the index has it: lower case with hyphens; "" for what is none."""
    digits = value.replace("-", "").lower() if isinstance(value, str) else ""
    if len(digits) < 32 or not all(letter in "0123456789abcdef" for letter in digits):  # noqa: PLR2004 (a UUID's)
        return ""
    uuid = f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:32]}"
    return f"{uuid}-{digits[32:]}" if digits[32:] and digits[32:].strip("0") else uuid


def _add(sent: _Sent, found: SourceMap, line: int, column: int, end: tuple[int, int] | None, depth: int) -> None:
    """Add a map, or a section of one."""
    if sent.sections is None:
        if sent.mappings is None:
            raise SymbolError("bad_map", "the map has neither mappings nor sections")
        first_source, first_name = len(found.sources), len(found.names)
        _add_sources(sent, found)
        found.names += [name if isinstance(name, str) else "" for name in sent.names or ()]
        decode(
            sent.mappings,
            found.positions,
            sources=range(first_source, len(found.sources)),
            names=range(first_name, len(found.names)),
            line=line,
            column=column,
            end=end,
        )
        return
    if depth >= MAX_DEPTH:
        raise SymbolError("bad_map", "sections of the map are nested too deeply")
    before = (line, column)
    for index, section in enumerate(sent.sections):
        start = _offset(section, line, column)
        if start < before:
            raise SymbolError("bad_map", "sections of the map are not in their order")
        before = start
        if section.map is None:
            raise SymbolError("bad_map", "a section of the map is in another file")
        following = sent.sections[index + 1] if index + 1 < len(sent.sections) else None
        _add(section.map, found, *start, _offset(following, line, column) if following is not None else end, depth + 1)


def _offset(section: _Section, line: int, column: int) -> tuple[int, int]:
    offset = section.offset
    if offset.line < 0 or offset.column < 0:
        raise SymbolError("bad_map", "a section of the map begins before the script")
    return line + offset.line, offset.column + (column if offset.line == 0 else 0)


def _add_sources(sent: _Sent, found: SourceMap) -> None:
    sources = sent.sources or []
    if len(found.sources) + len(sources) > MAX_SOURCES:
        raise SymbolError("too_large", f"the map has more than {MAX_SOURCES:,} sources")
    root = sent.sourceRoot if isinstance(sent.sourceRoot, str) else ""
    contents, metro = sent.sourcesContent or [], sent.x_facebook_sources or []
    ignored = {*(sent.ignoreList or ()), *(sent.x_google_ignoreList or ())}
    for index, url in enumerate(sources):
        content = contents[index] if index < len(contents) else None
        found.sources.append(
            Source(
                _joined(root, url) if isinstance(url, str) else "",
                content if isinstance(content, str) else None,
                index in ignored,
                metro[index] if index < len(metro) else None,
            )
        )


def _joined(root: str, url: str) -> str:
    if not root or "://" in url or url.startswith("/"):
        return url
    return f"{root}{url}" if root.endswith("/") else f"{root}/{url}"


def _check_lines(found: SourceMap) -> None:
    """Refuse a map that leads behind its sources' ends: it belongs to other ones, or was damaged.

    Raises:
        SymbolError: it does.
    """
    last: dict[int, int] = {}
    positions = found.positions
    for source, line in zip(positions.sources, positions.lines, strict=True):
        if line > last.get(source, -1):
            last[source] = line
    for index, line in last.items():
        if index < len(found.sources) and (content := found.sources[index].content) is not None:
            # A generator may map the end of a file to the line behind it.
            count = content.count("\n") + 1
            if line > count:
                url = found.sources[index].url[:200]
                raise SymbolError("bad_map", f"mappings lead to line {line + 1} of {url}, which has {count}")
