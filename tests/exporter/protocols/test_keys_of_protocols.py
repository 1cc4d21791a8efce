"""Where each protocol puts its key, and what is answered without one, with a wrong one and with another project's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.exporter.protocols.examples import EXAMPLES, KEY_PLACES
from tests.exporter.protocols.sending import CONFIGURED, SHOP_KEY, answered, deliver

from errtally.errors import RejectedError
from errtally.exporter.protocols.registry import ENDPOINTS

if TYPE_CHECKING:
    from errtally.exporter.ingest.submission import Submission

FARO = {"exceptions": [{"type": "E", "value": "m"}]}
LOGS = {"resourceLogs": []}


def _delivered(name: str, place: str, key: str, project: str = "shop") -> Submission:
    example = EXAMPLES[name]
    sent = example.with_key(place, key, project)
    return deliver(sent.path, sent.body, sent.headers, query=sent.query, config=CONFIGURED, method=example.method)


@pytest.mark.parametrize(("name", "place"), KEY_PLACES)
def test_the_key_says_whose_project_it_is(name, place):
    assert _delivered(name, place, SHOP_KEY).project == "shop"


@pytest.mark.parametrize(("name", "place"), KEY_PLACES)
def test_a_key_that_nobody_has_is_refused(name, place):
    with pytest.raises(RejectedError) as caught:
        _delivered(name, place, "9" * 32)
    assert (caught.value.status, caught.value.reason) == (403, "unknown_key")


@pytest.mark.parametrize(
    ("name", "place"),
    [(name, place) for name, place in KEY_PLACES if "{project}" in EXAMPLES[name].path or place == "DSN"],
)
def test_another_projects_key_is_refused(name, place):
    assert _delivered(name, place, "6" * 32, "other").project == "other"
    with pytest.raises(RejectedError) as caught:
        _delivered(name, place, "6" * 32)
    assert (caught.value.status, caught.value.reason) == (403, "wrong_project")


@pytest.mark.parametrize("name", [name for name, example in EXAMPLES.items() if "/" not in example.keys])
def test_without_a_key_nothing_is_taken(name):
    example = EXAMPLES[name]
    sent = example.with_key(None)
    answer = answered(sent.path, sent.body, sent.headers, query=sent.query, config=CONFIGURED, method=example.method)
    assert answer.status == 401


MISSING = "no key came with the request"
FORMS = {
    "native events": {"error": {"code": "missing_key", "message": MISSING}},
    "alerts": {"error": {"code": "missing_key", "message": MISSING}},
    "store": {"detail": MISSING, "causes": ["missing_key"]},
    "OTLP logs": {"code": 16, "message": MISSING},
    "Faro": MISSING,
    "Airbrake": {"message": MISSING, "code": "missing_key"},
    "Rollbar": {"err": 1, "message": MISSING},
    "Honeybadger": {"error": MISSING},
    "Bugsnag": {"errors": [MISSING]},
}


@pytest.mark.parametrize("name", FORMS)
def test_without_a_key_each_protocol_refuses_in_its_own_form(name):
    sent = EXAMPLES[name].with_key(None)
    response = answered(sent.path, sent.body, sent.headers, config=CONFIGURED)
    shown = response.body.decode()
    assert (shown if isinstance(FORMS[name], str) else json.loads(shown)) == FORMS[name]


def test_every_protocols_form_is_looked_at():
    assert {EXAMPLES[name].endpoint.protocol for name in FORMS} == {endpoint.protocol for endpoint in ENDPOINTS}


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
    submission = deliver("/v1/logs", logs)
    assert [part.project for part in (submission, *submission.others) if part.events] == [project]
    configured = deliver("/v1/logs", logs, {"X-API-Key": SHOP_KEY}, config=CONFIGURED)
    assert (configured.project, configured.others) == ("shop", [])
    if not isinstance(service, int):
        assert deliver("/collect", FARO | {"meta": {"app": {"name": service}}}).project == project
