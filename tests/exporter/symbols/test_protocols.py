"""A script's calls are read whatever client sent them, where it names a release and the calls' columns."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.exporter.inprocess import InProcess
from tests.exporter.symbols import made

if TYPE_CHECKING:
    from pathlib import Path

SAID = "Cannot read properties of undefined (reading 'amount')"
URL = f"{made.PAGE}/app.js"
CALLS = list(zip(("?", "t.total", "pay"), made.THROWS, strict=True))
"""The innermost first."""

STACK = f"TypeError: {SAID}" + "".join(f"\n    at {name} ({URL}:1:{column})" for name, column in CALLS)


def _bugsnag() -> dict[str, Any]:
    stacktrace = [{"file": URL, "method": name, "lineNumber": 1, "columnNumber": column} for name, column in CALLS]
    return {
        "apiKey": "k", "payloadVersion": "4", "notifier": {"name": "Bugsnag JavaScript", "version": "8.1.1"},
        "events": [{
            "exceptions": [{"errorClass": "TypeError", "message": SAID, "type": "browserjs", "stacktrace": stacktrace}],
            "app": {"version": "shop@1", "releaseStage": "production"}, "severity": "error",
        }],
    }  # fmt: skip


def _rollbar() -> dict[str, Any]:
    frames = [{"filename": URL, "method": name, "lineno": 1, "colno": column} for name, column in reversed(CALLS)]
    return {"access_token": "k", "data": {
        "environment": "production", "platform": "browser", "language": "javascript", "code_version": "shop@1",
        "client": {"javascript": {"code_version": "shop@1"}},
        "body": {"trace": {"exception": {"class": "TypeError", "message": SAID}, "frames": frames}},
        "notifier": {"name": "rollbar-browser-js", "version": "2.26.4"},
    }}  # fmt: skip


def _honeybadger() -> dict[str, Any]:
    backtrace = [{"file": URL, "method": name, "number": 1, "column": column} for name, column in CALLS]
    return {
        "notifier": {"name": "@honeybadger-io/js", "version": "6.10.0", "url": "x"},
        "error": {"class": "TypeError", "message": SAID, "backtrace": backtrace},
        "request": {"url": made.PAGE}, "server": {"revision": "shop@1", "environment_name": "production"},
    }  # fmt: skip


def _faro() -> dict[str, Any]:
    frames = [{"filename": URL, "function": name, "lineno": 1, "colno": column} for name, column in CALLS]
    return {
        "meta": {"app": {"name": "web", "version": "shop@1", "environment": "production"}},
        "exceptions": [{"type": "TypeError", "value": SAID, "timestamp": "2026-11-28T19:31:43.907Z",
                        "stacktrace": {"frames": frames}}],
    }  # fmt: skip


def _otlp() -> dict[str, Any]:
    def attributes(**values: str) -> list[dict[str, Any]]:
        return [{"key": key.replace("_", "."), "value": {"stringValue": value}} for key, value in values.items()]

    resource = attributes(service_name="web", service_version="shop@1", telemetry_sdk_language="webjs")
    record = {
        "timeUnixNano": "1795893316730000000", "severityNumber": 17, "body": {"stringValue": SAID},
        "attributes": attributes(exception_type="TypeError", exception_message=SAID, exception_stacktrace=STACK),
    }  # fmt: skip
    return {"resourceLogs": [{"resource": {"attributes": resource}, "scopeLogs": [{"logRecords": [record]}]}]}


def _native() -> dict[str, Any]:
    return {"message": SAID, "type": "TypeError", "stack": STACK, "platform": "javascript",
            "context": {"release": "shop@1"}}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "body", "headers"),
    [
        pytest.param("/notify", _bugsnag(), {"Bugsnag-Api-Key": "k"}, id="Bugsnag"),
        pytest.param("/api/1/item/", _rollbar(), {"X-Rollbar-Access-Token": "k"}, id="Rollbar"),
        pytest.param("/v1/notices/js", _honeybadger(), {"X-API-Key": "k"}, id="Honeybadger"),
        pytest.param("/collect/k", _faro(), {}, id="Faro"),
        pytest.param("/v1/logs", _otlp(), {}, id="OTLP"),
        pytest.param("/api/events", _native(), {}, id="the native API"),
    ],
)
def test_an_event_is_read(tmp_path: Path, path: str, body: dict[str, Any], headers: dict[str, str]) -> None:
    shop = InProcess(tmp_path)
    shop.post(path, body, headers)
    shop.fold()
    before = json.loads(shop.get("/api/issues").body)["issues"][0]
    made.upload(shop.resolver.archive, project=before["project"])
    shop.resolver._looked = 0.0
    for wanted in shop.resolver.wanted_since(0.0):
        shop.resolver.files._wanted[wanted] = None
    made.make(shop.resolver)
    late = shop.get(f"/issues/{before['issue']}.md?project={before['project']}").body.decode()
    # A moment later: OTLP and Faro send without ids what they could not deliver, and the same again is no other event.
    shop.post(
        path, json.loads(json.dumps(body).replace("16730000000", "17730000000").replace(":43.9", ":44.9")), headers
    )
    shop.fold()
    issues = json.loads(shop.get("/api/issues").body)["issues"]
    shop.close()
    calls = [line.strip() for line in late.splitlines() if line.startswith("  at ")]
    assert calls == [
        "at <anonymous> in Cart.total (src/cart.ts:7)",
        "at Cart.total (src/cart.ts:7)",
        "at shop.pay (src/cart.ts:13)",
    ]
    assert [one["events"] for one in issues] == [2]
    assert len(issues[0]["merged_fingerprints"]) == 1
