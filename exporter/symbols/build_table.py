"""A table made of a source map, and of the script that it belongs to. Takes seconds and memory: not beside ingest."""

from __future__ import annotations

import re
from array import array
from typing import TYPE_CHECKING, Final

from errtally.errors import SymbolError
from errtally.exporter.symbols import source_map, table
from errtally.exporter.symbols.functions import Begin, begins
from errtally.exporter.symbols.mappings import NONE
from errtally.exporter.symbols.metro import metro_begins

if TYPE_CHECKING:
    from collections.abc import Iterable

    from errtally.exporter.symbols.source_map import SourceMap

_MINIFIED: Final = re.compile(r"[\w$]{1,2}")


def build(map_content: bytes | None, script: bytes | None) -> bytes:
    """Make a table.

    Args:
        map_content: the map, None when it stands in the script.
        script: the minified script, None when it was not uploaded.

    Raises:
        SymbolError: the map can't be used; the message says why.
    """
    if map_content is None:
        map_content = source_map.inline(script) if script is not None else None
        if map_content is None:
            raise SymbolError("no_map", "the script was uploaded without a map, and has none in it")
    found = source_map.read(map_content)
    wanted = source_map.debug_id_of_script(script) if script is not None else ""
    if wanted and found.debug_id and found.debug_id != wanted:
        raise SymbolError("wrong_build", f"the map is of debug id {found.debug_id}, the script of {wanted}")
    return _written(found, script)


def _written(found: SourceMap, script: bytes | None) -> bytes:
    used = set(found.positions.sources)
    names: dict[str, int] = {}
    ends, places, function_names = array("I"), array("Q"), array("I")

    def add(lines: Iterable[Begin]) -> None:
        before = -1
        for line, column, name in sorted(lines, key=lambda one: one[:2]):
            place = line << 32 | column
            number = names.setdefault(name, len(names)) if name else NONE
            if place == before:  # one ends where the next begins
                function_names[-1] = number
            else:
                places.append(place)
                function_names.append(number)
            before = place
        ends.append(len(places))

    is_script_needed = False
    for index, source in enumerate(found.sources):
        known: list[Begin] = []
        if index in used:
            if source.content is not None:
                known = begins(source.content, source.url)
            known = known or metro_begins(source.metro)
            is_script_needed = is_script_needed or (not known and source.content is None)
        add(known)
    add(_of_script(found, script) if is_script_needed and script is not None else ())
    text_ends, blob = table.texts((*(source.url for source in found.sources), *found.names, *names))
    content_ends, line_ends, contents = table.contents([source.content for source in found.sources])
    positions = found.positions
    return table.write(
        {
            "starts": positions.starts, "columns": positions.columns, "sources": positions.sources,
            "lines": positions.lines, "source_columns": positions.source_columns, "names": positions.names,
            "texts": text_ends, "ignored": array("I", [source.is_ignored for source in found.sources]),
            "content_ends": content_ends, "line_ends": line_ends,
            "function_ends": ends, "function_places": places, "function_names": function_names,
            "blob": blob, "contents": contents, "debug_id": found.debug_id.encode(),
        },
        sources=len(found.sources),
        names=len(found.names),
    )  # fmt: skip


def _of_script(found: SourceMap, script: bytes) -> list[Begin]:
    """Return the functions of a minified script by the names that the map has for theirs."""
    positions = found.positions

    def original(text: str, line: int, column: int) -> str | None:
        at = positions.at(line, column)
        if at is not None and positions.columns[at] == column and positions.names[at] != NONE:
            return found.names[positions.names[at]] or None
        # A name of one or two letters is the minifier's; a longer one is a property's, which it leaves alone.
        return None if _MINIFIED.fullmatch(text) else text

    return begins(script.decode("utf-8", "replace"), "script.js", original)
