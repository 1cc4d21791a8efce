"""From frames as clients send them to calls as their authors wrote them, by what was uploaded."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, TypeVar

from errtally.errors import SymbolError
from errtally.event.model import Frame, ResolvedFrame
from errtally.exporter.artifacts.artifact import NATIVE, PROGUARD
from errtally.exporter.grouping.resolved import TOP_LEVEL
from errtally.exporter.symbols import places
from errtally.exporter.symbols.located import Located, Missing, Origin
from errtally.exporter.symbols.native import SymbolTable
from errtally.exporter.symbols.proguard import Mapping
from errtally.exporter.symbols.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from errtally.event.model import ExceptionInfo
    from errtally.exporter.symbols.images import Images
    from errtally.exporter.symbols.resolver import Resolver

T = TypeVar("T")

MAX_FILES: Final = 50
"""That the calls of one event may lie in: looking for more would be work that a sender makes at will."""

CONTEXT_LINES: Final = 5
MAX_LINE_CHARACTERS: Final = 512
RESOLVED: Final = "resolved"


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

    def _read(self, located: Located, kind: type[T]) -> T:
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
