"""The list of issues, as tests ask for it."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urlencode

from tests.exporter.inprocess import environ


def send(exporter, *types: str, project: str = "shop", **fields) -> None:
    """Send one event for each type; a type is an issue of its own."""
    events = [{"message": f"{name} happened", "type": name, **fields} for name in types]
    answer = exporter.post(f"/api/events?project={project}", {"events": events})
    assert answer.status == 200, answer.body
    exporter.fold()


def api(exporter, **parameters) -> dict:
    answer = exporter.get("/api/issues?" + urlencode(parameters))
    assert answer.status == 200, answer.body
    return answer.json()


def types(exporter, **parameters) -> list[str]:
    return [issue["type"] for issue in api(exporter, **parameters)["issues"]]


def token(page: str) -> str:
    return unescape(re.search(r'name="form_token" value="([^"]+)"', page)[1])


def submit(exporter, *selected: str, action: str = "resolve", forged: bool = False, headers=None, **fields):
    """Send the list's form as a browser would."""
    page = exporter.call(environ("/", method="GET") | (headers or {})).body.decode()
    known = dict(re.findall(r'name="issue" value="([^"]+)" aria-label="Select [^"]*?(\w+Error)', page))
    by_type = {type_: value for value, type_ in known.items()}
    made = environ(
        "/issues",
        urlencode(
            [
                ("form_token", "forged" if forged else token(page)),
                ("action", action),
                *[("issue", unescape(by_type.get(name, name))) for name in selected],
                *fields.items(),
            ]
        ).encode(),
    )
    made["CONTENT_TYPE"] = "application/x-www-form-urlencoded"
    with exporter.folding():
        return exporter.call(made | (headers or {}))
