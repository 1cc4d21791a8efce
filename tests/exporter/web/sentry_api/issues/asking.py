"""Requests of tests to Sentry's web API."""

from __future__ import annotations

import json
import re
from urllib.parse import urlencode

from tests.exporter.inprocess import environ

TOKEN = "a-token-of-24-characters"


BEARER = {"Authorization": f"Bearer {TOKEN}"}


UTC_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def send(exporter, *types: str, project: str = "shop", **fields) -> None:
    events = [{"message": f"{name} happened", "type": name, **fields} for name in types]
    assert exporter.post(f"/api/events?project={project}", {"events": events}).status == 200
    exporter.fold()


def get(exporter, path: str, status: int = 200):
    answer = exporter.get(f"/api/0{path}", BEARER)
    assert answer.status == status, answer.body
    assert answer.headers["Content-Type"].startswith("application/json")
    return answer


def titles(exporter, path: str = "/organizations/errtally/issues/", **parameters) -> list[str]:
    issues = get(exporter, f"{path}?{urlencode(parameters, doseq=True)}").json()
    return [issue["metadata"]["type"] for issue in issues]


def put(exporter, path: str, body: dict, status: int = 200):
    path, _, query = f"/api/0{path}".partition("?")
    made = environ(path, json.dumps(body).encode(), BEARER, method="PUT", query=query)
    with exporter.folding():
        answer = exporter.call(made | {"CONTENT_TYPE": "application/json"})
    assert answer.status == status, answer.body
    return answer.json() if answer.body else None


def numbers(exporter) -> dict[str, str]:
    return {
        one["metadata"]["type"]: one["id"] for one in get(exporter, "/organizations/errtally/issues/?query=").json()
    }
