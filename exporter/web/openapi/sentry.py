"""The description of the part of Sentry's API that errtally has: routes as they are served, and sentry.yml."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources
from importlib.metadata import version
from typing import Any, Final

import yaml
from flask import Flask

from errtally.exporter.web.sentry_api.answers import PREFIX
from errtally.exporter.web.sentry_api.blueprints import BLUEPRINTS

_METHODS: Final = frozenset({"GET", "POST", "PUT", "DELETE"})
_PARAMETER: Final = re.compile(r"<(?:\w+:)?(\w+)>")
_ERROR: Final = {
    "description": "It can't be done, and why.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
}
_INFO: Final = (
    "The part of Sentry's web API that errtally answers, for programs that read Sentry. `errtally` or `1` stands for "
    "the organization; a project is named by its name, number or slug, an issue by its number or short id. All "
    "addresses work with and without the last slash. What errtally does not have is answered with 404 or 501."
)


@cache
def text() -> bytes:
    """Return the description as JSON."""
    return json.dumps(document(), indent=1, ensure_ascii=False).encode() + b"\n"


def document() -> dict[str, Any]:
    """Build the description.

    Raises:
        KeyError: sentry.yml does not know a route.
    """
    told = yaml.safe_load(resources.files(__package__).joinpath("sentry.yml").read_text(encoding="utf-8"))
    app = Flask(__name__)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    paths: dict[str, dict[str, Any]] = {}
    names: dict[str, int] = {}
    for rule in sorted(app.url_map.iter_rules(), key=lambda one: (one.rule, one.endpoint)):
        if not rule.rule.startswith(f"{PREFIX}/"):
            continue  # pages, which people are led to
        path = _PARAMETER.sub(r"{\1}", rule.rule)
        for method in sorted(_METHODS & (rule.methods or set())):
            names[rule.endpoint] = number = names.get(rule.endpoint, 0) + 1
            summary = (app.view_functions[rule.endpoint].__doc__ or "").splitlines()[0]
            operation = _operation(rule.endpoint, number, summary, sorted(rule.arguments), told)
            paths.setdefault(path, {})[method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "errtally, as Sentry's API", "version": version("errtally"), "description": _INFO},
        "servers": [{"url": "http://127.0.0.1:9765"}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": told["schemas"],
        },
    }


def _operation(endpoint: str, number: int, summary: str, arguments: list[str], told: dict[str, Any]) -> dict[str, Any]:
    """Describe one method of one route.

    Args:
        endpoint: the route's name in the app.
        number: how many addresses the route has had so far.
        summary: what it does.
        arguments: names in the address.
        told: sentry.yml.
    """
    one = told["routes"][endpoint]
    group, _, name = endpoint.removeprefix("sentry_").partition(".")
    parameters = [{"name": each, "in": "path", "required": True, "schema": {"type": "string"}} for each in arguments]
    for each in one.get("query", ()):
        schema = {key: value for key, value in told["parameters"][each].items() if key != "description"}
        about = (
            {"description": told["parameters"][each]["description"]}
            if "description" in told["parameters"][each]
            else {}
        )
        parameters.append({"name": each, "in": "query", **about, "schema": schema})
    content: dict[str, Any] = {"application/json": {"schema": _schema(one["body"])}} if "body" in one else {}
    if "form" in one:
        fields = {each: {"type": "string", "format": "binary"} for each in one["form"]}
        content["multipart/form-data"] = {"schema": {"type": "object", "properties": fields}}
    return {
        "operationId": f"{group}_{name}" if number == 1 else f"{group}_{name}_{number}",
        "tags": [group],
        "summary": summary,
        "security": [{"token": []}, {}],
        **({"parameters": parameters} if parameters else {}),
        **({"requestBody": {"content": content}} if content else {}),
        "responses": {"2XX": _answer(one), "4XX": _ERROR, "501": _ERROR},
    }


def _answer(one: dict[str, Any]) -> dict[str, Any]:
    if "answer" not in one:
        return {"description": "Done."}
    return {"description": "The answer.", "content": {"application/json": {"schema": _schema(one["answer"])}}}


def _schema(told: object) -> dict[str, Any]:
    """Return a schema: a name stands for one of sentry.yml, a list for an array of what it holds."""
    if isinstance(told, list):
        return {"type": "array", "items": _schema(told[0])}
    if isinstance(told, str):
        return {"$ref": f"#/components/schemas/{told}"}
    assert isinstance(told, dict)
    return told
