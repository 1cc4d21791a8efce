"""From a folder of a build to what is uploaded of it: a bundle of its scripts and source maps, and mappings."""

from __future__ import annotations

import io
import json
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from errtally.exporter.artifacts import debug_files, scripts
from errtally.exporter.artifacts.artifact import MINIFIED_SOURCE, SOURCE_MAP

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT_ENDINGS: Final = (".js", ".cjs", ".mjs", ".bundle", ".jsbundle")
MAP_ENDING: Final = ".map"
_SKIPPED: Final = frozenset({"node_modules", ".git"})
_MARK: Final = b"SYSB\x02\x00\x00\x00"
_DATE: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class BundleFile:
    """A file of the folder.

    Attributes:
        path: where it is.
        url: where browsers load it.
        kind: script or source map.
        debug_id: that it says of itself; "" without one.
        map_url: of a script; "" where it says nothing.
        content: the whole of it.
    """

    path: Path
    url: str
    kind: str
    debug_id: str
    map_url: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Mapping:
    """A ProGuard or R8 mapping.

    Attributes:
        path: where it is.
        debug_id: the UUID that it is found by.
    """

    path: Path
    debug_id: str
    content: bytes


def files(folder: Path, url_prefix: str) -> list[BundleFile]:
    """Read the scripts and source maps of a folder, or the one file that it is.

    A script takes the debug id of its map, and a map that of its script, where only one of them says it.

    Raises:
        OSError: a file can't be read.
    """
    root = folder if folder.is_dir() else folder.parent
    found = {
        one.url: one
        for path in _paths(folder)
        if (one := _read(path, f"{url_prefix.rstrip('/')}/{path.relative_to(root).as_posix()}")) is not None
    }
    told = []
    for one in found.values():
        debug_id = one.debug_id
        if not debug_id and one.kind == MINIFIED_SOURCE:
            beside = found.get(scripts.joined(one.url, one.map_url or f"{one.url.rpartition('/')[2]}{MAP_ENDING}"))
            debug_id = beside.debug_id if beside is not None else ""
        told.append(BundleFile(one.path, one.url, one.kind, debug_id, one.map_url, one.content))
    ids = {scripts.joined(one.url, one.map_url): one.debug_id for one in told if one.map_url}
    return [
        BundleFile(one.path, one.url, one.kind, one.debug_id or ids.get(one.url, ""), one.map_url, one.content)
        for one in told
    ]


def mappings(folder: Path) -> list[Mapping]:
    """Read the ProGuard mappings of a folder, or the one file that it is: those that end in ``.txt``.

    Raises:
        OSError: a file can't be read.
    """
    read = ((path, path.read_bytes()) for path in _paths(folder) if path.suffix == ".txt")
    return [
        Mapping(path, debug_files.proguard_uuid(content), content)
        for path, content in read
        if debug_files.is_mapping(content)
    ]


def bundle(found: list[BundleFile]) -> bytes:
    """Make an artifact bundle; the same files make the same bytes."""
    entries = {}
    packed = io.BytesIO()
    packed.write(_MARK)
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, one in enumerate(sorted(found, key=lambda one: one.url)):
            name = f"files/{number}"
            headers = {"debug-id": one.debug_id, "sourcemap": one.map_url}
            entries[name] = {
                "type": one.kind,
                "url": one.url,
                "headers": {key: value for key, value in headers.items() if value},
            }
            archive.writestr(zipfile.ZipInfo(name, _DATE), one.content, zipfile.ZIP_DEFLATED)
        archive.writestr(zipfile.ZipInfo("manifest.json", _DATE), json.dumps({"files": entries}), zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _paths(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        yield folder
        return
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED)
        for name in sorted(names):
            path = Path(here, name)
            if path.is_file():
                yield path


def _read(path: Path, url: str) -> BundleFile | None:
    """Read a file, None when it is neither a script nor a source map."""
    if path.name.endswith(SCRIPT_ENDINGS):
        content = path.read_bytes()
        map_url = scripts.map_url_of_script(content)
        return BundleFile(path, url, MINIFIED_SOURCE, scripts.debug_id_of_script(content), map_url, content)
    if path.suffix == MAP_ENDING and scripts.is_map(content := path.read_bytes()):
        return BundleFile(path, url, SOURCE_MAP, scripts.debug_id_of_map(content), "", content)
    return None
