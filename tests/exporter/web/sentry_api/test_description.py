"""The description of the part of Sentry's API that there is: of every route, true of every answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from openapi_spec_validator import validate
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.exporter.inprocess import NOW, InProcess, envelope
from tests.exporter.web import made_up

from errtally.exporter.web.openapi import sentry

if TYPE_CHECKING:
    from collections.abc import Iterator

KNOWN = {
    "organization": "errtally", "project": "shop", "team": "errtally", "issue": "1", "event": "latest",
    "tag": "browser", "version": "shop@1.4", "short_id": "SHOP-1", "file": "1",
}  # fmt: skip
"""What is there, for as many of the requests as have nothing wrong."""


@pytest.fixture(scope="module")
def exporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    made = InProcess(tmp_path_factory.mktemp("sentry"))
    for number in range(3):
        event = {
            "event_id": f"{number:032x}", "timestamp": NOW, "platform": "python", "release": "shop@1.4",
            "tags": {"browser": "Firefox"}, "user": {"id": str(number)},
            "exception": {"values": [{"type": f"Error{number}", "value": "no stock", "stacktrace": {"frames": [
                {"function": "find", "filename": "shop/find.py", "lineno": 3, "in_app": True}]}}]},
        }  # fmt: skip
        made.post("/api/shop/envelope/?sentry_key=k", envelope(("event", event)))
    made.fold()
    with made.folding():
        made.post("/api/0/organizations/errtally/releases/", {"version": "shop@1.4", "projects": ["shop"]})
        yield made
    made.close()


def test_it_is_valid_and_served_as_it_stands_in_the_documentation(exporter: InProcess) -> None:
    validate(sentry.document())
    answer = exporter.get("/api/schema/sentry.json")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.json() == sentry.document()


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does() -> None:
    operations = [one for path in sentry.document()["paths"].values() for one in path.values()]
    assert len({one["operationId"] for one in operations}) == len(operations)
    assert all(one["summary"].endswith(".") for one in operations)


API = schemathesis.openapi.from_dict(json.loads(sentry.text()))
CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@API.parametrize()
@made_up.requests(6)
def test_no_request_gets_an_answer_that_is_not_described(case: Any, exporter: InProcess) -> None:
    if case.meta.generation.mode.is_positive:
        case.path_parameters.update({name: KNOWN[name] for name in case.path_parameters})
    response = case.call(app=exporter.app)
    case.validate_response(response, checks=CHECKS)
    assert "html" not in response.headers.get("content-type", [""])[0], f"{case.method} {case.formatted_path}"


@pytest.mark.parametrize("route", ["issues/", "projects/", "releases/", "releases/shop@1.4/files/", "teams/", "tags/"])
@pytest.mark.parametrize("cursor", ["%0A", "a%0D%0AX-Injected:%20yes", "%22", "%F0%9F%92%A5"])
def test_a_cursor_that_is_none_is_no_part_of_a_header(exporter: InProcess, route: str, cursor: str) -> None:
    answer = exporter.get(f"/api/0/organizations/errtally/{route}?cursor={cursor}")
    assert answer.status in {200, 400}
    assert "X-Injected" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/0/organizations/errtally/sessions/?field=sum(session)"),
        ("POST", "/api/0/organizations/errtally/releases/v1/deploys/"),
        ("GET", "/api/0/organizations/errtally/releases/shop@1.4/deploys/"),
    ],
    ids=["ends as Bugsnag's sessions", "ends as Honeybadger's deploys", "the same, read"],
)
def test_an_address_that_ends_as_another_protocols_is_sentrys(exporter: InProcess, method: str, path: str) -> None:
    body = {"environment": "production", "projects": ["shop"]}
    answer = exporter.post(path, body) if method == "POST" else exporter.get(path)
    assert answer.status in {200, 201}, answer.body
