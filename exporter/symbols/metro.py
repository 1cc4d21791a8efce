"""Functions of sources as Metro writes them into a map for React Native (``x_facebook_sources``).

Format: for each source a list whose first item is ``{names, mappings}``; mappings are Base64 VLQ, lines of the source
between semicolons, segments of column, name and line relative to those before. Metro writes a method as
``Cart#total``, a static one as ``Stock.reserve`` and a callback as ``reduce$argument_0``.
"""

from __future__ import annotations

import re
from typing import Final

from errtally.errors import SymbolError
from errtally.exporter.grouping.resolved import ANONYMOUS, OUTSIDE
from errtally.exporter.symbols.functions import Begin
from errtally.exporter.symbols.mappings import numbers_of

_CALLBACK: Final = re.compile(r"(?:^|\.)[\w$]*\$argument_\d+$")
_OUTSIDE: Final = frozenset(("<global>", "<unknown>", ""))


def metro_begins(sent: object) -> list[Begin]:
    """Return where functions of a source begin; [] without, or for what is not of the format."""
    first = sent[0] if isinstance(sent, list) and sent else None
    if not isinstance(first, dict):
        return []
    names, mappings = first.get("names"), first.get("mappings")
    if not isinstance(names, list) or not isinstance(mappings, str):
        return []
    found: list[Begin] = []
    name = line = 0
    try:
        for text in mappings.split(";"):
            column = 0
            for segment in text.split(",") if text else ():
                numbers = (*numbers_of(segment, counts=(1, 2, 3)), 0, 0)
                column += numbers[0]
                name += numbers[1]
                line += numbers[2]
                if not (0 <= name < len(names) and isinstance(names[name], str)) or line < 0 or column < 0:
                    return []
                found.append(Begin(max(line - 1, 0), column, _plain(names[name])))
    except SymbolError:
        return []
    return found


def _plain(name: str) -> str:
    """Return a name in the form that names read from a source have."""
    if name in _OUTSIDE:
        return ""
    if name in {"anonymous", ANONYMOUS} or _CALLBACK.search(name):
        around = _CALLBACK.sub("", name).rpartition(".")[2] if "." in name else ""
        return f"{ANONYMOUS} in {around or OUTSIDE}"
    return name.replace("#", ".")
