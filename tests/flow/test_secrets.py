"""A secret planted in every field of every protocol is found nowhere: not in a file, a page, a series or the log."""

from __future__ import annotations

import base64
import json
import time
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from tests.flow.everything import cells, everything
from tests.flow.exporter import Exporter, running
from tests.flow.planting import luhn
from tests.waiting import until

from errtally import names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.flow


def _token(number: int, length: int) -> str:
    """A text that occurs nowhere else, letters and digits mixed."""
    return base64.b32encode(zlib.crc32(b"%d" % number).to_bytes(4) * 8 + number.to_bytes(8)).decode()[-length:]


def _jwt(number: int) -> tuple[str, str]:
    payload = base64.urlsafe_b64encode(b'{"sub":"%d","pad":"planted"}' % number).decode().rstrip("=")
    token = f"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.{payload}.{_token(number, 30)}"
    return f"token {token} expired", payload


def _card(number: int) -> tuple[str, str]:
    card = luhn(f"411111{number:09d}")
    return f"card {card} declined", card


def _plain(text: str, length: int, alphabet: Callable[[str], str] = str) -> Callable[[int], tuple[str, str]]:
    def plant(number: int) -> tuple[str, str]:
        token = alphabet(_token(number, length))
        return text.format(token), token

    return plant


# Kind to what is planted for a number: the text that a field gets, and the part of it that must not be found.
KINDS: dict[str, Callable[[int], tuple[str, str]]] = {
    "password": _plain("login failed: password={}", 17),
    "card": _card,
    "jwt": _jwt,
    "aws": _plain("denied to AKIA{}", 16),
    "bearer": _plain("sent Authorization: Bearer {}", 33),
    "url": _plain("no route to postgres://bob:{}@db.example/shop", 19),
    "email": _plain("no mail to {}@corp.example", 21, str.lower),
    "cookie": _plain("got Cookie: sessionid={}; lang=de", 23),
}


class Planting:
    """Hands out secrets and remembers where each was put."""

    def __init__(self) -> None:
        self.places: dict[str, str] = {}
        self.kind = ""

    def text(self, place: str) -> str:
        """A text with a secret of the present kind."""
        text, secret = KINDS[self.kind](len(self.places) + 1)
        assert secret not in self.places
        self.places[secret] = f"{self.kind} in {place}"
        return text

    def tree(self, place: str) -> dict[str, Any]:
        """An object with secrets as values, under secret keys, in headers and in text that holds JSON."""
        bare = _token(len(self.places) + 1, 27)
        self.places[bare] = f"value of a secret key in {place}"
        return {
            "note": self.text(f"{place}.note"),
            "userPassword": bare,
            "list": [self.text(f"{place}.list"), {"deep": self.text(f"{place}.list.deep")}],
            "pairs": [["x-note", self.text(f"{place}.pairs")]],
            "json": json.dumps({"inner": self.text(f"{place}.json")}),
            self.text(f"{place} as a key"): 1,
        }

    def frame(self, place: str) -> dict[str, Any]:
        return {
            "function": "charge",
            "module": "shop",
            "filename": "shop.py",
            "lineno": 7,
            "in_app": True,
            "context_line": self.text(f"{place}.context_line"),
            "pre_context": [self.text(f"{place}.pre_context")],
            "post_context": [self.text(f"{place}.post_context")],
            "vars": self.tree(f"{place}.vars"),
        }


def _sentry_events(plant: Planting) -> Iterator[dict[str, Any]]:
    """Events with a secret in one field each: one that is not read can't hide one that is."""
    fields = ("message", "logger", "culprit", "server_name", "release", "environment", "transaction", "platform")
    for field in fields:
        yield {field: plant.text(field)}
    yield {"logentry": {"message": "user %s", "params": [plant.text("logentry.params")]}}
    yield {"logentry": {"message": plant.text("logentry.message"), "formatted": plant.text("logentry.formatted")}}
    yield {"fingerprint": [plant.text("fingerprint")]}
    yield {"tags": {"note": plant.text("tags"), plant.text("tag key"): "x", "api_key": plant.text("tag of a key")}}
    yield {"tags": [["note", plant.text("tag pairs")]]}
    yield {
        "exception": {
            "values": [
                {
                    "type": plant.text("exception.type"),
                    "value": plant.text("exception.value"),
                    "module": plant.text("exception.module"),
                    "mechanism": {"type": "x", "handled": False, "data": plant.tree("mechanism.data")},
                    "stacktrace": {"frames": [plant.frame("frame")]},
                }
            ]
        }
    }
    for name in ("function", "module", "filename", "abs_path", "package"):
        frame = {"function": "f", "filename": "f.py", "in_app": True, name: plant.text(f"frame.{name}")}
        yield {"exception": [{"type": "E", "value": name, "stacktrace": {"frames": [frame]}}]}
    yield {"message": "t", "threads": {"values": [{"current": True, "stacktrace": {"frames": [plant.frame("th")]}}]}}
    yield {"message": "s", "stacktrace": {"frames": [plant.frame("stacktrace")]}}
    yield {"message": "b", "breadcrumbs": {"values": [{"message": plant.text("crumb"), "data": plant.tree("crumb")}]}}
    yield {"message": "r", "request": {**plant.tree("request"), "url": plant.text("url"), "cookies": plant.text("c")}}
    yield {"message": "h", "request": {"headers": plant.tree("headers"), "data": plant.text("request.data")}}
    yield {"message": "q", "request": {"query_string": plant.text("query_string"), "env": plant.tree("env")}}
    yield {"message": "u", "user": {**plant.tree("user"), "id": plant.text("user.id"), "email": plant.text("user.em")}}
    yield {"message": "n", "user": {"username": plant.text("username"), "ip_address": plant.text("user.ip")}}
    for name in ("contexts", "extra", "sdk"):
        yield {"message": name, name: plant.tree(name)}
    yield {"message": "i", "contexts": {"trace": {"trace_id": plant.text("trace_id"), "span_id": plant.text("span")}}}


def _items(plant: Planting) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every other item of an envelope."""
    trace = {"trace": {"trace_id": plant.text("trace"), "op": "http.server", "data": plant.tree("trace.data")}}
    times = {"start_timestamp": 1.0, "timestamp": 2.0}
    for name in ("transaction", "environment", "release"):
        yield "transaction", {**times, name: plant.text(f"transaction.{name}"), "contexts": trace}
    yield "transaction", {**times, "request": {"method": plant.text("method")}, "tags": plant.tree("tags")}
    attributes = {"sentry.op": {"value": "http.server"}}
    for name in ("sentry.segment.name", "sentry.environment", "sentry.release", "http.request.method"):
        attributes[name] = {"value": plant.text(f"span {name}")}
    span = {"is_segment": True, "start_timestamp": 1, "end_timestamp": 2, "name": plant.text("span.name")}
    yield "span", {"items": [{**span, "trace_id": plant.text("span.trace_id"), "attributes": attributes}]}
    attrs = {"release": plant.text("session.release"), "environment": plant.text("session.environment")}
    yield "session", {"sid": plant.text("sid"), "did": plant.text("did"), "init": True, "status": "ok", "attrs": attrs}
    yield "sessions", {"attrs": attrs, "aggregates": [{"exited": 1, "did": plant.text("sessions.did")}]}
    check_in = {"monitor_slug": plant.text("monitor"), "status": "ok", "environment": plant.text("check_in.env")}
    yield "check_in", {**check_in, "release": plant.text("check_in.release")}
    discard = {"reason": plant.text("reason"), "category": plant.text("category"), "quantity": 1}
    yield "client_report", {"discarded_events": [discard]}
    log = {"level": "error", "body": plant.text("log.body"), "attributes": {"a": {"value": plant.text("log.a")}}}
    yield "log", {"items": [log, {**log, "attributes": {"sentry.environment": {"value": plant.text("log.env")}}}]}
    yield "attachment", {"x": plant.text("attachment")}
    yield plant.text("item type"), {}


def _native_events(plant: Planting) -> Iterator[dict[str, Any]]:
    for name in ("message", "type", "stack", "platform", "logger", "transaction"):
        yield {"message": name, name: plant.text(name)}
    yield {"message": "f", "fingerprint": [plant.text("fingerprint")]}
    yield {"message": "b", "breadcrumbs": [plant.tree("breadcrumbs")]}
    for name in ("environment", "release", "server_name"):
        yield {"message": name, "context": {name: plant.text(name)}}
    for name in ("request", "extra"):
        yield {"message": name, "context": {name: plant.tree(name)}}
    yield {"message": "t", "context": {"tags": {"note": plant.text("tags"), plant.text("tag key"): "x"}}}
    yield {"message": "i", "context": {"trace": {"trace_id": plant.text("trace_id")}}}
    user = {"id": plant.text("user.id"), "email": plant.text("user.email"), "username": plant.text("username")}
    yield {"message": "u", "context": {"user": {**user, "note": plant.text("user.note")}}}


def _send(exporter: Exporter, plant: Planting) -> None:
    def post(path: str, body: bytes, *expected: int) -> None:
        status, answer = exporter.post(path, body)
        assert status in (expected or (200,)), (path, body, answer)

    for event in _sentry_events(plant):
        body = json.dumps({"timestamp": time.time(), **event}).encode()
        post("/api/1/envelope/?sentry_key=k", b'{}\n{"type":"event"}\n' + body)
    for event in _sentry_events(plant):
        post("/api/1/store/?sentry_key=k", json.dumps(event).encode())
    for kind, item in _items(plant):
        head = json.dumps({"type": kind}).encode()
        post("/api/1/envelope/?sentry_key=k", b"{}\n" + head + b"\n" + json.dumps(item).encode())
    directive = {"effective-directive": "img-src"}
    for name in ("document-uri", "blocked-uri", "referrer", "original-policy", "script-sample", "source-file"):
        report = {"csp-report": {**directive, name: plant.text(f"csp {name}")}}
        post("/api/1/security/?sentry_key=k", json.dumps(report).encode(), 201)
    report = {"csp-report": {"violated-directive": plant.text("csp directive")}}
    post("/api/1/security/?sentry_key=k", json.dumps(report).encode(), 201)
    post("/api/events", json.dumps({"events": list(_native_events(plant))}).encode())
    timing = {"transaction": "x", "duration_seconds": 1}
    fields = ("transaction", "method", "environment", "release", "trace_id")
    timings = [{**timing, name: plant.text(f"request.{name}")} for name in fields]
    post("/api/requests", json.dumps({"requests": timings}).encode())
    alert = {
        "status": "firing",
        "fingerprint": plant.text("alert.fingerprint"),
        "startsAt": "2026-01-01T00:00:00Z",
        "labels": {"alertname": plant.text("alertname"), "severity": plant.text("sev"), "note": plant.text("label")},
        "annotations": {"summary": plant.text("summary"), "description": plant.text("description")},
    }
    post("/api/alerts", json.dumps({"version": "4", "alerts": [alert]}).encode())
    # What is refused must not come up in the log either.
    post("/api/events", json.dumps({"message": {"x": plant.text("refused")}}).encode(), 400)
    post("/api/1/envelope/?sentry_key=k", plant.text("no envelope").encode(), 400)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_no_secret_comes_out_anywhere(tmp_path: Path, kind: str) -> None:
    plant = Planting()
    plant.kind = kind
    with running(tmp_path) as exporter:
        _send(exporter, plant)
        exporter.wait_until_folded()
        until(lambda: exporter.total(names.SCRUBBED) > 50)
        found: dict[str, set[str]] = {}
        texts = list(everything(exporter, tmp_path))
        for secret, planted in plant.places.items():
            needle = secret.encode()
            where = {place for place, content in texts if needle in content}
            if where:
                found[planted] = where
        assert any(b"[REDACTED]" in content for _, content in texts)
    assert not found, "\n".join(f"{planted}: {sorted(where)}" for planted, where in found.items())
    assert len(plant.places) > 150


def test_a_user_s_id_is_kept_on_the_event_s_page_only_and_counted_by_hash(tmp_path: Path) -> None:
    with running(tmp_path) as exporter:
        event = {"message": "no stock", "context": {"user": {"id": "customer-zq-4711"}}}
        assert exporter.post("/api/events", json.dumps(event).encode())[0] == 200
        exporter.wait_until_folded()
        tables = {table for table, cell in cells(exporter.data_dir / "errtally.sqlite3") if b"zq-4711" in cell}
        assert tables == {"samples"}
        assert exporter.total(names.ISSUE_USERS) == 1
        assert b"zq-4711" not in exporter.get("/metrics")
