"""Putting uploads together: from chunks to files of the index, beside the requests that ask for it.

Unpacking takes seconds for a large bundle, so it has a thread of its own; whoever asks waits a while, and is told
``assembling`` when it takes longer. What was put together is known by its checksum, so that asking again is cheap; what
failed is tried again as long as its chunks are here, so that nothing has to be remembered over a restart.
"""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TYPE_CHECKING, Final

import structlog

from errtally import names
from errtally.errors import NotServedError, OverloadedError, RejectedError, StoreError
from errtally.exporter.artifacts import debug_files, members
from errtally.exporter.artifacts.artifact import Artifact
from errtally.exporter.artifacts.bundle import Bundle

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from errtally.exporter.artifact_settings import ArtifactSettings
    from errtally.exporter.artifacts.archive import Archive
    from errtally.exporter.artifacts.chunks import Chunks
    from errtally.exporter.artifacts.debug_files import DebugFile

OK: Final = "ok"
ASSEMBLING: Final = "assembling"
NOT_FOUND: Final = "not_found"
ERROR: Final = "error"

WAIT_SECONDS: Final = 15.0
MAX_WAITING: Final = 200
"""Uploads that wait to be put together; beyond, clients are told to come back."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be put together.

    Attributes:
        checksum: the SHA-1 of the whole.
        chunks: their SHA-1, in order.
        projects: whose events the files are for.
        release: "" serves any; ``dist`` "" serves all of them.
        name: of a debug file; "" for a bundle.
    """

    checksum: str
    chunks: tuple[str, ...]
    projects: tuple[str, ...]
    release: str = ""
    dist: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """How far an upload is.

    Attributes:
        state: one of the words above.
        missing: chunks that have to be sent.
        detail: why it failed.
        debug_file: what it is, where it is one and is kept.
    """

    state: str
    missing: tuple[str, ...] = ()
    detail: str = ""
    debug_file: DebugFile | None = None


@dataclass(slots=True)
class Assembler:
    """Puts uploads together, one at a time. Safe for threads.

    Attributes:
        archive: that keeps the files.
        chunks: where the pieces wait.
        settings: what an upload may hold.
        count: adds to a counter: the metric, its labels, how much.
        wait_seconds: how long a request waits for its upload.
    """

    archive: Archive
    chunks: Chunks
    settings: ArtifactSettings
    count: Callable[[names.Metric, tuple[str, ...], float], None]
    wait_seconds: float = WAIT_SECONDS
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="artifacts"))
    _lock: Lock = field(default_factory=Lock)
    _jobs: dict[Order, Future[State]] = field(default_factory=dict)

    def ask(self, order: Order) -> State:
        """Put an upload together unless it was, or something of it is missing; say how far it is.

        Raises:
            OverloadedError: too many wait.
            StoreError: the index can't be read; or a shared database is away, and one has to ask again.
        """
        if all(
            self.archive.is_assembled(project, order.checksum, order.release, order.dist, order.name)
            for project in order.projects
        ):
            return State(OK)
        with self._lock:
            job = self._jobs.get(order)
            if job is None:
                if missing := self.chunks.missing(order.chunks):
                    return State(NOT_FOUND, tuple(missing))
                if len(self._jobs) >= MAX_WAITING:  # what is done, and nobody asked for again, makes room
                    self._jobs = {known: one for known, one in self._jobs.items() if not one.done()}
                if len(self._jobs) >= MAX_WAITING:
                    raise OverloadedError("busy", "too many uploads wait to be assembled", status=503)
                job = self._jobs[order] = self._thread.submit(self._assemble, order)
        try:
            state = job.result(self.wait_seconds)
        except FutureTimeoutError:
            return State(ASSEMBLING)
        except StoreError:
            with self._lock:
                self._jobs.pop(order, None)
            raise
        with self._lock:
            self._jobs.pop(order, None)
        return state

    def close(self) -> None:
        """Finish what is being put together."""
        self._thread.shutdown()

    def _assemble(self, order: Order) -> State:
        try:
            state = self._unpack(order)
            for project in order.projects:
                self.archive.note_assembled(project, order.checksum, order.release, order.dist, order.name)
            self.chunks.release(order.chunks)
        except RejectedError as exc:
            self.count(names.ARTIFACT_UPLOADS_REFUSED, (exc.reason,), 1)
            return State(ERROR, detail=str(exc))
        except StoreError as exc:
            _log.warning("an upload was not kept", error=str(exc))
            self.count(names.ARTIFACT_UPLOADS_REFUSED, ("store",), 1)
            if self.archive.is_shared:  # clients repeat what is answered with 503, and give up what failed
                raise
            return State(ERROR, detail=f"it could not be kept: {exc}")
        except Exception:  # noqa: BLE001 (a thread's door: logged with its place, and told)
            _log.exception("an upload was not understood")
            self.count(names.ARTIFACT_UPLOADS_REFUSED, ("internal_error",), 1)
            return State(ERROR, detail="the exporter failed; its log says why")
        return state

    def _unpack(self, order: Order) -> State:
        limit = self.settings.file_bytes if order.name else self.settings.bundle_bytes
        path = self.chunks.join(order.chunks, order.checksum, limit)
        try:
            if order.name:
                found = keep_debug_file(self.archive, order.name, path.read_bytes(), order.projects, self.count)
                return State(OK, debug_file=found[0])
            bundle = Bundle(path, self.settings)
            try:
                release, dist = order.release or _text(bundle, "release"), order.dist or _text(bundle, "dist")
                files = ((entry, bundle.read(entry.path)) for entry in bundle.entries)
                kept = members.keep(files, self.archive, release=release, dist=dist, now=time.time())
            finally:
                bundle.close()
        except OSError as exc:
            raise StoreError(f"{path}: {exc}") from exc
        finally:
            path.unlink(missing_ok=True)
        if not any(one.debug_id or one.release for one in kept):
            raise NotServedError(
                "not_findable",
                "no file of the bundle has a debug id, and no release was given: nothing could find them" if kept else
                "the bundle holds no scripts, source maps or sources",
                status=400,
            )  # fmt: skip
        enter(self.archive, kept, order.projects, self.count)
        return State(OK)


def keep_debug_file(
    archive: Archive,
    name: str,
    content: bytes,
    projects: Sequence[str],
    count: Callable[[names.Metric, tuple[str, ...], float], None],
) -> list[DebugFile]:
    """Keep a debug file, and say what it is.

    Raises:
        MalformedError, NotServedError: as `debug_files.identify`.
        StoreError: it can't be written.
    """
    found = debug_files.identify(name, content)
    digest = archive.keep(content)
    now = time.time()
    kept = [
        Artifact("", one.kind, digest, len(content), one.debug_id, url=name.replace("\\", "/").rpartition("/")[2],
                 uploaded=now)
        for one in found
    ]  # fmt: skip
    enter(archive, kept, projects, count)
    return found


def enter(
    archive: Archive,
    kept: Sequence[Artifact],
    projects: Sequence[str],
    count: Callable[[names.Metric, tuple[str, ...], float], None],
) -> None:
    """Enter files for some projects, and count them.

    Raises:
        StoreError: the index can't be written.
    """
    archive.add(replace(one, project=project) for project in projects for one in kept)
    for kind in {one.kind for one in kept}:
        count(names.ARTIFACTS_UPLOADED, (kind,), sum(one.kind == kind for one in kept))


def _text(bundle: Bundle, name: str) -> str:
    found = bundle.manifest.get(name)
    return found if isinstance(found, str) else ""
