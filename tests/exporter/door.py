"""One worker's way of a request, without a server: the real pipeline and the real endpoints, a journal in memory."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from errtally.exporter.config import ExporterConfig, build
from errtally.exporter.ingest.pipeline import Pipeline
from errtally.exporter.ingest.tally import Tally
from errtally.exporter.journal.records import Batch, decoder
from errtally.exporter.web.fast_path import FastPath

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from errtally import names
    from errtally.errors import JournalFullError


class MemoryJournal:
    """Takes records, or refuses them as a full journal does."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.full: JournalFullError | None = None

    def append(self, payload: bytes, events: int, received: float, *, until_known: bool = False) -> None:  # noqa: ARG002
        if self.full is not None:
            raise self.full
        record = decoder.decode(payload)
        assert isinstance(record, Batch)
        assert len(record.events) == events
        assert record.received == received
        self.batches.append(record)

    def refusal(self) -> JournalFullError | None:
        return self.full


class Answer:
    def __init__(self, status: str, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status = int(status[:3])
        self.headers = {name.lower(): value for name, value in headers}
        self.body = body


class Door:
    """Send requests and look at answers, records and counts."""

    def __init__(self, document: dict[str, Any] | None = None, data_dir: Path | None = None) -> None:
        if data_dir is not None:
            document = {**(document or {}), "data_dir": str(data_dir)}
        self.config: ExporterConfig = build(document or {}, "test")
        self.journal = MemoryJournal()
        self.tally = Tally()
        self.pipeline = Pipeline(self.config, appender=self.journal, tally=self.tally, user_key=b"k" * 32)
        self._app = FastPath(self._page, self.pipeline, limits=self.config.limits, tally=self.tally)
        self._counts: dict[tuple[str, tuple[str, ...]], float] = {}

    @staticmethod
    def _page(_: Any, start_response: Any) -> list[bytes]:
        start_response("404 Not Found", [("X-Page", "1")])
        return [b"a page"]

    def send(self, path: str, body: bytes = b"", *, method: str = "POST", **headers: str) -> Answer:
        """Send one request; headers with underscores, a query behind the path."""
        path, _, query = path.partition("?")
        self.last_input = io.BytesIO(body)
        environ = {
            "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "CONTENT_LENGTH": str(len(body)),
            "REMOTE_ADDR": "192.0.2.7", "wsgi.input": self.last_input, "wsgi.input_terminated": True,
            **{
                "CONTENT_TYPE" if name == "content_type" else f"HTTP_{name.upper()}": value
                for name, value in headers.items()
            },
        }  # fmt: skip
        answered: list[Any] = []
        content = b"".join(self._app(environ, lambda status, headers: answered.extend((status, headers))))
        return Answer(answered[0], answered[1], content)

    def count(self, metric: names.Metric, *labels: str) -> float:
        """What was counted so far under these label values."""
        tallies = self.tally.take()
        for name, key, amount in tallies.counters if tallies is not None else ():
            self._counts[name, key] = self._counts.get((name, key), 0) + amount
        return self._counts.get((metric.name, labels), 0)

    @property
    def events(self) -> list[Any]:
        return [event for batch in self.journal.batches for event in batch.events]


def project(name: str, key: str, **settings: Any) -> dict[str, Any]:
    return {"name": name, "keys": [key], **settings}
