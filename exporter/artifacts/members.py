"""From what was sent to files of the index: their debug ids, their addresses, and which map is whose."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from errtally.exporter.artifacts import scripts
from errtally.exporter.artifacts.artifact import MINIFIED_SOURCE, SOURCE, SOURCE_MAP, Artifact, debug_id_of, url_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from errtally.exporter.artifacts.archive import Archive
    from errtally.exporter.artifacts.bundle import Entry

_KINDS: Final = frozenset({MINIFIED_SOURCE, SOURCE_MAP, SOURCE})
MAP_SUFFIX: Final = ".map"


def keep(
    files: Iterable[tuple[Entry, bytes]], archive: Archive, *, release: str, dist: str, now: float
) -> list[Artifact]:
    """Keep files that came together, and say what they are; those of other kinds are left out.

    Args:
        files: each with its content.
        archive: that keeps.
        release: of the files; "" serves any.
        dist: of the files; "" serves all.
        now: seconds since the epoch.

    Returns:
        The files, without a project.

    Raises:
        StoreError: a content can't be written.
    """
    return _tied(
        [
            replace(one, release=release, dist=dist, uploaded=now)
            for entry, content in files
            if entry.kind in _KINDS
            for one in described(entry, content, archive)
        ]
    )


def described(entry: Entry, content: bytes, archive: Archive) -> Iterator[Artifact]:
    """Keep one file and say what it is; a script that holds its map is two.

    Raises:
        StoreError: the content can't be written.
    """
    url = url_of(entry.url or f"~/{entry.path}")
    debug_id = debug_id_of(entry.headers.get("debug-id"))
    map_url = ""
    if entry.kind == MINIFIED_SOURCE:
        debug_id = debug_id or scripts.debug_id_of_script(content)
        map_url = entry.headers.get("sourcemap") or entry.headers.get("x-sourcemap") or ""
        if map_url.startswith("data:"):
            map_url = ""
        map_url = map_url or scripts.map_url_of_script(content)
        inline = scripts.inline_map(content) if not map_url else None
        if inline is not None:
            own = debug_id or scripts.debug_id_of_map(inline)
            map_url = f"{url.rpartition('/')[2]}{MAP_SUFFIX}"
            yield Artifact("", SOURCE_MAP, archive.keep(inline), len(inline), own, url=scripts.joined(url, map_url))
    elif entry.kind == SOURCE_MAP:
        debug_id = debug_id or scripts.debug_id_of_map(content)
    yield Artifact("", entry.kind, archive.keep(content), len(content), debug_id, url=url, map_url=map_url)


def _tied(found: list[Artifact]) -> list[Artifact]:
    """Give a map that has no debug id that of the script whose map it is."""
    ids = {
        url_of(scripts.joined(one.url, one.map_url)): one.debug_id
        for one in found
        if one.kind == MINIFIED_SOURCE and one.debug_id and one.map_url
    }
    return [
        replace(one, debug_id=ids[one.url]) if one.kind == SOURCE_MAP and not one.debug_id and one.url in ids else one
        for one in found
    ]
