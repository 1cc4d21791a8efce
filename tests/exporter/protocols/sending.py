"""Requests to the decoders, without a server."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from errtally.errors import RejectedError
from errtally.exporter.config import ExporterConfig, Limits, Project
from errtally.exporter.ingest.keys import Keys
from errtally.exporter.ingest.request import Request, Response
from errtally.exporter.protocols import registry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from errtally.exporter.ingest.submission import Submission

CAPTURES = Path(__file__).parents[2] / "data" / "captures"
RECEIVED = 1_795_500_000.0
"""2026-11-24 06:00 UTC: what an event says is later happened then."""
SHOP_KEY = "5" * 32
CONFIGURED = ExporterConfig(
    projects=(Project("shop", "7", frozenset({SHOP_KEY})), Project("other", "8", frozenset({"6" * 32})))
)


def deliver(
    path: str,
    body: Any = b"",
    headers: Mapping[str, str] | None = None,
    *,
    query: str = "",
    config: ExporterConfig | None = None,
    limits: Limits | None = None,
    method: str = "POST",
) -> Submission:
    """Decode a request; ``body`` is sent as JSON unless it is bytes."""
    endpoint, request = _request(path, body, headers, query, method)
    return endpoint.decode(request, Keys(config or ExporterConfig()), limits or Limits())


def answered(path: str, body: Any = b"", headers: Mapping[str, str] | None = None, **more: Any) -> Response:
    """Decode a request and make its answer, or its refusal; arguments as for `deliver`."""
    endpoint, _ = _request(path, body, headers, more.get("query", ""), more.get("method", "POST"))
    try:
        return endpoint.answer(deliver(path, body, headers, **more))
    except RejectedError as exc:
        return endpoint.refusal(exc)


def captured(folder: str, number: int = 1) -> tuple[str, bytes, dict[str, str]]:
    """Path, body as sent and headers of a captured request."""
    head = CAPTURES / folder / f"req-{number:02}.head"
    first, *lines = head.read_text().strip().splitlines()
    headers = dict(line.split(": ", 1) for line in lines if ": " in line)
    return first.split()[1], head.with_suffix(".body").read_bytes(), headers


def page(submission: Submission, index: int = 0) -> Any:
    """What an event's page would show beside the shared model, as JSON."""
    return json.loads(msgspec.json.encode(submission.events[index].details()))


def _request(path: str, body: Any, headers: Mapping[str, str] | None, query: str, method: str) -> tuple[Any, Request]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "CONTENT_LENGTH": str(len(raw)),
        "REMOTE_ADDR": "192.0.2.7",
        "wsgi.input": BytesIO(raw),
    }
    for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
        variable = name.upper().replace("-", "_")
        if variable != "CONTENT_LENGTH":
            environ[variable if variable == "CONTENT_TYPE" else f"HTTP_{variable}"] = value
    found = registry.find(path, method, environ["CONTENT_TYPE"])
    assert found is not None, path
    endpoint, route = found
    limits = Limits()
    request = Request(
        environ,
        received=RECEIVED,
        route=route,
        body_limit_bytes=limits.body_bytes,
        decompressed_limit_bytes=limits.decompressed_bytes,
    )
    return endpoint, request
