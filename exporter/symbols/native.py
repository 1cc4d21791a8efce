"""Debug files of native programs: addresses to functions, files and lines, by Sentry's ``symbolic``."""

from __future__ import annotations

import ctypes
import io
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from errtally.errors import SymbolError

if TYPE_CHECKING:
    from pathlib import Path

    from symbolic.debuginfo import Object

_READABLE: Final = frozenset(("symtab", "debug"))
_KEPT_NAMES: Final = 4096


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
    from symbolic.debuginfo import Archive  # noqa: PLC0415 (80 MB: for the process that builds)
    from symbolic.exceptions import SymbolicError  # noqa: PLC0415

    try:
        chosen = _chosen(list(Archive.from_bytes(content).iter_objects()), wanted_debug_id)
        if chosen is None or not _READABLE & chosen.features:
            raise SymbolError("bad_file", "the file has neither symbols nor debug information")
        written = io.BytesIO()
        cache: Any = chosen.make_symcache()  # its methods have no types
        cache.dump_into(written)
    except SymbolicError as exc:
        raise SymbolError("bad_file", f"the debug file can't be read: {exc}") from exc
    return written.getvalue()


class SymbolTable:
    """A symcache, mapped into memory. Safe for threads.

    Raises:
        SymbolError: the file can't be read.
    """

    def __init__(self, path: Path) -> None:
        from symbolic.exceptions import SymbolicError  # noqa: PLC0415 (80 MB: for a process that reads native frames)
        from symbolic.symcache import SymCache  # noqa: PLC0415

        opening: Any = SymCache
        try:
            self._cache = opening.open(str(path))
        except SymbolicError as exc:
            raise SymbolError("bad_file", f"{path}: {exc}") from exc

    def find(self, address: int) -> list[Location]:
        """Return the calls at an address relative to the image's start, the innermost first; [] for none."""
        return [
            Location(demangled(one.symbol or ""), one.full_path or "", one.line or None)
            for one in self._cache.lookup(address)
        ]


@lru_cache(maxsize=_KEPT_NAMES)
def demangled(symbol: str) -> str:
    """Return a function's name as its source has it, where the C++ run-time library is there to say it."""
    demangle = _demangler()
    if demangle is None or not symbol.startswith(("_Z", "__Z")):
        return symbol
    status = ctypes.c_int()
    found = demangle(
        symbol.removeprefix("_" if symbol.startswith("__Z") else "").encode(), None, None, ctypes.byref(status)
    )
    if status.value != 0 or not found:
        return symbol
    name = ctypes.string_at(found).decode("utf-8", "replace")
    ctypes.CDLL(None).free(ctypes.c_void_p(found))
    return name


@lru_cache(maxsize=1)
def _demangler() -> Any:  # noqa: ANN401 (a function of C, None without the library)
    """Return ``__cxa_demangle`` of the Itanium C++ ABI."""
    try:
        function = ctypes.CDLL("libstdc++.so.6")["__cxa_demangle"]
    except (OSError, AttributeError):
        return None
    function.restype = ctypes.c_void_p
    function.argtypes = (ctypes.c_char_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.POINTER(ctypes.c_int))
    return function


def _chosen(objects: list[Object], wanted_debug_id: str) -> Object | None:
    if len(objects) == 1:
        return objects[0]
    return next((one for one in objects if one.debug_id == wanted_debug_id), None)
