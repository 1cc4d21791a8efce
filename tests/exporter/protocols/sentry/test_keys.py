"""Where Sentry SDKs put their key."""

from __future__ import annotations

import base64

import pytest
from tests.exporter.inprocess import deliver, envelope, request

from errtally.errors import UnauthorizedError
from errtally.exporter.config import ExporterConfig, Project
from errtally.exporter.protocols.sentry import keys

CONFIG = ExporterConfig(projects=(Project("shop", "42", frozenset({"k1"})),))


def basic(text):
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("query", "headers", "expected"),
    [
        pytest.param("sentry_key=k1&sentry_version=7", {}, "k1", id="in the query"),
        pytest.param("glitchtip_key=k1", {}, "k1", id="in the query as GlitchTip has it"),
        pytest.param("", {"X-Sentry-Auth": "Sentry sentry_key=k1, sentry_version=7"}, "k1", id="in X-Sentry-Auth"),
        pytest.param(
            "",
            {"X-Sentry-Auth": "Sentry sentry_timestamp=1,sentry_client=raven,sentry_key=k1,sentry_secret=s"},
            "k1",
            id="in any order and without blanks",
        ),
        pytest.param("", {"X-Sentry-Auth": 'SENTRY SENTRY_KEY="k1"'}, "k1", id="in capitals and quoted"),
        pytest.param("", {"Authorization": "Sentry sentry_key=k1"}, "k1", id="in Authorization"),
        pytest.param("", {"Authorization": basic("k1:secret")}, "k1", id="as the user of basic auth"),
        pytest.param("", {"Authorization": basic("k1")}, "k1", id="as the user without a password"),
        pytest.param(
            "sentry_key=a", {"X-Sentry-Auth": "Sentry sentry_key=b"}, "a", id="the query wins over the header"
        ),
        pytest.param(
            "", {"X-Sentry-Auth": "Sentry sentry_key=a", "Authorization": basic("b:")}, "a", id="the first header wins"
        ),
        pytest.param("sentry_key=", {"X-Sentry-Auth": "Sentry sentry_key=b"}, "b", id="an empty one is none"),
        pytest.param("", {"Authorization": "Basic !!!"}, None, id="basic auth that is no base64 is none"),
        pytest.param("", {"Authorization": basic(":only-password")}, None, id="basic auth without a user is none"),
        pytest.param("", {"Authorization": "Basic /w=="}, None, id="basic auth that is not UTF-8 is none"),
        pytest.param("", {"Authorization": "Bearer k1"}, None, id="a bearer token is none"),
        pytest.param("", {"X-Sentry-Auth": "Sentry sentry_version=7, junk"}, None, id="a header without a key is none"),
        pytest.param("sentry_version=7", {}, None, id="none at all"),
    ],
)
def test_the_key_of_a_request(query, headers, expected):
    assert keys.of_request(request(headers=headers, query=query)) == expected


@pytest.mark.parametrize(
    ("dsn", "expected"),
    [
        pytest.param("http://k1@host:9000/42", ("k1", "42"), id="a DSN"),
        pytest.param("https://k1:secret@host/prefix/42/", ("k1", "42"), id="with a secret and a prefix"),
        pytest.param("http://host/42", (None, "42"), id="without a key"),
        pytest.param("http://k1@host", ("k1", None), id="without a project"),
        pytest.param("http://[::1", (None, None), id="no URL"),
        pytest.param(5, (None, None), id="no text"),
        pytest.param(None, (None, None), id="none"),
    ],
)
def test_the_key_of_a_dsn(dsn, expected):
    assert keys.of_dsn(dsn) == expected


@pytest.mark.parametrize("path", ["/api/42/envelope/", "/api/42/envelope", "/prefix/api/42/envelope/"])
def test_an_envelopes_dsn_may_carry_the_key(path):
    body = envelope(("event", {"message": "m"}), header={"dsn": "http://k1@host/42"})
    assert deliver(path, body, config=CONFIG).project == "shop"


def test_the_key_of_the_query_wins_over_the_dsn():
    body = envelope(("event", {"message": "m"}), header={"dsn": "http://k1@host/42"})
    with pytest.raises(UnauthorizedError) as caught:
        deliver("/api/42/envelope/", body, config=CONFIG, query="sentry_key=other")
    assert caught.value.status == 403


def test_a_wrong_key_is_refused_before_the_body_is_read():
    with pytest.raises(UnauthorizedError):
        deliver("/api/42/envelope/", b"not an envelope", config=CONFIG, query="sentry_key=other")
    with pytest.raises(UnauthorizedError):
        deliver("/api/42/store/", b"not an event", config=CONFIG)


@pytest.mark.parametrize("project", ["42", "shop"])
def test_the_right_key_in_the_query_sends(project):
    body = envelope(("event", {"message": "m"}))
    assert deliver(f"/api/{project}/envelope/", body, config=CONFIG, query="sentry_key=k1").project == "shop"
