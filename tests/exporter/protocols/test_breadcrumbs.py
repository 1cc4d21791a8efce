"""What happened before an event: the trails of all protocols in one form, with times and levels."""

from __future__ import annotations

import pytest
from tests.exporter.protocols.sending import deliver, page

AT = "2026-11-28T17:05:56.500Z"
SECONDS = 1_795_885_556.5


def _bugsnag(crumb):
    return "/notify", {"events": [{"exceptions": [{"errorClass": "E"}], "breadcrumbs": [crumb]}]}


def _rollbar(crumb):
    return "/api/1/item/", {"data": {"body": {"message": {"body": "m"}, "telemetry": [crumb]}}}


def _honeybadger(crumb):
    return "/v1/notices", {"error": {"class": "E"}, "breadcrumbs": {"enabled": True, "trail": [crumb]}}


def _airbrake(crumb):
    return "/api/v3/projects/7/notices", {"errors": [{"type": "E"}], "context": {"history": [crumb]}}


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        pytest.param(
            _bugsnag({"type": "error", "name": "E", "timestamp": AT, "metaData": {"severity": "warning"}}),
            {"timestamp": SECONDS, "category": "error", "message": "E", "level": "warning",
             "data": {"severity": "warning"}},
            id="Bugsnag: the severity of an error before",
        ),
        pytest.param(
            _bugsnag({"type": "manual", "name": "added tea", "timestamp": AT, "metaData": {"sku": "tea"}}),
            {"timestamp": SECONDS, "category": "manual", "message": "added tea", "data": {"sku": "tea"}},
            id="Bugsnag: what an application leaves",
        ),
        pytest.param(
            _rollbar({"level": "critical", "type": "log", "timestamp_ms": SECONDS * 1000, "body": {"message": "low"}}),
            {"timestamp": SECONDS, "category": "log", "message": "low", "level": "fatal"},
            id="Rollbar: milliseconds and a level",
        ),
        pytest.param(
            _rollbar({"level": "info", "type": "network", "timestamp_ms": SECONDS * 1000, "body": {"url": "/cart"}}),
            {"timestamp": SECONDS, "category": "network", "level": "info", "data": {"url": "/cart"}},
            id="Rollbar: a request",
        ),
        pytest.param(
            _honeybadger({"category": "log", "message": "low", "timestamp": AT, "metadata": {"severity": "WARN"}}),
            {"timestamp": SECONDS, "category": "log", "message": "low", "level": "warning",
             "data": {"severity": "WARN"}},
            id="Honeybadger: the severity of a log line",
        ),
        pytest.param(
            _airbrake({"type": "log", "severity": "warn", "arguments": ["low", 5], "date": AT}),
            {"timestamp": SECONDS, "category": "log", "message": "low 5", "level": "warning"},
            id="Airbrake: the console",
        ),
        pytest.param(
            _airbrake({"type": "xhr", "method": "GET", "url": "/cart", "statusCode": 500, "date": AT}),
            {"timestamp": SECONDS, "category": "xhr", "data": {"method": "GET", "url": "/cart", "statusCode": 500}},
            id="Airbrake: a request",
        ),
        pytest.param(
            _bugsnag({"type": 5, "name": None, "timestamp": "soon", "metaData": "x"}),
            {"category": 5, "data": "x"},
            id="what is of the wrong type is shown as it is",
        ),
    ],
)  # fmt: skip
def test_a_breadcrumb(sent, shown):
    assert page(deliver(*sent))["breadcrumbs"] == [shown]
