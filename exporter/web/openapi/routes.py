"""Serves the description of the API, without a login, as the JSON Schemas are."""

from __future__ import annotations

from flask import Blueprint, Response

from errtally.exporter.web.openapi import document, sentry

routes = Blueprint("openapi", __name__)


@routes.get("/api/schema/openapi.json")
def description() -> Response:
    """Return the OpenAPI description of the HTTP API."""
    return Response(document.text(), content_type="application/json")


@routes.get("/api/schema/sentry.json")
def sentry_description() -> Response:
    """Return the OpenAPI description of the part of Sentry's API that there is."""
    return Response(sentry.text(), content_type="application/json")
