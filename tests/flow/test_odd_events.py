"""Odd events and wrong clocks over a real exporter."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest
from tests.flow.exporter import running

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.flow


ODD = [
    None, True, 0, -1, 2**70, 1e308, "", "\ud800", "\x00", "é" * 300, [], [[]], [None], ["a", "b"], [["a", {}]], {},
    {"values": [None, 5, {}]}, {"values": "x"}, [{"stacktrace": {"frames": [{"vars": [1], "pre_context": "x"}, 7]}}],
    {"frames": [{"function": 5, "vars": "x", "context_line": {}}]}, float("nan"), float("inf"), "%s %(a)s {{default}}",
]  # fmt: skip


FIELDS = (
    "message", "logentry", "exception", "threads", "stacktrace", "breadcrumbs", "request", "user", "contexts", "extra",
    "tags", "fingerprint", "level", "platform", "release", "environment", "sdk", "modules", "timestamp", "event_id",
)  # fmt: skip


def test_every_odd_event_has_a_page(tmp_path: Path) -> None:
    with running(tmp_path) as exporter:
        for field in FIELDS:
            for value in ODD:
                event = {"message": f"odd {field}", "fingerprint": [f"{field} {value!r}"], field: value}
                status, body = exporter.post("/api/1/store/?sentry_key=k", json.dumps(event).encode())
                assert status == 200, (field, value, body)
        for field in ("request", "extra", "user", "tags"):
            for value in ODD:
                event = {
                    "message": f"odd {field}",
                    "fingerprint": [f"{field} {value!r}"[:90]],
                    "context": {field: value},
                }
                status, body = exporter.post("/api/events?project=1", json.dumps(event).encode())
                assert status in {200, 400}, (field, value, body)
        for value in ODD:
            event = {"message": "odd", "fingerprint": [f"crumbs {value!r}"[:90]], "breadcrumbs": value}
            status, body = exporter.post("/api/events?project=1", json.dumps(event).encode())
            assert status in {200, 400}, (value, body)
        exporter.wait_until_folded()
        issues = exporter.get_json("/api/issues?limit=500")["issues"]
        assert len(issues) > 300
        for issue in issues:
            assert exporter.get(f"/issues/{issue['issue']}?project=1")
        assert "Traceback" not in exporter.log.read_text()


CLOCKS = [
    0, -1, 1e18, -1e18, 4e9, 1.5, "0001-01-01T00:00:00", "9999-12-31T23:59:59Z", "2026-13-45", "NaN", "1e400", True, {},
]  # fmt: skip


def test_a_client_s_wrong_clock_does_not_make_a_wrong_time(tmp_path: Path) -> None:
    with running(tmp_path) as exporter:
        now = time.time()
        for clock in CLOCKS:
            head = json.dumps({"sent_at": clock}).encode()
            event = json.dumps({"message": "clock", "timestamp": clock}).encode()
            body = head + b'\n{"type":"event"}\n' + event + b"\n"
            assert exporter.post("/api/1/envelope/?sentry_key=k", body)[0] == 200, clock
            times = {"start_timestamp": clock, "timestamp": clock}
            body = head + b'\n{"type":"transaction"}\n' + json.dumps({"transaction": "/", **times}).encode()
            assert exporter.post("/api/1/envelope/?sentry_key=k", body)[0] in {200, 400}
        exporter.wait_until_folded()
        (issue,) = exporter.get_json("/api/issues")["issues"]
        assert issue["events"] == len(CLOCKS)
        assert now - 30 * 86400 - 60 <= issue["first_seen"] <= issue["last_seen"] <= time.time() + 60
