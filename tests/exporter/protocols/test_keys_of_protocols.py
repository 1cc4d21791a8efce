"""Where each protocol puts its key, and what is answered without one, with a wrong one and with another project's."""

from __future__ import annotations

import base64
import json

import pytest
from tests.exporter.protocols.sending import CONFIGURED, SHOP_KEY, answered, deliver

from errtally.errors import RejectedError

NOTICE = {"errors": [{"type": "E", "message": "m"}]}
ITEM = {"data": {"body": {"message": {"body": "m"}}}}
HONEY = {"error": {"class": "E", "message": "m"}}
REPORT = {"events": [{"exceptions": [{"errorClass": "E", "message": "m"}]}]}
FARO = {"exceptions": [{"type": "E", "value": "m"}]}
LOGS = {"resourceLogs": []}


def _basic(text: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


@pytest.mark.parametrize(
    ("path", "body", "headers", "query"),
    [
        pytest.param("/v1/logs", LOGS, {"Authorization": f"Bearer {SHOP_KEY}"}, "", id="OTLP, bearer"),
        pytest.param("/v1/logs", LOGS, {"X-API-Key": SHOP_KEY}, "", id="OTLP, x-api-key"),
        pytest.param("/v1/logs", LOGS, _basic(f"1234:{SHOP_KEY}"), "", id="OTLP, basic auth as Grafana has it"),
        pytest.param("/v1/logs", LOGS, _basic(SHOP_KEY), "", id="OTLP, basic auth without a password"),
        pytest.param(
            "/api/7/integration/otlp/v1/logs", LOGS, {"X-Sentry-Auth": f"sentry sentry_key={SHOP_KEY}"}, "",
            id="OTLP at Sentry's address",
        ),
        pytest.param("/collect", FARO, {"X-API-Key": SHOP_KEY}, "", id="Faro, header"),
        pytest.param(f"/collect/{SHOP_KEY}", FARO, {}, "", id="Faro, path"),
        pytest.param("/api/v3/projects/7/notices", NOTICE, {"Authorization": f"Bearer {SHOP_KEY}"}, "", id="Airbrake"),
        pytest.param("/api/v3/projects/7/notices", NOTICE, {"X-Airbrake-Token": SHOP_KEY}, "", id="Airbrake's token"),
        pytest.param("/api/v3/projects/7/notices", NOTICE, {}, f"key={SHOP_KEY}", id="Airbrake, query"),
        pytest.param("/api/1/item/", ITEM, {"X-Rollbar-Access-Token": SHOP_KEY}, "", id="Rollbar, header"),
        pytest.param("/api/1/item/", ITEM | {"access_token": SHOP_KEY}, {}, "", id="Rollbar, body"),
        pytest.param("/v1/notices", HONEY, {"X-API-Key": SHOP_KEY}, "", id="Honeybadger"),
        pytest.param("/v1/events", b"{}\n{}", {"X-API-Key": SHOP_KEY}, "", id="Honeybadger's Insights"),
        pytest.param("/", REPORT, {"Bugsnag-Api-Key": SHOP_KEY}, "", id="Bugsnag, header"),
        pytest.param("/notify", REPORT | {"apiKey": SHOP_KEY}, {}, "", id="Bugsnag, body"),
        pytest.param("/sessions", {}, {"Bugsnag-Api-Key": SHOP_KEY}, "", id="Bugsnag's sessions, header"),
        pytest.param("/sessions", {"apiKey": SHOP_KEY}, {}, "", id="Bugsnag's sessions, body"),
    ],
)  # fmt: skip
def test_the_key_says_whose_project_it_is(path, body, headers, query):
    assert deliver(path, body, headers, query=query, config=CONFIGURED).project == "shop"

    def wrong(key: str) -> RejectedError:
        def swap(text: str) -> str:
            return text.replace(SHOP_KEY, key).replace(
                base64.b64encode(SHOP_KEY.encode()).decode()[:40], base64.b64encode(key.encode()).decode()[:40]
            )

        swapped = {
            name: _basic(base64.b64decode(value[6:]).decode().replace(SHOP_KEY, key))["Authorization"]
            if value.startswith("Basic ")
            else swap(value)
            for name, value in headers.items()
        }
        sent = body if isinstance(body, bytes) else json.loads(swap(json.dumps(body)))
        with pytest.raises(RejectedError) as caught:
            deliver(swap(path), sent, swapped, query=swap(query), config=CONFIGURED)
        return caught.value

    assert (wrong("9" * 32).status, wrong("9" * 32).reason) == (403, "unknown_key")
    if "/7/" in path:
        assert (wrong("6" * 32).status, wrong("6" * 32).reason) == (403, "wrong_project")


@pytest.mark.parametrize(
    ("path", "body", "status", "answer"),
    [
        ("/v1/logs", LOGS, 401, {"code": 16, "message": "no key came with the request"}),
        ("/collect", FARO, 401, "no key came with the request"),
        ("/api/v3/projects/7/notices", NOTICE, 401, {"message": "no key came with the request", "code": "missing_key"}),
        ("/api/1/item/", ITEM, 401, {"err": 1, "message": "no key came with the request"}),
        ("/v1/notices", HONEY, 401, {"error": "no key came with the request"}),
        ("/", REPORT, 401, {"errors": ["no key came with the request"]}),
    ],
)
def test_without_a_key_each_protocol_refuses_in_its_own_form(path, body, status, answer):
    response = answered(path, body, config=CONFIGURED)
    assert response.status == status
    assert (response.body.decode() if isinstance(answer, str) else json.loads(response.body)) == answer


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/v1/logs", {"Authorization": "Bearer a b"}),
        ("/v1/logs", {"Authorization": f"Bearer {SHOP_KEY}x" * 3}),
        ("/collect", {"X-API-Key": "ä"}),
    ],
)
def test_a_malformed_key_is_refused(path, headers):
    assert answered(path, {}, headers, config=CONFIGURED).status == 401
    assert answered(path, {}, headers).status == 401


def test_basic_auth_that_is_no_base64_is_no_key():
    assert answered("/v1/logs", LOGS, {"Authorization": "Basic !"}, config=CONFIGURED).status == 401
    assert answered("/v1/logs", LOGS, {"Authorization": "Basic !"}).status == 200


@pytest.mark.parametrize(
    ("service", "project"),
    [
        pytest.param("checkout", "checkout", id="a name"),
        pytest.param("shop/checkout v2", "shop-checkout-v2", id="what can't stand in a name becomes a dash"),
        pytest.param("..a", "a", id="a name does not begin with a mark"),
        pytest.param("???", "default", id="nothing of it can stand in a name"),
        pytest.param("", "default", id="an empty name"),
        pytest.param(None, "default", id="no name"),
        pytest.param("x" * 100, "x" * 64, id="a long name is cut"),
        pytest.param(5, "default", id="not a text"),
    ],
)
def test_in_open_mode_the_service_names_the_project(service, project):
    key = "intValue" if isinstance(service, int) else "stringValue"
    attributes = [{"key": "service.name", "value": {key: service}}] if service is not None else []
    record = {"severityNumber": 17, "body": {"stringValue": "m"}}
    logs = {"resourceLogs": [{"resource": {"attributes": attributes}, "scopeLogs": [{"logRecords": [record]}]}]}
    delivery = deliver("/v1/logs", logs)
    assert [part.project for part in (delivery, *delivery.others) if part.events] == [project]
    configured = deliver("/v1/logs", logs, {"X-API-Key": SHOP_KEY}, config=CONFIGURED)
    assert (configured.project, configured.others) == ("shop", [])
    if not isinstance(service, int):
        assert deliver("/collect", FARO | {"meta": {"app": {"name": service}}}).project == project
