"""Which protocol a request belongs to."""

from __future__ import annotations

import pytest

from errtally.exporter.protocols import registry


@pytest.mark.parametrize(
    ("path", "protocol", "route"),
    [
        pytest.param("/api/events", "native", {}, id="the exporter's own batch API"),
        pytest.param("/api/alerts", "alertmanager", {}, id="Alertmanager's webhook"),
        pytest.param("/api/7/envelope/", "sentry", {"project": "7"}, id="Sentry's envelopes"),
        pytest.param("/a/b/api/7/envelope", "sentry", {"project": "7"}, id="Sentry's envelopes under a prefix"),
        pytest.param("/api/7/csp-report/", "sentry", {"project": "7"}, id="one of two last words"),
        pytest.param("/v1/logs", "otlp", {}, id="OTLP"),
        pytest.param("/otlp/v1/traces/", "otlp", {}, id="OTLP as Grafana's collectors send it"),
        pytest.param("/api/7/integration/otlp/v1/traces", "otlp", {"project": "7"}, id="OTLP at Sentry's address"),
        pytest.param("/collect", "faro", {}, id="Faro"),
        pytest.param("/collect/k-1", "faro", {"key": "k-1"}, id="Faro with its key in the path"),
        pytest.param("/collect/envelope", "faro", {"key": "envelope"}, id="a key that is another route's last word"),
        pytest.param("/api/v3/projects/7/notices", "airbrake", {"project": "7"}, id="Airbrake"),
        pytest.param("/api/v3/projects/7/create-notice", "airbrake", {"project": "7"}, id="Airbrake's older route"),
        pytest.param("/api/1/item/", "rollbar", {}, id="Rollbar"),
        pytest.param("/v1/notices", "honeybadger", {}, id="Honeybadger"),
        pytest.param("/v1/notices/js", "honeybadger", {}, id="Honeybadger in browsers"),
        pytest.param("/v1/events", "honeybadger", {}, id="Honeybadger's Insights, not the native events"),
        pytest.param("/", "bugsnag", {}, id="Bugsnag"),
        pytest.param("/notify", "bugsnag", {}, id="Bugsnag under its older path"),
        pytest.param("/sessions", "bugsnag", {}, id="Bugsnag's sessions"),
    ],
)
def test_a_path_leads_to_its_protocol(path, protocol, route):
    found = registry.find(path)
    assert found is not None
    assert (found[0].protocol, dict(found[1])) == (protocol, route)


@pytest.mark.parametrize(
    "path", ["/metrics", "/v1/events/x", "/api/issues", "/v2/logs", "/api/v3/projects/notices", ""]
)
def test_other_paths_are_left_to_the_pages(path):
    assert registry.find(path) is None


def test_a_page_at_a_protocols_path_is_still_a_page():
    assert registry.find("/", "GET") is None
    assert registry.find("/", "OPTIONS") is not None
    assert registry.find("/notify", "GET") is not None


@pytest.mark.parametrize(
    ("content_type", "media_type"),
    [
        ("application/x-protobuf", "application/x-protobuf"),
        ("application/json; charset=utf-8", "application/json"),
        ("Application/JSON", "application/json"),
        ("Application/X-Protobuf", "application/x-protobuf"),
    ],
)
def test_otlps_encodings_are_endpoints_of_their_own(content_type, media_type):
    found = registry.find("/v1/logs", "POST", content_type)
    assert found is not None
    assert found[0].media_type == media_type


@pytest.mark.parametrize(
    ("path", "methods"), [("/v1/logs", ("POST",)), ("/", ("POST",)), ("/api/store/", ("POST", "GET")), ("/metrics", ())]
)
def test_a_paths_methods_are_named(path, methods):
    assert registry.methods(path) == methods


def test_every_ending_of_an_endpoint_can_be_its_paths_last_segment():
    for endpoint in registry.ENDPOINTS:
        for ending in endpoint.endings:
            assert ending in endpoint.pattern.pattern
