"""The WSGI door: ingest routes are answered here, everything else goes on to Flask.

A Flask view costs 250 to 350 microseconds before it does anything, several times what taking an event costs.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import structlog

from errtally import names
from errtally.errors import NotServedError, RejectedError
from errtally.exporter.ingest.request import Request, Response
from errtally.exporter.protocols import registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from wsgiref.types import StartResponse

    from errtally.exporter.config import Limits
    from errtally.exporter.ingest.pipeline import Pipeline
    from errtally.exporter.ingest.tally import Tally
    from errtally.exporter.protocols.endpoint import Endpoint

_REASONS = {
    200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 400: "Bad Request", 401: "Unauthorized",
    403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 413: "Content Too Large",
    415: "Unsupported Media Type", 429: "Too Many Requests", 500: "Internal Server Error", 503: "Service Unavailable",
}  # fmt: skip

_log = structlog.get_logger(__name__)


class FastPath:
    """A WSGI application in front of another one."""

    def __init__(
        self,
        app: Callable[[dict[str, Any], StartResponse], Iterable[bytes]],
        pipeline: Pipeline,
        *,
        limits: Limits,
        tally: Tally,
    ) -> None:
        self._app = app
        self._pipeline = pipeline
        self._limits = limits
        self._tally = tally

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        method = environ["REQUEST_METHOD"]
        if method not in {"POST", "OPTIONS"}:
            return self._app(environ, start_response)
        found = registry.find(environ["PATH_INFO"], environ.get("CONTENT_TYPE", ""))
        if found is None:
            return self._app(environ, start_response)
        endpoint, route = found
        response = _preflight(endpoint) if method == "OPTIONS" else self._ingest(endpoint, environ, route)
        headers = [
            ("Content-Type", response.content_type),
            ("Content-Length", str(len(response.body))),
            *response.headers,
        ]
        if endpoint.allow_headers:
            headers.append(("Access-Control-Allow-Origin", "*"))
            headers.append(("Access-Control-Expose-Headers", endpoint.expose_headers))
        start_response(f"{response.status} {_REASONS.get(response.status, 'Error')}", headers)
        return [response.body]

    def _ingest(self, endpoint: Endpoint, environ: dict[str, Any], route: Mapping[str, str]) -> Response:
        request = Request(
            environ,
            received=time.time(),
            route=route,
            body_limit_bytes=self._limits.body_bytes,
            decompressed_limit_bytes=self._limits.decompressed_bytes,
        )
        try:
            return self._pipeline.handle(endpoint, request)
        except Exception:  # noqa: BLE001 (the door: logged with its place, counted, answered)
            # A defect of ours, never the client's: say so in the log with its place, and count it.
            _log.exception("ingest failed", protocol=endpoint.protocol, path=environ["PATH_INFO"])
            self._tally.add(names.INGEST_REJECTED, (endpoint.protocol, "internal_error"))
            return endpoint.refuse(RejectedError("internal_error", "the exporter failed; its log says why", status=500))


def _preflight(endpoint: Endpoint) -> Response:
    """Answer a browser that asks whether it may send."""
    if not endpoint.allow_headers:
        return endpoint.refuse(NotServedError("no_cors", "browsers of other origins can't send here", status=405))
    return Response(
        204,
        headers=(
            ("Access-Control-Allow-Methods", "POST, OPTIONS"),
            ("Access-Control-Allow-Headers", endpoint.allow_headers),
            ("Access-Control-Max-Age", "3600"),
        ),
    )
