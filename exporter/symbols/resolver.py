"""Which uploaded file the frames of an event are read by; nothing is fetched."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from errtally.exporter.artifacts.artifact import MINIFIED_SOURCE, NATIVE, PROGUARD, SOURCE, SOURCE_MAP
from errtally.exporter.symbols import files, places
from errtally.exporter.symbols.files import FileId, Files
from errtally.exporter.symbols.located import Located, Missing, Origin

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from errtally.exporter.artifacts.archive import Archive
    from errtally.exporter.artifacts.artifact import Artifact

LOOK_SECONDS: Final = 0.02
"""How long what is known of the uploads holds: a look at them for each event would cost as much as a tenth of it."""

MAX_KNOWN: Final = 20_000


class Resolver:
    """Reads frames by what was uploaded. Safe for threads.

    Args:
        archive: has what was uploaded.
    """

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self.files = Files(archive)
        self._lock = threading.Lock()
        self._looked = 0.0
        self._version = 0
        self._holds: dict[str, bool] = {}
        self._uploaded: dict[str, list[Artifact]] = {}
        self._known: dict[tuple[Origin, str, str], Located] = {}

    def serves(self, project: str) -> bool:
        """Whether anything was uploaded for a project. Costs next to nothing.

        Raises:
            StoreError: the uploads can't be read.
        """
        now = time.monotonic()
        if now - self._looked > LOOK_SECONDS:
            version = self.archive.version()
            if version != self._version:
                with self._lock:
                    self._holds, self._uploaded, self._known, self._version = {}, {}, {}, version
            self._looked = now
        if not self._version:
            return False
        found = self._holds.get(project)
        if found is None:
            found = self._holds[project] = self.archive.holds(project)
        return found

    def script(self, origin: Origin, path: str, debug_id: str) -> Located:
        """Return what a script's frames are read by.

        Raises:
            StoreError: the uploads can't be read.
        """
        return self._remembered((origin, path, debug_id), self._script)

    def by_id(self, origin: Origin, kind: str, debug_id: str) -> Located:
        """Return what frames are read by that name a mapping or a debug file.

        Args:
            origin: of the event.
            kind: ``PROGUARD`` or ``NATIVE``.
            debug_id: of the file.

        Raises:
            StoreError: the uploads can't be read.
        """
        return self._remembered((origin, kind, debug_id), self._by_id)

    def source(self, origin: Origin, map_url: str, url: str) -> list[str] | None:
        """Return the lines of a source that was uploaded by itself, None for one that was not."""
        for address in places.of_map(map_url, url) if map_url and origin.release else ():
            for one in self.archive.by_url(origin.project, origin.release, origin.dist, (address,)):
                if one.kind == SOURCE:
                    return self.archive.content(one.sha1).decode("utf-8", "replace").split("\n")
        return None

    def wanted_since(self, since: float) -> list[FileId]:
        """Return what events will be read by of what was uploaded from a time on.

        Raises:
            StoreError: the uploads can't be read.
        """
        found: dict[FileId, None] = {}
        for one in self.archive.index.find("uploaded >= ?", (since,)):
            origin = Origin(one.project, one.release, one.dist)
            if one.kind in {PROGUARD, NATIVE}:
                located = self._by_id(origin, one.kind, one.debug_id)
            elif one.kind == MINIFIED_SOURCE:
                located = self._script(origin, one.url, one.debug_id)
            else:
                continue  # a map is read with its script, which comes in the same upload
            if located.wanted is not None:
                found[located.wanted] = None
        return list(found)

    def uploaded(self, project: str) -> list[Artifact]:
        """Return what was uploaded for a project, the newest first.

        Raises:
            StoreError: the uploads can't be read.
        """
        found = self._uploaded.get(project)
        if found is None:
            found = self._uploaded[project] = self.archive.of_project(project)
        return found

    def _remembered(self, key: tuple[Origin, str, str], find: Callable[[Origin, str, str], Located]) -> Located:
        known = self._known
        found = known.get(key)
        if found is None:
            found = find(*key)
            if len(known) >= MAX_KNOWN:
                known.clear()
            known[key] = found
        return found

    def _script(self, origin: Origin, path: str, debug_id: str) -> Located:
        if debug_id:
            uploaded = self.archive.by_debug_id(origin.project, debug_id)
            if found := _pair(uploaded, uploaded):
                return found
        if origin.release and (found := self._by_address(origin, places.addresses(path))):
            return found
        if debug_id:
            message = f"no source map for debug id {debug_id} was uploaded"
        elif not origin.release:
            message = "the event names no release and no debug id by which its source map could be found"
        else:
            message = f"no source map for it was uploaded with release {origin.release}"
        return Located(None, Missing(path, debug_id, "not_uploaded", message))

    def _by_address(self, origin: Origin, addresses: Sequence[str]) -> Located | None:
        """Return what the script at the first of some addresses is read by, None where nothing lies at any of them."""
        if not addresses:
            return None
        for script in self._at(origin, addresses):
            if script.kind != MINIFIED_SOURCE:
                continue
            maps = self._at(origin, places.of_map(script.url, script.map_url))
            if script.debug_id:
                maps += self.archive.by_debug_id(origin.project, script.debug_id)
            if found := _pair([script], maps):
                return found
        return _pair([], self._at(origin, [f"{one}.map" for one in addresses]))

    def _at(self, origin: Origin, addresses: Sequence[str]) -> list[Artifact]:
        """Return what lies at some addresses, in their order."""
        found = self.archive.by_url(origin.project, origin.release, origin.dist, addresses)
        order = {address: at for at, address in enumerate(addresses)}
        return sorted(found, key=lambda one: order.get(one.url, len(order)))

    def _by_id(self, origin: Origin, kind: str, debug_id: str) -> Located:
        uploaded = _first(self.archive.by_debug_id(origin.project, debug_id), kind)
        if uploaded is None:
            thing = "mapping" if kind == PROGUARD else "debug file"
            return Located(None, Missing("", debug_id, "not_uploaded", f"no {thing} {debug_id} was uploaded"))
        if kind == PROGUARD:
            return Located(FileId(files.JVM, uploaded.sha1), None)
        return Located(FileId(files.NATIVE, uploaded.sha1, debug_id=debug_id), None)


def _pair(scripts: Sequence[Artifact], maps: Sequence[Artifact]) -> Located | None:
    """Return what a script and its map among uploaded files are read by, None where there is neither."""
    script, found = _first(scripts, MINIFIED_SOURCE), _first(maps, SOURCE_MAP)
    if found is None and (script is None or not script.size_bytes):
        return None
    return Located(
        FileId(files.JAVASCRIPT, found.sha1 if found else "", script.sha1 if script and script.size_bytes else ""),
        None,
        found.url if found else script.url if script else "",
    )


def _first(uploaded: Sequence[Artifact], kind: str) -> Artifact | None:
    return next((one for one in uploaded if one.kind == kind), None)
