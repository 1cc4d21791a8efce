"""The WSGI door: ingest routes are answered here, everything else goes on to Flask.

A Flask view costs 250 to 350 microseconds before it does anything, several times what taking an event costs.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import structlog

from errtally import names
from errtally.errors import NotServedError, RejectedError
from errtally.exporter.ingest.body import drain
from errtally.exporter.ingest.endpoint import RETRY_AFTER
from errtally.exporter.ingest.request import INLINE_KEY, Request, Response, WaitsError
from errtally.exporter.protocols import registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from wsgiref.types import StartResponse

    from errtally.exporter.config import Limits
    from errtally.exporter.ingest.endpoint import Endpoint
    from errtally.exporter.ingest.pipeline import Pipeline
    from errtally.exporter.ingest.tally import Tally
    from errtally.exporter.web.forwarding import Forwarding

_REASONS = {
    200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 400: "Bad Request", 401: "Unauthorized",
    403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 409: "Conflict", 413: "Content Too Large",
    415: "Unsupported Media Type", 422: "Unprocessable Content", 429: "Too Many Requests",
    431: "Request Header Fields Too Large", 500: "Internal Server Error", 501: "Not Implemented",
    503: "Service Unavailable",
}  # fmt: skip

_log = structlog.get_logger(__name__)


class FastPath:
    """A WSGI application in front of another one.

    Args:
        app: answers what is no ingest route.
        pipeline: takes what comes to ingest routes.
        limits: of requests.
        tally: counts what happens to them.
        forwarding: reads what proxies say of the client; None without any.
        upload_bytes: how long an upload may be.
        health: answers questions of health without waiting, None for any other: behind pages that wait for the store, a
            load balancer would wait as well, and take the exporter for dead.
    """

    def __init__(
        self,
        app: Callable[[dict[str, Any], StartResponse], Iterable[bytes]],
        pipeline: Pipeline,
        *,
        limits: Limits,
        tally: Tally,
        forwarding: Forwarding | None = None,
        upload_bytes: int = 0,
        health: Callable[[dict[str, Any]], tuple[int, Sequence[tuple[str, str]], bytes] | None] = lambda _: None,
    ) -> None:
        self._health = health
        self._app = app
        self._upload_bytes = max(upload_bytes, limits.body_bytes)
        self._forwarding = forwarding
        self._pipeline = pipeline
        self._limits = limits
        self._tally = tally

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, as WSGI has it."""
        answer = self.answer(environ)
        if answer is None:
            return self._app(environ, start_response)
        status, headers, body = answer
        if status >= 400 and environ.get("wsgi.input_terminated"):  # noqa: PLR2004 (refused)
            drain(environ["wsgi.input"])
        start_response(f"{status} {_REASONS.get(status, 'Error')}", [*headers, ("Content-Length", str(len(body)))])
        return [body]

    def answer(
        self, environ: dict[str, Any], *, is_inline: bool = False
    ) -> tuple[int, Sequence[tuple[str, str]], bytes] | None:
        """Answer a request of an ingest route, or a question of health; None for any other.

        Args:
            environ: the request, as WSGI has it.
            is_inline: whether the caller can't wait.

        Returns:
            Status, headers without the length, and body.

        Raises:
            WaitsError: the caller can't wait and the request takes long; nothing of it was taken.
        """
        if self._forwarding is not None:
            self._forwarding.see_through(environ)
        method = environ["REQUEST_METHOD"]
        found = registry.find(environ["PATH_INFO"], method, environ.get("CONTENT_TYPE") or "")
        if found is None:
            return self._health(environ)
        endpoint, route = found
        if is_inline:
            if endpoint.takes_files:
                raise WaitsError
            environ[INLINE_KEY] = True
        if method in endpoint.methods:
            response = self._ingest(endpoint, environ, route)
        elif method == "OPTIONS":
            response = _preflight(endpoint, environ["PATH_INFO"])
        else:
            response = self._refuse_method(endpoint, environ["PATH_INFO"], method)
        headers = [("Content-Type", response.content_type), *response.headers]
        if endpoint.allow_headers:
            headers += self._sharing(endpoint, route, environ.get("HTTP_ORIGIN") or "")
        return response.status, headers, response.body

    def _sharing(self, endpoint: Endpoint, route: Mapping[str, str], origin: str) -> list[tuple[str, str]]:
        """Say which pages may read the answer: all, or when a project has a list, this one if it is on it."""
        keys = self._pipeline.keys
        readable = f"{RETRY_AFTER}, {endpoint.expose_headers}" if endpoint.expose_headers else RETRY_AFTER
        expose = ("Access-Control-Expose-Headers", readable)
        if not keys.has_origins:
            return [("Access-Control-Allow-Origin", "*"), expose]
        vary = ("Vary", "Origin")
        if not origin or not keys.allows_origin(route.get("project"), origin):
            return [vary]
        return [("Access-Control-Allow-Origin", origin), expose, vary]

    def _refuse_method(self, endpoint: Endpoint, path: str, method: str) -> Response:
        allowed = ", ".join((*registry.methods(path), "OPTIONS"))
        error = NotServedError("method_not_allowed", f"{method[:32]!r} is not served here, {allowed} are", status=405)
        self._tally.add(names.INGEST_REJECTED, (endpoint.protocol, error.reason))
        self._tally.add(names.INGEST_REQUESTS, (endpoint.protocol, "405"))
        refused = endpoint.refusal(error)
        return replace(refused, headers=(*refused.headers, ("Allow", allowed)))

    def _ingest(self, endpoint: Endpoint, environ: dict[str, Any], route: Mapping[str, str]) -> Response:
        limits, takes_files = self._limits, endpoint.takes_files
        request = Request(
            environ,
            received=time.time(),
            route=route,
            body_limit_bytes=self._upload_bytes if takes_files else limits.body_bytes,
            decompressed_limit_bytes=self._upload_bytes if takes_files else limits.decompressed_bytes,
        )
        try:
            return self._pipeline.handle(endpoint, request)
        except WaitsError:
            del environ[INLINE_KEY]
            raise
        except Exception:  # noqa: BLE001 (the door: logged with its place, counted, answered)
            # A defect of ours, never the client's: say so in the log with its place, and count it.
            _log.exception("ingest failed", protocol=endpoint.protocol, path=environ["PATH_INFO"])
            self._tally.add(names.INGEST_REJECTED, (endpoint.protocol, "internal_error"))
            self._tally.add(names.INGEST_REQUESTS, (endpoint.protocol, "500"))
            return endpoint.refusal(
                RejectedError("internal_error", "the exporter failed; its log says why", status=500)
            )


def _preflight(endpoint: Endpoint, path: str) -> Response:
    """Answer a browser that asks whether it may send."""
    if not endpoint.allow_headers:
        return endpoint.refusal(NotServedError("no_cors", "browsers of other origins can't send here", status=405))
    return Response(
        204,
        headers=(
            ("Access-Control-Allow-Methods", ", ".join((*registry.methods(path), "OPTIONS"))),
            ("Access-Control-Allow-Headers", endpoint.allow_headers),
            ("Access-Control-Max-Age", "3600"),
        ),
    )
