"""Pages of which origins may send, and which may read the answer."""

from __future__ import annotations

import pytest
from tests.exporter.door import Door, project

from errtally import names
from errtally.exporter.ingest.keys import is_allowed

SHOP = project(
    "shop", "k1", allowed_origins=["https://shop.example", "https://*.shop.example", "http://localhost:3000"]
)
OPEN = project("open", "k2")
EVENT = b'{}\n{"type":"event"}\n{"message":"x"}\n'


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        pytest.param("https://shop.example", True, id="the one in the list"),
        pytest.param("https://SHOP.example", True, id="in other letters"),
        pytest.param("http://localhost:3000", True, id="with its port"),
        pytest.param("https://eu.shop.example", True, id="a subdomain"),
        pytest.param("https://a.b.shop.example", True, id="a subdomain's subdomain"),
        pytest.param("http://shop.example", False, id="another scheme"),
        pytest.param("http://eu.shop.example", False, id="a subdomain with another scheme"),
        pytest.param("https://shop.example:8443", False, id="another port"),
        pytest.param("https://evilshop.example", False, id="a name that only ends like it"),
        pytest.param("https://shop.example.evil.example", False, id="a name that only begins like it"),
        pytest.param("null", False, id="a sandboxed frame"),
    ],
)
def test_an_origin_is_allowed_only_when_the_list_says_so(origin: str, *, expected: bool) -> None:
    assert is_allowed(origin, tuple(SHOP["allowed_origins"])) is expected


def test_an_allowed_page_may_send_and_read() -> None:
    answer = Door({"projects": [SHOP, OPEN]}).send(
        "/api/shop/envelope/?sentry_key=k1", EVENT, origin="https://eu.shop.example"
    )
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == "https://eu.shop.example"
    assert answer.headers["vary"] == "Origin"


@pytest.mark.parametrize(
    ("path", "body", "headers"),
    [
        pytest.param("/api/shop/envelope/?sentry_key=k1", EVENT, {}, id="by envelope"),
        pytest.param("/tunnel", b'{"dsn":"https://k1@h/shop"}\n' + EVENT[3:], {}, id="through a tunnel"),
        pytest.param("/api/events", b'{"message":"x"}', {"authorization": "Bearer k1"}, id="by the native API"),
        pytest.param("/api/shop/security/?sentry_key=k1", b'{"csp-report":{}}', {}, id="by a CSP report"),
    ],
)
def test_a_page_of_another_origin_is_refused(path: str, body: bytes, headers: dict[str, str]) -> None:
    door = Door({"projects": [SHOP]})
    answer = door.send(path, body, origin="https://evil.example", **headers)
    assert answer.status == 403
    assert "access-control-allow-origin" not in answer.headers
    assert not door.journal.batches
    assert door.count(names.INGEST_REJECTED, "native" if path == "/api/events" else "sentry", "bad_origin") == 1


def test_a_server_sends_no_origin_and_is_not_asked() -> None:
    answer = Door({"projects": [SHOP]}).send("/api/shop/envelope/?sentry_key=k1", EVENT)
    assert answer.status == 200
    assert "access-control-allow-origin" not in answer.headers


def test_a_project_without_a_list_takes_every_page() -> None:
    door = Door({"projects": [SHOP, OPEN]})
    answer = door.send("/api/open/envelope/?sentry_key=k2", EVENT, origin="https://any.example")
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == "https://any.example"


def test_without_any_list_every_page_may_read() -> None:
    answer = Door().send("/api/1/envelope/?sentry_key=k", b"broken", origin="https://any.example")
    assert answer.status == 400
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "X-Sentry-Rate-Limits" in answer.headers["access-control-expose-headers"]


@pytest.mark.parametrize(("origin", "expected"), [("https://shop.example", True), ("https://evil.example", False)])
def test_a_preflight_is_granted_to_allowed_origins_only(origin: str, *, expected: bool) -> None:
    answer = Door({"projects": [SHOP, OPEN]}).send("/api/shop/envelope/", method="OPTIONS", origin=origin)
    assert answer.status == 204
    assert ("access-control-allow-origin" in answer.headers) is expected
