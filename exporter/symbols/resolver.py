"""From frames as clients send them to calls as their authors wrote them, by what was uploaded; nothing is fetched."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from errtally.errors import SymbolError
from errtally.event.model import Frame, ResolvedFrame
from errtally.exporter.artifacts.artifact import MINIFIED_SOURCE, NATIVE, PROGUARD, SOURCE, SOURCE_MAP
from errtally.exporter.grouping.resolved import TOP_LEVEL
from errtally.exporter.symbols import files, places
from errtally.exporter.symbols.files import Files, Wanted
from errtally.exporter.symbols.native import SymbolTable
from errtally.exporter.symbols.proguard import Mapping
from errtally.exporter.symbols.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from errtally.event.model import ExceptionInfo
    from errtally.exporter.artifacts.archive import Archive
    from errtally.exporter.artifacts.artifact import Artifact
    from errtally.exporter.symbols.images import Images

T = TypeVar("T")

LOOK_SECONDS: Final = 0.02
"""How long what is known of the uploads holds: a look at them for each event would cost as much as a tenth of it."""

MAX_FILES: Final = 50
"""That the calls of one event may lie in: looking for more would be work that a sender makes at will."""

MAX_KNOWN: Final = 20_000
CONTEXT_LINES: Final = 5
MAX_LINE_CHARACTERS: Final = 512
RESOLVED: Final = "resolved"


class Missing(NamedTuple):
    """A file whose frames could not be read.

    Attributes:
        file: as the frames name it; for a mapping or a program its own name, where it has one.
        debug_id: "" where the event names none.
        reason: one of `names.SYMBOL_OUTCOMES`.
        message: in words.
    """

    file: str
    debug_id: str
    reason: str
    message: str


class _Found(NamedTuple):
    """What a file of an event is read by, or why it is not."""

    wanted: Wanted | None
    missing: Missing | None
    map_url: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an event comes from."""

    project: str
    release: str
    dist: str


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
        self._known: dict[tuple[Origin, str, str], _Found] = {}

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

    def trace(self, origin: Origin, images: Images) -> Trace:
        """Return what reads the frames of one event."""
        return Trace(self, origin, images)

    def script(self, origin: Origin, path: str, debug_id: str) -> _Found:
        """Return what a script's frames are read by.

        Raises:
            StoreError: the uploads can't be read.
        """
        return self._remembered((origin, path, debug_id), self._script)

    def by_id(self, origin: Origin, kind: str, debug_id: str) -> _Found:
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

    def wanted_since(self, since: float) -> list[Wanted]:
        """Return what events will be read by of what was uploaded from a time on.

        Raises:
            StoreError: the uploads can't be read.
        """
        found: dict[Wanted, None] = {}
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

    def _remembered(self, key: tuple[Origin, str, str], find: Callable[[Origin, str, str], _Found]) -> _Found:
        known = self._known
        found = known.get(key)
        if found is None:
            found = find(*key)
            if len(known) >= MAX_KNOWN:
                known.clear()
            known[key] = found
        return found

    def _script(self, origin: Origin, path: str, debug_id: str) -> _Found:
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
        return _Found(None, Missing(path, debug_id, "not_uploaded", message))

    def _by_address(self, origin: Origin, addresses: Sequence[str]) -> _Found | None:
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

    def _by_id(self, origin: Origin, kind: str, debug_id: str) -> _Found:
        uploaded = _first(self.archive.by_debug_id(origin.project, debug_id), kind)
        if uploaded is None:
            thing = "mapping" if kind == PROGUARD else "debug file"
            return _Found(None, Missing("", debug_id, "not_uploaded", f"no {thing} {debug_id} was uploaded"))
        if kind == PROGUARD:
            return _Found(Wanted(files.JVM, uploaded.sha1), None)
        return _Found(Wanted(files.NATIVE, uploaded.sha1, debug_id=debug_id), None)


class Trace:
    """Reads the frames of one event, and notes what could not be read.

    Attributes:
        outcomes: how many frames had which outcome (`names.SYMBOL_OUTCOMES`).
        missing: the files whose frames could not be read, each once.
    """

    def __init__(self, resolver: Resolver, origin: Origin, images: Images) -> None:
        self._resolver = resolver
        self._origin = origin
        self._images = images
        self.outcomes: Counter[str] = Counter()
        self.missing: dict[tuple[str, str], Missing] = {}
        self._paths: set[str] = set()
        self._open_mappings: list[Mapping] | None = None

    def frames(self, frames: Sequence[Frame]) -> list[Frame] | None:
        """Read frames.

        Args:
            frames: oldest first.

        Returns:
            Oldest first, those that could not be read as they are; None where that is all of them.

        Raises:
            StoreError: the uploads can't be read.
        """
        found: list[Frame] = []
        has_any = False
        for frame in frames:
            calls = self.calls(frame)
            if calls:
                has_any = True
                found += calls
            else:
                found.append(frame)
        return found if has_any else None

    def calls(self, frame: Frame) -> Sequence[ResolvedFrame]:
        """Return the calls that a frame stands for, the oldest first; () for one that can't be read.

        Raises:
            StoreError: the uploads can't be read.
        """
        path = frame.abs_path or frame.filename or ""
        debug_id = self._images.scripts.get(path) or self._images.scripts.get(frame.filename or "", "")
        if debug_id or places.addresses(path):
            call = self._script_call(frame, path, debug_id)
            return () if call is None else (call,)
        if self._images.mappings and frame.module:
            return self._jvm_calls(frame, frame.module)
        return ()

    def native_calls(self, address: int, frame: Frame) -> Sequence[ResolvedFrame]:
        """Return the calls at an address of a native program, the oldest first; () where it can't be read.

        Raises:
            StoreError: the uploads can't be read.
        """
        image = self._images.at(address)
        if image is None:
            return ()
        try:
            symbols = self._read(self._resolver.by_id(self._origin, NATIVE, image.debug_id), SymbolTable)
        except SymbolError as exc:
            self._miss(image.code_file, image.debug_id, exc)
            return ()
        found = symbols.find(address - image.start)
        self.outcomes[RESOLVED if found else "no_position"] += 1
        return [
            ResolvedFrame(
                function=one.function or frame.function, module=frame.module,
                filename=one.path.rpartition("/")[2] or frame.filename, abs_path=one.path or frame.abs_path,
                lineno=one.line, in_app=frame.in_app, package=frame.package, sent=frame,
            )
            for one in reversed(found)
        ]  # fmt: skip

    def exception(self, exception: ExceptionInfo) -> bool:
        """Give the class of a JVM's exception its name back; return whether it had another one.

        Raises:
            StoreError: the uploads can't be read.
        """
        if not exception.type:
            return False
        sent = f"{exception.module}.{exception.type}" if exception.module else exception.type
        for mapping in self._mappings():
            original = mapping.original_class(sent)
            if original is not None and original != sent:
                exception.module, _, exception.type = original.rpartition(".")
                return True
        return False

    def _script_call(self, frame: Frame, path: str, debug_id: str) -> ResolvedFrame | None:
        line, column = frame.lineno, frame.colno
        if not line or (path not in self._paths and len(self._paths) >= MAX_FILES):
            return None  # of the engine itself, or one file too many
        self._paths.add(path)
        located = self._resolver.script(self._origin, path, debug_id)
        try:
            table = self._read(located, Table)
        except SymbolError as exc:
            self._miss(path, debug_id, exc)
            return None
        if debug_id and table.debug_id and table.debug_id != debug_id:
            wrong = f"the map says that it is of debug id {table.debug_id}"
            self._miss(path, debug_id, SymbolError("wrong_build", wrong))
            return None
        if not column:
            self._miss(path, debug_id, SymbolError("no_column", "a line of a bundle says nothing without a column"))
            return None
        found = table.find(line, column)
        if found is None:
            self.outcomes["no_position"] += 1
            return None
        self.outcomes[RESOLVED] += 1
        around = table.context(found.source, found.line, 0)
        is_library = found.is_ignored or places.is_library(found.url)
        function = found.function if found.function is not None else frame.function
        return ResolvedFrame(
            function=TOP_LEVEL if function == "" else function, filename=places.shown(found.url), abs_path=found.url,
            lineno=found.line, colno=found.column, in_app=False if is_library else frame.in_app,
            context_line=around[1][:MAX_LINE_CHARACTERS] if around else None, sent=frame,
        )  # fmt: skip

    def context(self, frame: Frame) -> tuple[list[str], str, list[str]] | None:
        """Return source lines before the call of a script's frame, its own, and after it, where they were uploaded.

        Raises:
            StoreError: the uploads can't be read.
        """
        path = frame.abs_path or frame.filename or ""
        debug_id = self._images.scripts.get(path) or self._images.scripts.get(frame.filename or "", "")
        located = self._resolver.script(self._origin, path, debug_id)
        try:
            table = self._read(located, Table)
        except SymbolError:  # noted when the frame was read
            return None
        found = table.find(frame.lineno or 0, frame.colno or 0)
        if found is None:
            return None
        around = table.context(found.source, found.line, CONTEXT_LINES)
        if around is None and not table.has_content(found.source):
            lines = self._resolver.source(self._origin, located.map_url, found.url)
            if lines is None or not found.line <= len(lines):
                return None
            at = found.line - 1
            around = (lines[max(0, at - CONTEXT_LINES) : at], lines[at], lines[at + 1 : at + 1 + CONTEXT_LINES])
        if around is None:
            return None
        before, own, after = around
        limit = MAX_LINE_CHARACTERS
        return [one[:limit] for one in before], own[:limit], [one[:limit] for one in after]

    def _jvm_calls(self, frame: Frame, module: str) -> Sequence[ResolvedFrame]:
        for mapping in self._mappings():
            calls = mapping.calls(module, frame.function or "", frame.lineno)
            if not calls:
                continue
            self.outcomes[RESOLVED] += 1
            if calls == [(module, frame.function, frame.lineno, frame.filename)]:
                continue
            return [
                ResolvedFrame(
                    function=one.function, module=one.module, filename=one.file or frame.filename,
                    lineno=one.line, in_app=frame.in_app, sent=frame,
                )
                for one in reversed(calls)
            ]  # fmt: skip
        return ()

    def _mappings(self) -> list[Mapping]:
        if self._open_mappings is None:
            self._open_mappings = []
            for uuid in self._images.mappings[:MAX_FILES]:
                try:
                    found = self._read(self._resolver.by_id(self._origin, PROGUARD, uuid), Mapping)
                except SymbolError as exc:
                    self._miss("", uuid, exc)
                else:
                    self._open_mappings.append(found)
        return self._open_mappings

    def _read(self, located: _Found, kind: type[T]) -> T:
        """Return the open file.

        Raises:
            SymbolError: there is none, it is being made, or it could not be made.
        """
        if located.wanted is None:
            missing = located.missing
            raise SymbolError(missing.reason, missing.message) if missing else SymbolError("not_uploaded", "")
        found = self._resolver.files.get(located.wanted)
        if not isinstance(found, kind):
            raise TypeError(f"{located.wanted.name} was read as {type(found).__name__}")
        return found

    def _miss(self, file: str, debug_id: str, error: SymbolError) -> None:
        self.outcomes[error.reason] += 1
        self.missing.setdefault((file, debug_id), Missing(file, debug_id, error.reason, str(error)))


def _pair(scripts: Sequence[Artifact], maps: Sequence[Artifact]) -> _Found | None:
    """Return what a script and its map among uploaded files are read by, None where there is neither."""
    script, found = _first(scripts, MINIFIED_SOURCE), _first(maps, SOURCE_MAP)
    if found is None and (script is None or not script.size_bytes):
        return None
    return _Found(
        Wanted(files.JAVASCRIPT, found.sha1 if found else "", script.sha1 if script and script.size_bytes else ""),
        None,
        found.url if found else script.url if script else "",
    )


def _first(uploaded: Sequence[Artifact], kind: str) -> Artifact | None:
    return next((one for one in uploaded if one.kind == kind), None)
