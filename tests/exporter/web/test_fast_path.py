"""The door: ingest routes, browsers of other origins, everything else passed on."""

from __future__ import annotations

import pytest
from tests.exporter.inprocess import RecordingAppender, call, door, envelope, environ

from errtally import names
from errtally.exporter.config import ExporterConfig, Project
from errtally.exporter.ingest.tally import Tally

INGEST = ["/api/42/envelope/", "/api/42/store/", "/api/events", "/api/requests"]


@pytest.mark.parametrize("path", INGEST)
def test_a_browser_of_another_origin_may_ask_and_send(path):
    app = door(RecordingAppender())
    asked = call(app, environ(path, method="OPTIONS"))
    assert (asked.status, asked.body) == (204, b"")
    assert asked.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in asked.headers["Access-Control-Allow-Methods"]
    assert "Content-Encoding" in asked.headers["Access-Control-Allow-Headers"]
    assert asked.headers["Access-Control-Max-Age"] == "3600"


def test_a_browser_may_send_to_sentrys_routes_with_sentrys_headers():
    asked = call(door(RecordingAppender()), environ("/api/42/envelope/", method="OPTIONS"))
    for header in ("X-Sentry-Auth", "sentry-trace", "baggage", "Content-Type"):
        assert header in asked.headers["Access-Control-Allow-Headers"]
    assert "X-Sentry-Rate-Limits" in asked.headers["Access-Control-Expose-Headers"]


def test_a_browser_of_another_origin_can_not_tell_alerts():
    asked = call(door(RecordingAppender()), environ("/api/alerts", method="OPTIONS"))
    assert asked.status == 405
    assert "Access-Control-Allow-Origin" not in asked.headers


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (envelope(("event", {"message": "m"})), 200),
        (b"", 400),
        (envelope(("event", {"message": "m"}), header={"dsn": 5}), 401),
    ],
)
def test_a_browser_may_read_every_answer(body, status):
    config = ExporterConfig() if status != 401 else ExporterConfig(projects=(Project("42", "42", frozenset({"k"})),))
    answer = call(door(RecordingAppender(), config), environ("/api/42/envelope/", body))
    assert answer.status == status
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]
    assert answer.headers["Content-Length"] == str(len(answer.body))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("POST", "/api/issues/x/resolve"),
        ("OPTIONS", "/metrics"),
    ],
)
def test_what_is_not_ingest_goes_on(method, path):
    assert call(door(RecordingAppender()), environ(path, method=method)).body == b"elsewhere"


def test_a_refusal_is_counted_with_its_reason():
    tally = Tally()
    call(door(RecordingAppender(), tally=tally), environ("/api/events", b"["))
    counters = {(name, labels): amount for name, labels, amount in tally.take().counters}
    assert counters[names.INGEST_REJECTED.name, ("native", "bad_json")] == 1
