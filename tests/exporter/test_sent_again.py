"""What a client sends again, because it heard no answer, counts once: events, request timings and log records."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from tests.exporter.inprocess import InProcess, envelope, environ

from errtally import names

CAPTURES = Path(__file__).parents[1] / "data" / "captures"
START = 1_795_500_000_000_000_000
COUNTED = (names.EVENTS, names.REQUESTS, names.LOG_RECORDS, names.APDEX_REQUESTS)


def send(exporter: InProcess, path: str, body: Any, **headers: str) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    media_type = headers.pop("media_type", "application/json")
    made = environ(path, raw, headers, query="sentry_key=k")
    made["CONTENT_TYPE"] = media_type
    assert 200 <= exporter.call(made).status < 300
    exporter.fold()


def totals(exporter: InProcess) -> dict[str, float]:
    return {metric.name: exporter.total(metric.name) for metric in COUNTED}


def trace(name: str, start: int = START) -> dict[str, Any]:
    span = {
        "traceId": "a" * 32, "spanId": "b" * 16, "name": name, "kind": 2,
        "startTimeUnixNano": str(start), "endTimeUnixNano": str(start + 10**9),
        "attributes": [{"key": "http.route", "value": {"stringValue": name}}],
    }  # fmt: skip
    return {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}


def logs(text: str, time: int = START) -> dict[str, Any]:
    records = [
        {"severityNumber": number, "body": {"stringValue": text}, "timeUnixNano": str(time) if time else "0"}
        for number in (9, 17)
    ]
    return {"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        pytest.param("/v1/traces", trace("/a"), id="spans of requests"),
        pytest.param("/v1/logs", logs("no stock"), id="a log record, and one that is an error"),
        pytest.param(
            "/v1/traces",
            {"resourceSpans": [*trace("/a")["resourceSpans"], *trace("/b")["resourceSpans"]]},
            id="spans of two resources",
        ),
    ],
)
def test_a_batch_of_otlp_counts_once(exporter: InProcess, path: str, body: dict[str, Any]) -> None:
    send(exporter, path, body)
    once = totals(exporter)
    assert any(once.values())
    for _ in range(3):
        send(exporter, path, body)
    assert totals(exporter) == once


@pytest.mark.parametrize("capture", ["otel-python-gzip/req-01", "otel-python-gzip/req-02"])
def test_a_captured_batch_in_protobuf_counts_once_whatever_its_compression(exporter: InProcess, capture: str) -> None:
    body = (CAPTURES / f"{capture}.body").read_bytes()
    path = "/v1/traces" if capture.endswith("1") else "/v1/logs"
    send(exporter, path, body, media_type="application/x-protobuf", content_encoding="gzip")
    once = totals(exporter)
    send(exporter, path, gzip.decompress(body), media_type="application/x-protobuf")
    assert totals(exporter) == once


def test_two_batches_that_differ_in_a_time_count_each(exporter: InProcess) -> None:
    send(exporter, "/v1/traces", trace("/a"))
    send(exporter, "/v1/traces", trace("/a", START + 5))
    send(exporter, "/v1/logs", logs("no stock"))
    send(exporter, "/v1/logs", logs("no stock", START + 5))
    assert exporter.total(names.REQUESTS.name) == 2
    assert exporter.total(names.LOG_RECORDS.name) == 2
    assert exporter.total(names.EVENTS.name) == 2


def test_equal_batches_without_times_count_each(exporter: InProcess) -> None:
    for _ in range(2):
        send(exporter, "/v1/logs", logs("no stock", 0))
    assert exporter.total(names.LOG_RECORDS.name) == 2
    assert exporter.total(names.EVENTS.name) == 2


def test_the_services_of_one_batch_count_each(exporter: InProcess) -> None:
    groups = [
        {**trace("/a")["resourceSpans"][0], "resource": {"attributes": [
            {"key": "service.name", "value": {"stringValue": name}}]}}
        for name in ("cart", "till")
    ]  # fmt: skip
    for _ in range(2):
        send(exporter, "/v1/traces", {"resourceSpans": groups})
    assert exporter.total(names.REQUESTS.name, project="cart") == 1
    assert exporter.total(names.REQUESTS.name, project="till") == 1


def test_it_is_remembered_over_a_restart(tmp_path: Path) -> None:
    for _ in range(2):
        exporter = InProcess(tmp_path)
        send(exporter, "/v1/traces", trace("/a"))
        send(exporter, "/v1/logs", logs("no stock"))
        assert totals(exporter) == {
            names.EVENTS.name: 1, names.REQUESTS.name: 1, names.LOG_RECORDS.name: 1, names.APDEX_REQUESTS.name: 1,
        }  # fmt: skip
        exporter.close()


def test_a_payload_of_faro_counts_once_by_its_key(exporter: InProcess) -> None:
    body = {
        "exceptions": [{"type": "E", "value": "x"}], "logs": [{"message": "y", "level": "info"}],
        "events": [{"name": "faro.performance.navigation", "attributes": {"duration": "12", "pageLoadTime": "12"}}],
        "meta": {"page": {"url": "https://shop.example/cart"}},
    }  # fmt: skip
    send(exporter, "/collect", body, idempotency_key="one")
    once = totals(exporter)
    assert (once[names.EVENTS.name], once[names.LOG_RECORDS.name], once[names.REQUESTS.name]) == (1, 1, 1)
    send(exporter, "/collect", body, idempotency_key="one")
    assert totals(exporter) == once
    send(exporter, "/collect", body, idempotency_key="two")
    send(exporter, "/collect", body)
    assert totals(exporter) == {name: 3 * value for name, value in once.items()}


def test_an_event_of_sentry_and_the_log_item_of_the_same_call_are_one_error(exporter: InProcess) -> None:
    record = {"timestamp": 1.0, "level": "error", "body": "no stock", "trace_id": "a" * 32}
    event = ("event", {"event_id": "c" * 32, "message": "no stock"})
    send(exporter, "/api/1/envelope/", envelope(event))
    send(exporter, "/api/1/envelope/", envelope(("log", {"items": [record]})))
    assert exporter.total(names.EVENTS.name) == 1
    assert exporter.total(names.LOG_RECORDS.name, level="error") == 1
    send(exporter, "/api/1/envelope/", envelope(event))
    assert exporter.total(names.EVENTS.name) == 1
    assert exporter.total(names.DUPLICATES.name) == 1
