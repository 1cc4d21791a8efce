"""Sentry's routes beside the envelope: CSP reports, check-ins by address, tunnels, images, crash dumps."""

from __future__ import annotations

import base64
import json
import zlib
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from tests.exporter.door import Door, project

from errtally import names

if TYPE_CHECKING:
    from collections.abc import Callable

REPORT = {
    "csp-report": {
        "document-uri": "https://shop.example/cart?user=7",
        "violated-directive": "script-src-elem 'self'",
        "effective-directive": "script-src-elem",
        "blocked-uri": "https://cdn.evil.example/x.js?y=1",
        "original-policy": "default-src 'self'",
    }
}
MODERN = [
    {
        "type": "csp-violation",
        "age": 10,
        "url": "https://shop.example/cart",
        "body": {
            "documentURL": "https://shop.example/cart?user=8",
            "effectiveDirective": "script-src-elem",
            "blockedURL": "https://cdn.evil.example/other.js",
            "disposition": "enforce",
        },
    },
    {"type": "deprecation", "body": {"id": "x"}},
]


@pytest.mark.parametrize("path", ["/api/1/security/", "/api/1/csp-report/", "/api/1/security", "/pre/api/1/csp-report"])
def test_a_csp_report_is_an_event_of_its_directive(path: str) -> None:
    door = Door()
    answer = door.send(f"{path}?sentry_key=k&sentry_environment=staging&sentry_release=7", json.dumps(REPORT).encode())
    assert answer.status == 201
    (event,) = door.events
    assert (event.level, event.environment, event.release) == ("warning", "staging", "7")
    (issue,) = door.journal.batches[0].issues
    assert issue.type == "script-src-elem"
    assert issue.culprit == "cdn.evil.example"
    assert b"user=7" not in event.sample


def test_reports_of_both_forms_are_one_issue_when_directive_and_host_are_the_same() -> None:
    door = Door()
    for body in (REPORT, MODERN, MODERN[:1], MODERN[0]):
        assert door.send("/api/1/security/?sentry_key=k", json.dumps(body).encode()).status == 201
    assert len(door.events) == 4
    assert len({issue.fingerprint for batch in door.journal.batches for issue in batch.issues}) == 1
    assert door.count(names.INGEST_ITEMS, "sentry", "csp_report") == 4
    assert door.count(names.INGEST_ITEMS, "sentry", "other_report") == 1


@pytest.mark.parametrize(
    ("blocked", "shown"),
    [
        ("inline", "inline"),
        ("eval", "eval"),
        ("data", "data"),
        ("data:text/javascript,alert(1)", "data"),
        ("blob:https://shop.example/uuid", "blob"),
        ("https://a.example:8443/x", "a.example"),
        ("", "self"),
        (None, "self"),
        ("https://[bad", "invalid"),
    ],
)
def test_what_was_blocked_is_named_by_its_host(blocked: str | None, shown: str) -> None:
    door = Door()
    body = {"csp-report": {"effective-directive": "img-src", "blocked-uri": blocked}}
    assert door.send("/api/1/security/?sentry_key=k", json.dumps(body).encode()).status == 201
    assert door.journal.batches[0].issues[0].culprit == shown


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        pytest.param(b"{", 400, "bad_json", id="no JSON"),
        pytest.param(b"{}", 400, "bad_report", id="an object without a report"),
        pytest.param(b"[1]", 400, "bad_report", id="a list of no reports"),
        pytest.param(b'{"csp-report":[]}', 400, "bad_report", id="a report that is no object"),
        pytest.param(b'{"csp-report":{"a":"%s"}}' % (b"x" * 65536), 413, "body_too_large", id="beyond 64 KiB"),
        pytest.param(json.dumps(MODERN[:1] * 101).encode(), 413, "too_many_items", id="more than 100 reports"),
    ],
)
def test_what_is_no_report_is_refused(body: bytes, status: int, reason: str) -> None:
    door = Door()
    assert door.send("/api/1/security/?sentry_key=k", body).status == status
    assert door.count(names.INGEST_REJECTED, "sentry", reason) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_job_checks_in_by_address_alone(method: str) -> None:
    door = Door({"projects": [project("shop", "k1")]})
    answer = door.send("/api/shop/cron/nightly-backup/k1/?status=ok&environment=staging&duration=7", method=method)
    assert answer.status == 202
    (check_in,) = door.journal.batches[0].check_ins
    assert (check_in.monitor, check_in.status, check_in.environment) == ("nightly-backup", "ok", "staging")


def test_a_job_may_check_in_with_a_body_and_the_address_wins() -> None:
    door = Door()
    assert door.send("/api/1/cron/backup/k?status=error", b'{"status":"ok","environment":"qa"}').status == 202
    (check_in,) = door.journal.batches[0].check_ins
    assert (check_in.status, check_in.environment) == ("error", "qa")


@pytest.mark.parametrize(
    ("path", "body", "status", "reason"),
    [
        pytest.param("/api/shop/cron/b/k1/", b"", 400, "bad_check_in", id="without a status"),
        pytest.param("/api/shop/cron/b/k1/?status=fine", b"", 400, "bad_check_in", id="with one that is none"),
        pytest.param("/api/shop/cron/b/k1/", b"[]", 400, "bad_json", id="with a body that is no object"),
        pytest.param("/api/shop/cron/b/nobody/?status=ok", b"", 403, "unknown_key", id="with a key that is not known"),
        pytest.param("/api/other/cron/b/k1/?status=ok", b"", 403, "wrong_project", id="for another project"),
    ],
)
def test_a_wrong_check_in_is_refused(path: str, body: bytes, status: int, reason: str) -> None:
    door = Door({"projects": [project("shop", "k1"), project("other", "k2")]})
    assert door.send(path, body).status == status
    assert door.count(names.INGEST_REJECTED, "sentry", reason) == 1


ITEMS = b'{"type":"event"}\n{"message":"x"}\n'


@pytest.mark.parametrize("path", ["/tunnel", "/tunnel/", "/monitoring/tunnel"])
def test_an_envelope_through_a_tunnel_goes_where_its_dsn_says(path: str) -> None:
    door = Door({"projects": [project("shop", "k1", id="42"), project("other", "k2")]})
    assert door.send(path, b'{"dsn":"https://k1@errors.example/base/42"}\n' + ITEMS).status == 200
    assert door.journal.batches[0].project == "shop"


@pytest.mark.parametrize(
    ("head", "status", "reason"),
    [
        pytest.param(b"{}", 401, "missing_key", id="without a DSN"),
        pytest.param(b'{"dsn":5}', 401, "missing_key", id="with one that is no text"),
        pytest.param(b'{"dsn":"https://k1@h"}', 401, "missing_key", id="with one that names no project"),
        pytest.param(b'{"dsn":"https://nobody@h/42"}', 403, "unknown_key", id="with a key that is not known"),
        pytest.param(b'{"dsn":"https://k1@h/7"}', 403, "wrong_project", id="with a project of somebody else"),
    ],
)
def test_a_tunnel_lets_nobody_in_without_a_key(head: bytes, status: int, reason: str) -> None:
    door = Door({"projects": [project("shop", "k1", id="42")]})
    assert door.send("/tunnel", head + b"\n" + ITEMS).status == status
    assert door.count(names.INGEST_REJECTED, "sentry", reason) == 1


@pytest.mark.parametrize("pack", [bytes, lambda sent: base64.b64encode(zlib.compress(sent))])
def test_an_image_s_address_may_carry_an_event(pack: Callable[[bytes], bytes]) -> None:
    door = Door()
    sent = b'{"message":"old page"}'
    answer = door.send(f"/api/1/store/?sentry_key=k&sentry_data={quote(pack(sent))}", method="GET")
    assert answer.status == 200
    assert answer.headers["content-type"] == "image/gif"
    assert answer.body.startswith(b"GIF89a")
    assert len(door.events) == 1


@pytest.mark.parametrize("path", ["/api/1/minidump/", "/api/1/unreal/k/", "/api/1/minidump"])
def test_a_crash_dump_is_refused_with_a_reason(path: str) -> None:
    door = Door()
    answer = door.send(path, b"MDMP" + b"\0" * 1000)
    assert answer.status == 501
    assert b"minidumps" in answer.body
    assert door.count(names.INGEST_REJECTED, "sentry", "crash_dump") == 1


@pytest.mark.parametrize(
    ("path", "method", "allowed"),
    [
        ("/api/1/envelope/", "GET", "POST, OPTIONS"),
        ("/api/1/store/", "PUT", "POST, GET, OPTIONS"),
        ("/api/1/cron/a/k/", "DELETE", "POST, GET, OPTIONS"),
        ("/api/events", "GET", "POST, OPTIONS"),
        ("/api/alerts", "PATCH", "POST, OPTIONS"),
    ],
)
def test_another_method_is_refused_in_the_protocol_s_form_and_names_those_that_are_served(
    path: str, method: str, allowed: str
) -> None:
    door = Door()
    answer = door.send(path, method=method)
    assert answer.status == 405
    assert answer.headers["allow"] == allowed
    assert ("detail" in json.loads(answer.body)) is ("/1/" in path)
    protocol = "sentry" if "/1/" in path else "alertmanager" if "alerts" in path else "native"
    assert door.count(names.INGEST_REJECTED, protocol, "method_not_allowed") == 1
    assert door.count(names.INGEST_REQUESTS, protocol, "405") == 1


def test_other_pages_are_left_to_the_app() -> None:
    assert Door().send("/api/issues", method="GET").body == b"a page"


def test_payloads_that_are_not_kept_are_counted_by_their_bytes() -> None:
    door = Door()
    body = b'{}\n{"type":"attachment","length":5}\nabcde\n{"type":"profile","length":3}\nxyz\n'
    assert door.send("/api/1/envelope/?sentry_key=k", body).status == 200
    assert door.count(names.INGEST_ATTACHMENT_BYTES, "sentry") == 8


def test_categories_that_a_client_makes_up_are_one() -> None:
    door = Door()
    report = {"discarded_events": [{"reason": "x", "category": f"c{n}", "quantity": 1} for n in range(50)]}
    body = b'{}\n{"type":"client_report"}\n' + json.dumps(report).encode()
    assert door.send("/api/1/envelope/?sentry_key=k", body).status == 200
    assert {discard.category for discard in door.journal.batches[0].discards} == {"other"}
