"""An exporter in this process, without sockets: the real parts, stepped by hand."""

from __future__ import annotations

import io
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from prometheus_client.parser import text_string_to_metric_families
from tests.exporter.databases import address_of, database_at

from errtally.exporter.config import ExporterConfig, Limits
from errtally.exporter.digest.budget import Budget
from errtally.exporter.ingest.keys import Keys
from errtally.exporter.ingest.pipeline import Pipeline
from errtally.exporter.ingest.request import Request
from errtally.exporter.ingest.tally import Tally
from errtally.exporter.journal.appender import Appender
from errtally.exporter.journal.records import decoder
from errtally.exporter.metrics import process
from errtally.exporter.metrics.view import StoreView
from errtally.exporter.protocols import registry
from errtally.exporter.store.opening import uploads_of
from errtally.exporter.store.reading import StoreReader
from errtally.exporter.store.stream import StreamReader
from errtally.exporter.symbols.late import LateReader
from errtally.exporter.symbols.resolver import Resolver
from errtally.exporter.web.access import Access
from errtally.exporter.web.app import create_app
from errtally.exporter.web.fast_path import FastPath
from errtally.exporter.web.stream.hub import Hub
from errtally.exporter.writer import JOURNAL_DIRECTORY, Writer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from errtally.errors import JournalError
    from errtally.exporter.ingest.submission import Submission

NOW = 1_795_500_000.0
USER_KEY = b"k" * 32


class RecordingAppender:
    """Takes records instead of a journal; ``error`` is what the next append fails with."""

    def __init__(self) -> None:
        self.payloads: list[bytes] = []
        self.events = 0
        self.error: JournalError | None = None

    def refusal(self):
        return None

    def append(self, payload: bytes, events: int, received: float, *, until_known: bool = False) -> None:  # noqa: ARG002
        assert received
        if self.error is not None:
            raise self.error
        self.payloads.append(payload)
        self.events += events

    def batches(self) -> list[Any]:
        return [decoder.decode(payload) for payload in self.payloads]


def environ(
    path: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    *,
    method: str = "POST",
    query: str = "",
) -> dict[str, Any]:
    """Make the WSGI environment of a request."""
    made: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "CONTENT_LENGTH": str(len(body)),
        "REMOTE_ADDR": "192.0.2.7",
        "wsgi.input": io.BytesIO(body),
    }
    for name, value in (headers or {}).items():
        made["HTTP_" + name.upper().replace("-", "_")] = value
    return made


def request(
    body: bytes = b"", headers: Mapping[str, str] | None = None, *, query: str = "", project: str = "1", **limits: int
) -> Request:
    """Make a request as a protocol sees it."""
    return Request(
        environ("/", body, headers, query=query),
        received=NOW,
        route={"project": project},
        body_limit_bytes=limits.get("body", 1 << 20),
        decompressed_limit_bytes=limits.get("decompressed", 1 << 20),
    )


def deliver(
    path: str,
    body: bytes,
    headers: Mapping[str, str] | None = None,
    *,
    config: ExporterConfig | None = None,
    query: str = "",
    limits: Limits | None = None,
) -> Submission:
    """Decode a request by the endpoint of its path."""
    found = registry.find(path)
    assert found is not None
    endpoint, route = found
    sent = Request(
        environ(path, body, headers, query=query),
        received=NOW,
        route=route,
        body_limit_bytes=1 << 24,
        decompressed_limit_bytes=1 << 24,
    )
    return endpoint.decode(sent, Keys(config or ExporterConfig()), limits or Limits())


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def call(app: Any, made: dict[str, Any]) -> Answer:
    """Call a WSGI application."""
    started: list[Any] = []
    parts = app(made, lambda status, headers, _=None: started.append((status, headers)))
    body = b"".join(parts)
    if hasattr(parts, "close"):
        parts.close()
    status, headers = started[0]
    return Answer(int(status.split()[0]), dict(headers), body)


def door(appender: Any, config: ExporterConfig | None = None, tally: Tally | None = None) -> FastPath:
    """Make the ingest door alone; everything else is answered with 418."""
    config, tally = config or ExporterConfig(), tally or Tally()
    pipeline = Pipeline(config, appender=appender, tally=tally, user_key=USER_KEY)

    def elsewhere(_: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("418 I'm a teapot", [])
        return [b"elsewhere"]

    return FastPath(elsewhere, pipeline, limits=config.limits, tally=tally)


class InProcess:
    """A whole exporter: journal, writer, store, pages."""

    def __init__(self, folder: Path, config: ExporterConfig | None = None) -> None:
        self.config = replace(config or ExporterConfig(), data_dir=folder, database=address_of(folder))
        self.writer = Writer(self.config)
        self.appender = Appender(folder / JOURNAL_DIRECTORY)
        self.tally = Tally()
        self.unready: str | None = None
        self.uploads = uploads_of(self.config, self.tally.add)
        self.resolver = Resolver(self.uploads.archive)
        pipeline = Pipeline(
            self.config,
            appender=self.appender,
            tally=self.tally,
            user_key=USER_KEY,
            uploads=self.uploads,
            resolver=self.resolver,
        )
        self.access = Access(self.config, USER_KEY)
        self.reader = StoreReader(database_at(folder), USER_KEY, LateReader(self.resolver, self.config))
        self.open_streams = 0
        self.hub = Hub(
            StreamReader(database_at(folder)), on_count=self._count_streams, poll_seconds=0.01, heartbeat_seconds=0.2
        )
        self.flask = create_app(
            self.config,
            view=StoreView(database_at(folder), folder, Budget(self.config.series_limits)),
            reader=self.reader,
            own=process.registry(
                lambda: self.unready is None, lambda: self.open_streams, self.uploads.archive.stored_bytes
            ),
            appender=self.appender,
            access=self.access,
            problem=lambda: self.unready,
            hub=self.hub,
            uploads=self.uploads,
        )
        self.app = FastPath(
            self.flask,
            pipeline,
            limits=self.config.limits,
            tally=self.tally,
            upload_bytes=self.config.artifacts.request_bytes,
        )

    def post(self, path: str, body: bytes | dict[str, Any], headers: Mapping[str, str] | None = None) -> Answer:
        path, _, query = path.partition("?")
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        made = environ(path, raw, headers, query=query)
        if not isinstance(body, bytes):
            made["CONTENT_TYPE"] = "application/json"
        return self.call(made)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        path, _, query = path.partition("?")
        return self.call(environ(path, b"", headers, method="GET", query=query))

    def call(self, made: dict[str, Any]) -> Answer:
        made.setdefault("wsgi.url_scheme", "http")
        made.setdefault("SERVER_NAME", "localhost")
        made.setdefault("SERVER_PORT", "9765")
        made.setdefault("wsgi.errors", io.StringIO())
        return call(self.app, made)

    def fold(self) -> None:
        while self.writer.step():
            pass

    def series(self) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        text = self.get("/metrics").body.decode()
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def total(self, name: str, **labels: str) -> float:
        wanted = set(labels.items())
        return sum(value for (sample, own), value in self.series().items() if sample == name and wanted <= own)

    @contextmanager
    def folding(self) -> Iterator[None]:
        """Fold in a thread until the block ends, as the supervisor does."""
        stop = threading.Event()

        def run() -> None:
            while not stop.is_set():
                if not self.writer.step():
                    stop.wait(0.002)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _count_streams(self, number: int) -> None:
        self.open_streams = number

    def close(self) -> None:
        self.hub.close()
        self.appender.close()
        self.uploads.close()


def envelope(*items: tuple[str, Any], header: Mapping[str, Any] | None = None) -> bytes:
    """Build an envelope of items with lengths."""
    body = json.dumps(header or {}).encode() + b"\n"
    for kind, content in items:
        payload = content if isinstance(content, bytes) else json.dumps(content).encode()
        body += json.dumps({"type": kind, "length": len(payload)}).encode() + b"\n" + payload + b"\n"
    return body
