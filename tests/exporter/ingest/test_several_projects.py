"""One request may deliver for several projects, and of one that is sent again a part may be taken."""

from __future__ import annotations

import json
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest

from errtally.errors import JournalError
from errtally.exporter.config import ExporterConfig, RateLimit
from errtally.exporter.ingest.pipeline import Pipeline
from errtally.exporter.ingest.request import Request
from errtally.exporter.ingest.tally import Tally
from errtally.exporter.journal.appender import Appender
from errtally.exporter.journal.reader import Reader
from errtally.exporter.journal.records import Batch, decoder
from errtally.exporter.protocols import registry

if TYPE_CHECKING:
    from pathlib import Path

    from errtally.exporter.ingest.request import Response

RECEIVED = 1_795_500_000.0
NANOSECONDS = "1795500000000000000"
ERROR = {"severityNumber": 17, "timeUnixNano": NANOSECONDS, "body": {"stringValue": "m"}}
INFO = {"severityNumber": 9, "timeUnixNano": NANOSECONDS, "body": {"stringValue": "m"}}


def _logs(*services: tuple[str, list[dict[str, Any]]]) -> dict[str, Any]:
    return {
        "resourceLogs": [
            {
                "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": name}}]},
                "scopeLogs": [{"logRecords": records}],
            }
            for name, records in services
        ]
    }


def _send(appender: Appender, sent: Any, config: ExporterConfig | None = None, times: int = 1) -> list[Response]:
    pipeline = Pipeline(config or ExporterConfig(), appender=appender, tally=Tally(), user_key=b"k" * 32)
    body = json.dumps(sent).encode()
    found = registry.find("/v1/logs", "POST", "application/json")
    assert found is not None
    answers = []
    for _ in range(times):
        environ = {
            "REQUEST_METHOD": "POST", "PATH_INFO": "/v1/logs", "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)), "wsgi.input": BytesIO(body),
        }  # fmt: skip
        request = Request(
            environ, received=RECEIVED, route={}, body_limit_bytes=1 << 20, decompressed_limit_bytes=1 << 20
        )
        answers.append(pipeline.handle(found[0], request))
    return answers


def _batches(folder: Path) -> list[Batch]:
    reader = Reader(folder, {})
    found = [decoder.decode(frame.payload) for frame in reader.read(1000)]
    reader.close()
    return [record for record in found if isinstance(record, Batch)]


@pytest.fixture
def appender(tmp_path: Path):
    made = Appender(tmp_path)
    yield made
    made.close()


def test_each_project_gets_a_record_of_its_own(appender: Appender, tmp_path: Path) -> None:
    (answer,) = _send(appender, _logs(("a", [ERROR, INFO]), ("b", [ERROR]), ("c", []), ("a", [ERROR])))
    assert (answer.status, answer.body) == (200, b"{}")
    batches = _batches(tmp_path)
    assert [(batch.project, len(batch.events), len(batch.logs)) for batch in batches] == [("a", 2, 1), ("b", 1, 0)]


def test_a_journal_that_fails_keeps_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, appender: Appender
) -> None:
    def fail(*_: object) -> None:
        raise JournalError("no")

    monkeypatch.setattr(appender, "_write", fail)
    (answer,) = _send(appender, _logs(("a", [ERROR]), ("b", [ERROR])))
    assert (answer.status, json.loads(answer.body)["code"]) == (503, 14)
    assert _batches(tmp_path) == []


def test_of_a_request_over_a_limit_no_project_gets_a_part(appender: Appender, tmp_path: Path) -> None:
    config = ExporterConfig(rate_limits={"error": RateLimit(per_second=0.001, burst=1)})
    first, second = _send(appender, _logs(("a", [ERROR, INFO]), ("b", [ERROR])), config, times=2)
    assert first.body == b"{}"
    # A partial success is never sent again: what it left out would be lost.
    assert second.status == 429
    batches = _batches(tmp_path)
    assert sum(len(batch.events) for batch in batches) == 2
    assert sum(count.quantity for batch in batches for count in batch.logs) == 1


def test_a_client_that_sends_again_is_refused_when_nothing_was_taken(appender: Appender) -> None:
    config = ExporterConfig(rate_limits={"error": RateLimit(per_second=0.001, burst=1)})
    _, second = _send(appender, _logs(("a", [ERROR]), ("b", [ERROR])), config, times=2)
    assert second.status == 429
    assert int(dict(second.headers)["Retry-After"]) >= 5
