"""The way of an event through one process, without sockets: what each stage costs, in CPU time of this thread.

Run as ``python -m errtally.exporter.bench.path KIND REQUESTS``; prints one line of JSON. Imports nothing of this room
but the work, so that the file can be run over another commit's code, to compare.
"""

from __future__ import annotations

import io
import json
import shutil
import sys
import tempfile
import time
from functools import wraps
from http import HTTPStatus
from pathlib import Path
from typing import Any

from errtally.event.scrub import Scrubber
from errtally.exporter import garbage_collection
from errtally.exporter.bench import work
from errtally.exporter.config import ExporterConfig
from errtally.exporter.grouping.grouper import Grouper
from errtally.exporter.ingest import batches, body, pipeline
from errtally.exporter.ingest.tally import Tally
from errtally.exporter.journal.appender import Appender
from errtally.exporter.protocols import native
from errtally.exporter.protocols.sentry import endpoints as sentry
from errtally.exporter.store.writing import StoreWriter
from errtally.exporter.web import fast_path
from errtally.exporter.writer import Writer

WARM_UP_EVENTS = 1200
"""At least so many events go before, so that each piece of the work was seen: what is new comes once a day."""

FOLD_REQUESTS = {1: 800, work.BATCH_EVENTS: 80}
"""What the writer of a busy exporter finds in a fifth of a second, by the events of a request."""

EVENTS_PER_SECOND = 4000.0
"""By the clock that the exporter sees, on every machine: how many events are kept whole depends on it."""


class Clock:
    """Stands in for the module that tells the time: goes on by the same step at each look."""

    def __init__(self, step_seconds: float) -> None:
        self._seconds, self._step_seconds = time.time(), step_seconds

    def time(self) -> float:
        """Go on, and tell the time."""
        self._seconds += self._step_seconds
        return self._seconds

    def now(self) -> float:
        """Tell the time."""
        return self._seconds


class Stages:
    """Adds CPU time up by stage; time in a stage within a stage is the inner one's alone."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._inside: list[str] = []
        self._since = 0.0

    def turn(self, stage: str | None) -> None:
        """Enter a stage, or with None leave the one that was entered last."""
        now = time.thread_time()
        if self._inside:
            self.seconds[self._inside[-1]] = self.seconds.get(self._inside[-1], 0.0) + now - self._since
        if stage is None:
            self._inside.pop()
        else:
            self._inside.append(stage)
        self._since = time.thread_time()

    def of(self, stage: str, holder: object, name: str) -> None:
        """Have every call of a function counted to a stage."""
        call = getattr(holder, name)

        @wraps(call)
        def timed(*arguments: object, **named: object) -> Any:  # noqa: ANN401
            self.turn(stage)
            try:
                return call(*arguments, **named)
            finally:
                self.turn(None)

        setattr(holder, name, timed)


def measure(kind: str, requests: int, *, with_stages: bool) -> dict[str, Any]:
    """Take requests of one kind and fold them.

    Args:
        kind: name of one of ``work.KINDS``.
        requests: how many are measured.
        with_stages: whether stages are told; telling them costs some time itself.

    Returns:
        ``events``, ``microseconds`` of CPU an event, and ``stages``: microseconds an event of each.
    """
    stages = Stages()
    if with_stages:
        _watch(stages)
    a_request = next(one.events_per_request for one in work.KINDS if one.name == kind)
    warm_up, fold_requests = -(-WARM_UP_EVENTS // a_request), FOLD_REQUESTS[a_request]
    clock = Clock(a_request / EVENTS_PER_SECOND)
    fast_path.time = clock  # type: ignore[attr-defined, assignment]
    folder = Path(tempfile.mkdtemp(prefix="errtally-path-"))
    try:
        config = ExporterConfig(data_dir=folder)
        writer, tally = Writer(config, clock=clock.now), Tally()
        appender = Appender(folder / "journal")
        taking = pipeline.Pipeline(config, appender=appender, tally=tally, user_key=b"k" * 32)
        door = fast_path.FastPath(lambda *_: [b""], taking, limits=config.limits, tally=tally)
        source = work.requests(kind, "localhost", "0" * 24)
        ready = [environ_of(next(source)) for _ in range(warm_up + requests)]
        for environ in ready[:warm_up]:
            take(door, environ)
        writer.step()
        garbage_collection.freeze()
        stages.seconds.clear()
        began = time.thread_time()
        for at, environ in enumerate(ready[warm_up:], 1):
            stages.turn("door")
            take(door, environ)
            stages.turn(None)
            if not at % fold_requests:
                writer.step()
        if requests % fold_requests:
            writer.step()
        seconds = time.thread_time() - began
        appender.close()
    finally:
        shutil.rmtree(folder)
    events = requests * a_request
    told = {name: 1e6 * spent / events for name, spent in stages.seconds.items()} if with_stages else {}
    return {"events": events, "microseconds": 1e6 * seconds / events, "stages": told}


def _watch(stages: Stages) -> None:
    stages.of("inflate", body, "decompress")
    stages.of("decode", native, "event_from")
    stages.of("decode", native, "raw_items")
    stages.of("decode", sentry, "_submission")
    stages.of("scrub", Scrubber, "scrub_event")
    stages.of("scrub", Scrubber, "scrub_value")
    stages.of("group", Grouper, "group")
    stages.of("sample", batches.BatchBuilder, "_sample")
    stages.of("append", Appender, "append")
    stages.of("fold", Writer, "step")
    stages.of("store", StoreWriter, "apply")


def take(door: fast_path.FastPath, environ: dict[str, Any]) -> None:
    """Have a request taken.

    Raises:
        RuntimeError: it is refused.
    """
    answer = door.answer(environ)
    if answer is None or answer[0] != HTTPStatus.OK:
        raise RuntimeError(f"the work is not taken: {answer}")


def environ_of(request: bytes) -> dict[str, Any]:
    """Make the WSGI environment of a request's bytes."""
    head, _, sent = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, target, _ = first.split(" ")
    path, _, query = target.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "REMOTE_ADDR": "127.0.0.1",
        "wsgi.input": io.BytesIO(sent), "wsgi.input_terminated": True,
    }  # fmt: skip
    for line in lines:
        name, _, value = line.partition(": ")
        key = name.upper().replace("-", "_")
        environ[key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"] = value
    return environ


if __name__ == "__main__":
    found = measure(sys.argv[1], int(sys.argv[2]), with_stages="stages" in sys.argv[3:])
    sys.stdout.write(json.dumps(found) + "\n")
