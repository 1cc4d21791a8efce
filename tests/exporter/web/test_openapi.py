"""The description of the API and the API agree: no route is missing, and no answer is one that it does not name."""

from __future__ import annotations

import json
import re

import pytest
import schemathesis
from openapi_spec_validator import validate
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.exporter.inprocess import InProcess
from tests.exporter.web import made_up
from tests.waiting import until

from errtally.errors import JournalError
from errtally.event import schema
from errtally.exporter.config import ExporterConfig, Project
from errtally.exporter.protocols import alertmanager, native
from errtally.exporter.web.openapi import document
from errtally.exporter.web.stream.hub import Hub

OPERATIONS = [
    (path, method)
    for path, item in document.document()["paths"].items()
    for method in item
    if method in {"get", "post", "delete"}
]  # fmt: skip
# Pages are for people; what other programs know by Sentry's documents is described in docs/sentry-openapi.json.
_FOR_PROGRAMS = re.compile(r"/api/(?!0/)|/-/|/metrics\Z|/issues/\{fingerprint\}\.md\Z")


class _EndingHub(Hub):
    """Its streams end behind the greeting, so that a client that reads to the end gets there."""

    def next(self, stream):  # noqa: ARG002
        return None


@pytest.fixture(scope="module")
def exporter(tmp_path_factory):
    made = InProcess(tmp_path_factory.mktemp("api"))
    made.hub = _EndingHub(made.hub._reader, on_count=made._count_streams)
    made.flask.extensions["errtally"]["hub"] = made.hub
    for message in ("no stock of 17", "no money", "login failed"):
        made.post("/api/events?project=shop", {"events": [{"message": message, "type": "E", "stack": "x"}]})
    with made.folding():
        yield made
    made.close()


def _flask_paths(made: InProcess) -> set[tuple[str, str]]:
    return {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in made.flask.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }


def test_it_is_a_valid_description():
    validate(document.document())


def test_every_route_is_described_and_nothing_else(exporter):
    served = {(path, method) for path, method in _flask_paths(exporter) if _FOR_PROGRAMS.match(path)}
    ours = (*native.ENDPOINTS, *alertmanager.ENDPOINTS)
    ingest = {(path, method) for path, method in OPERATIONS if any(one.pattern.fullmatch(path) for one in ours)}
    assert {one.pattern.pattern for one in ours} == {re.escape(path).replace("\\-", "-") + "/?" for path, _ in ingest}
    assert served | ingest == set(OPERATIONS)


def test_every_operation_has_a_name_of_its_own_and_says_who_may():
    described = [document.document()["paths"][path][method] for path, method in OPERATIONS]
    assert len({one["operationId"] for one in described}) == len(described)
    for one in described:
        assert one["summary"]
        assert one["security"]


def test_it_is_served_as_it_stands_in_the_documentation(tmp_path):
    made = InProcess(tmp_path, ExporterConfig(web_token="t0ken"))
    answer = made.get("/api/schema/openapi.json")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.json() == document.document()
    made.close()


@pytest.mark.parametrize("name", schema.NAMES)
def test_the_schemas_of_the_native_api_are_in_it(name):
    loaded = schema.load(name)
    assert document.document()["components"]["schemas"][loaded["title"]]["properties"] == loaded["properties"]


def test_a_key_that_two_files_describe_is_a_defect():
    with pytest.raises(ValueError, match="'a' is described twice"):
        document._merge({"x": {"a": 1}}, {"x": {"a": 2}})


@schemathesis.serializer("application/x-ndjson")
def _lines(_, value):
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


API = schemathesis.openapi.from_dict(json.loads(document.text()))
CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    schemathesis.checks.not_a_server_error,
]


@pytest.fixture(scope="module", autouse=True)
def _no_reload():
    """The reload would send a signal to the process that runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("errtally.exporter.web.app.os.kill", lambda *_: None)
        yield


@API.parametrize()
@made_up.requests(8)
def test_no_request_gets_an_answer_that_is_not_described(case, exporter):
    if case.path_parameters.get("fingerprint") and case.meta.generation.mode.is_positive:
        if not exporter.reader.issues(limit=1):  # an example deleted the last one
            exporter.post("/api/events?project=shop", {"events": [{"message": "no stock", "type": "E", "stack": "x"}]})
            until(lambda: exporter.reader.issues(limit=1), lambda: "no issue came")
        found = exporter.reader.issues(limit=3)
        case.path_parameters["fingerprint"] = found[len(case.path_parameters["fingerprint"]) % len(found)][
            "fingerprint"
        ]
    response = case.call(app=exporter.app)
    case.validate_response(response, checks=CHECKS)


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_without_a_login_the_answer_is_the_described_one(tmp_path, path, method):
    config = ExporterConfig(web_password="p", projects=(Project("shop", "1", frozenset({"k"})),))
    made = InProcess(tmp_path, config)
    operation = API[path][method]
    parameters = {"fingerprint": "0" * 16, "action": "resolve", "name": "event", "tracker": "github"}
    case = (
        operation.Case(path_parameters=parameters, body={}, media_type="application/json")
        if method == "post"
        else (operation.Case(path_parameters=parameters))
    )
    response = case.call(app=made.app)
    described = document.document()["paths"][path][method]
    assert (response.status_code == 401) == ({} not in described["security"] or "401" in described["responses"])
    case.validate_response(response, checks=CHECKS)
    made.close()


@pytest.mark.parametrize("path", ["/api/events", "/api/requests", "/api/alerts"])
def test_a_full_journal_is_the_described_answer(tmp_path, path, monkeypatch):
    made = InProcess(tmp_path)

    def append(*_):
        raise JournalError("the disk is full")

    monkeypatch.setattr(made.appender, "append", append)
    example = {
        "/api/events": {"message": "x"},
        "/api/requests": {"transaction": "x", "duration_seconds": 1},
        "/api/alerts": {"version": "4", "alerts": [
            {"status": "firing", "fingerprint": "f", "labels": {}, "startsAt": "2026-01-01T00:00:00Z"}
        ]},
    }[path]  # fmt: skip
    case = API[path]["post"].Case(body=example, media_type="application/json")
    response = case.call(app=made.app)
    assert response.status_code == 503
    case.validate_response(response, checks=CHECKS[:-1])
    made.close()
