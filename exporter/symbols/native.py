"""Debug files of native programs: addresses to functions, files and lines, by Sentry's ``symbolic``."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from errtally.errors import SymbolError

if TYPE_CHECKING:
    from symbolic.debuginfo import Object

_KINDS: Final = frozenset(("symtab", "debug"))


class Location(NamedTuple):
    """A call as the source has it; ``line`` is None and ``path`` "" where the debug file does not say."""

    function: str
    path: str
    line: int | None


def build(content: bytes, wanted_debug_id: str) -> bytes:
    """Return the symcache of a debug file.

    Args:
        content: an ELF, Mach-O, PE, PDB, Breakpad or WASM file, or an archive of several.
        wanted_debug_id: of the object that is meant, where the file has several.

    Raises:
        SymbolError: it is no debug file, or has nothing to read an address by.
    """
    import symbolic  # noqa: PLC0415 (80 MB that only this process maps)

    try:
        archive = symbolic.Archive.from_bytes(content)
        objects = list(archive.iter_objects())
        chosen = _chosen(objects, wanted_debug_id)
        if chosen is None or not _KINDS & set(chosen.features):
            raise SymbolError("bad_file", "the file has neither symbols nor debug information")
        cache = chosen.make_symcache()
        written = io.BytesIO()
        cache.dump_into(written)
    except symbolic.SymbolicError as exc:
        raise SymbolError("bad_file", f"the debug file can't be read: {exc}") from exc
    return written.getvalue()


class SymbolTable:
    """A symcache, mapped into memory. Safe for threads.

    Raises:
        SymbolError: the file can't be read.
    """

    def __init__(self, path: Path) -> None:
        import symbolic  # noqa: PLC0415 (80 MB: for a process that reads native frames)

        try:
            self._cache = symbolic.SymCache.open(str(path))
        except symbolic.SymbolicError as exc:
            raise SymbolError("bad_file", f"{path}: {exc}") from exc

    def find(self, address: int) -> list[Location]:
        """Return the calls at an address relative to the image's start, the innermost first; [] for none."""
        from symbolic import demangle  # noqa: PLC0415

        return [
            Location(demangle.demangle_name(one.symbol) if one.symbol else "", one.full_path or "", one.line or None)
            for one in self._cache.lookup(address)
        ]


def _chosen(objects: list[Object], wanted_debug_id: str) -> Object | None:
    if len(objects) == 1:
        return objects[0]
    return next((one for one in objects if one.debug_id == wanted_debug_id), None)
