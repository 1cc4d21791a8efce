"""A client over its limit is refused before its request is decompressed and decoded, where its key is known before."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.exporter.door import Door, project

from errtally import names

if TYPE_CHECKING:
    from pathlib import Path

ONE = {category: {"per_second": 0.01, "burst": 1} for category in names.CATEGORIES}
GARBAGE = b"\x1f\x8bneither gzip nor anything that could be decoded"
"""Whoever looked at it would answer 400."""

RECORDS = [{"severityNumber": 17, "body": {"stringValue": "x"}}, {"severityNumber": 9, "body": {"stringValue": "y"}}]
LOGS = {"resourceLogs": [{"scopeLogs": [{"logRecords": RECORDS}]}]}
SPAN = {
    "traceId": "a" * 32, "spanId": "b" * 16, "name": "GET /", "kind": 2, "startTimeUnixNano": "1795500000000000000",
    "endTimeUnixNano": "1795500001000000000",
    "events": [{"name": "exception", "attributes": [{"key": "exception.type", "value": {"stringValue": "E"}}]}],
}  # fmt: skip
FARO = {"exceptions": [{"type": "E", "value": "x"}], "logs": [{"message": "x"}],
        "events": [{"name": "faro.performance.navigation", "attributes": {"duration": "12"}}]}  # fmt: skip
ERROR = {"type": "E", "message": "x", "class": "E", "errorClass": "E"}

# Route, key's header, a good body, and the category that is counted.
ROUTES: dict[str, tuple[str, str, Any, str]] = {
    "native events": ("/api/events", "authorization", {"message": "x"}, "error"),
    "native timings": ("/api/requests", "authorization", {"transaction": "x", "duration_seconds": 1}, "transaction"),
    "alerts": (
        "/api/alerts",
        "authorization",
        {"version": "4", "alerts": [{"status": "firing", "fingerprint": "a", "labels": {}, "startsAt": "2026-01-01"}]},
        "default",
    ),
    "store": ("/api/shop/store/", "x_sentry_auth", {"message": "x"}, "error"),
    "CSP reports": ("/api/shop/security/", "x_sentry_auth", {"csp-report": {"blocked-uri": "x"}}, "error"),
    "check-ins by address": ("/api/shop/cron/backup/k1/?status=ok", "", b"", "monitor"),
    "OTLP logs": ("/v1/logs", "authorization", LOGS, "error"),
    "OTLP traces": ("/v1/traces", "authorization", {"resourceSpans": [{"scopeSpans": [{"spans": [SPAN]}]}]}, "error"),
    "Faro": ("/collect", "x_api_key", FARO, "error"),
    "Airbrake": ("/api/v3/projects/shop/notices", "authorization", {"errors": [ERROR]}, "error"),
    "Rollbar": ("/api/1/item/", "x_rollbar_access_token", {"data": {"body": {"message": {"body": "x"}}}}, "error"),
    "Honeybadger": ("/v1/notices/", "x_api_key", {"error": ERROR}, "error"),
    "Bugsnag": ("/notify", "bugsnag_api_key", {"events": [{"exceptions": [ERROR]}]}, "error"),
    "Bugsnag's sessions": ("/sessions", "bugsnag_api_key", {"sessionCounts": [{"sessionsStarted": 2}]}, "session"),
}  # fmt: skip
VALUES = {"authorization": "Bearer k1", "x_sentry_auth": "Sentry sentry_key=k1"}


def _door(limits: dict[str, Any]) -> Door:
    return Door({"projects": [project("shop", "k1", rate_limits=limits)]})


def _send(door: Door, name: str, body: bytes, encoding: str = "") -> int:
    path, header, _, _ = ROUTES[name]
    headers = {header: VALUES.get(header, "k1")} if header else {}
    if encoding:
        headers["content_encoding"] = encoding
    return door.send(path, body, content_type="application/json", **headers).status


@pytest.mark.parametrize("name", sorted(ROUTES))
def test_a_request_over_the_limit_is_not_read(name: str) -> None:
    _, _, good, category = ROUTES[name]
    door = _door(ONE)
    body = good if isinstance(good, bytes) else json.dumps(good).encode()
    assert 200 <= _send(door, name, body) < 300
    assert _send(door, name, GARBAGE, "gzip") == 429
    assert _send(door, name, body) == 429
    assert len(door.journal.batches) == 1
    assert door.count(names.INGEST_DROPPED, "shop", category, "rate_limited") == 2


@pytest.mark.parametrize("name", sorted(set(ROUTES) - {"check-ins by address"}))
def test_a_request_within_the_limit_is_read(name: str) -> None:
    door = _door({category: {"per_second": 100, "burst": 100} for category in names.CATEGORIES})
    assert _send(door, name, GARBAGE, "gzip") == 400


@pytest.mark.parametrize("name", ["OTLP logs", "OTLP traces", "Faro"])
def test_what_may_hold_something_that_is_let_in_is_read(name: str) -> None:
    _, _, good, _ = ROUTES[name]
    door = _door({"error": {"per_second": 0.01, "burst": 1}})
    assert 200 <= _send(door, name, json.dumps(good).encode()) < 300
    assert _send(door, name, GARBAGE, "gzip") == 400
    assert _send(door, name, json.dumps(good).encode()) == 429, "its client sends again what was refused"
    kept = [(len(batch.events), len(batch.requests) + len(batch.logs)) for batch in door.journal.batches]
    assert len(kept) == 1
    assert kept[0][0] == 1
    assert kept[0][1] > 0


def test_an_envelope_of_which_all_is_over_its_limit_is_not_read() -> None:
    door = _door(ONE)
    items = {
        "event": {"message": "x"}, "transaction": {"start_timestamp": 1, "timestamp": 2}, "session": {"init": True},
        "check_in": {"monitor_slug": "a", "status": "ok"}, "log": {"items": [{"level": "info"}]},
        "client_report": {"discarded_events": [{"reason": "a", "category": "error", "quantity": 1}]},
    }  # fmt: skip
    body = b"{}\n" + b"".join(
        json.dumps({"type": kind}).encode() + b"\n" + json.dumps(item).encode() + b"\n" for kind, item in items.items()
    )
    key = VALUES["x_sentry_auth"]
    assert door.send("/api/shop/envelope/", body, x_sentry_auth=key).status == 200
    answer = door.send("/api/shop/envelope/", GARBAGE, x_sentry_auth=key, content_encoding="gzip")
    assert answer.status == 429
    muted = [limit.split(":")[1] for limit in answer.headers["x-sentry-rate-limits"].split(", ")]
    assert muted == ["error;security", "transaction;span", "session", "monitor", "log_item", "default"]


def test_items_of_a_category_that_is_over_its_limit_are_not_decoded() -> None:
    door = _door({"error": {"per_second": 0.01, "burst": 1}, "log_item": {"per_second": 0.01, "burst": 1}})
    key = VALUES["x_sentry_auth"]
    first = b'{}\n{"type":"event"}\n{"message":"x"}\n{"type":"log"}\n{"items":[{"level":"info"}]}\n'
    second = (
        b'{}\n{"type":"event"}\nno JSON at all\n{"type":"log","item_count":7}\nnor this\n'
        b'{"type":"transaction"}\n{"transaction":"/","start_timestamp":1,"timestamp":2}\n'
    )
    assert door.send("/api/shop/envelope/", first, x_sentry_auth=key).status == 200
    answer = door.send("/api/shop/envelope/", gzip.compress(second), x_sentry_auth=key, content_encoding="gzip")
    assert answer.status == 429
    assert (
        answer.headers["x-sentry-rate-limits"] == "100:error;security:key:rate_limited, 100:log_item:key:rate_limited"
    )
    assert len(door.journal.batches[1].requests) == 1, "what is within its limit is taken"
    assert door.count(names.INGEST_DROPPED, "shop", "error", "rate_limited") == 1
    assert door.count(names.INGEST_DROPPED, "shop", "log_item", "rate_limited") == 7
    assert door.count(names.INGEST_ITEMS, "sentry", "transaction") == 1
    assert door.count(names.INGEST_ITEMS, "sentry", "event") == 1


def test_a_used_up_quota_refuses_unread_as_well(tmp_path: Path) -> None:
    door = Door({"projects": [project("shop", "k1")], "daily_quotas": {"error": 1}}, tmp_path)
    assert _send(door, "Airbrake", json.dumps({"errors": [ERROR]}).encode()) == 201
    assert _send(door, "Airbrake", GARBAGE, "gzip") == 429
    assert door.count(names.INGEST_DROPPED, "shop", "error", "quota") == 1


def test_asking_takes_nothing_from_the_limit() -> None:
    door = _door({"error": {"per_second": 0.01, "burst": 3}})
    statuses = [_send(door, "Airbrake", json.dumps({"errors": [ERROR]}).encode()) for _ in range(5)]
    assert statuses == [201, 201, 201, 429, 429]
