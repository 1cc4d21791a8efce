"""Spans of requests and of messages that were taken from a queue, mapped to request timings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.event.signals import RequestTiming
from errtally.exporter.protocols import values
from errtally.exporter.protocols.otlp import model
from errtally.exporter.protocols.otlp.resource import Service, first
from errtally.exporter.protocols.transactions import UNMATCHED, path_template, takes_all_paths

if TYPE_CHECKING:
    from errtally.exporter.protocols.otlp.model import Attributes, Span

NANOSECONDS = 1_000_000_000
MAX_DURATION = values.MAX_DURATION_SECONDS * NANOSECONDS

# Codes of gRPC that are errors of the server (semantic conventions for gRPC, "Server").
_GRPC_SERVER_ERRORS = frozenset({2, 4, 12, 13, 14, 15})
_HTTP_METHOD = ("http.request.method", "http.method")
_NOT_FOUND = 404


def transaction_of(span: Span) -> str | None:
    """Name what a span served, None when it served nothing: the route, the RPC, the queue, or else the span's name.

    A path that a client sent is never a name as it is, because each would be a series of its own.
    """
    return _named(span)[0]


def _named(span: Span) -> tuple[str | None, bool]:
    """Return the name of what a span served, and whether it was made of an address."""
    if span.kind not in {model.SPAN_KIND_SERVER, model.SPAN_KIND_CONSUMER}:
        return None, False
    attributes = span.attributes
    is_missing = _code(attributes) == _NOT_FOUND
    if route := values.label(attributes.get("http.route")):
        return UNMATCHED if is_missing and takes_all_paths(route) else route, False
    if service := values.label(attributes.get("rpc.service")):
        method = values.label(attributes.get("rpc.method"))
        return f"{service}/{method}" if method else service, False
    if queue := values.label(
        first(attributes, "messaging.destination.template", "messaging.destination.name", "messaging.destination")
    ):
        return queue, False
    method = values.label(first(attributes, *_HTTP_METHOD)) or ""
    name = values.label(span.name) or "unnamed"
    name = name.removeprefix("HTTP ") if method else name
    rest = name.removeprefix(f"{method} ") if method else name
    target = values.label(first(attributes, "url.path", "http.target"))
    is_address = target is not None and rest.partition("?")[0] == target.partition("?")[0]
    if is_missing and (is_address or rest == method):
        return UNMATCHED, False
    # Go's net/http names the span by the route and tells the route nowhere else: without parameters it is the path.
    return (path_template(rest) or "/" if is_address else rest), is_address


def timing_of(span: Span, service: Service, received: float) -> RequestTiming | None:
    """Map a span; None when it served nothing, or its times say nothing (none, the end first, or more than 30 days)."""
    transaction, is_address = _named(span)
    if transaction is None or not 0 < span.start <= span.end <= span.start + MAX_DURATION:
        return None
    attributes = span.attributes
    status = _status_class(attributes)
    is_failed = status == "5xx" or (status == "unknown" and span.status_code == model.STATUS_CODE_ERROR)
    return RequestTiming(
        transaction=transaction,
        duration_seconds=(span.end - span.start) / NANOSECONDS,
        timestamp=values.timestamp(span.end / NANOSECONDS, received),
        method=values.method(first(attributes, *_HTTP_METHOD)),
        status_class=status,
        failed=is_failed,
        environment=service.environment,
        release=service.release,
        trace_id=span.trace_id or None,
        span_id=span.span_id or None,
        is_address=is_address,
    )


def _status_class(attributes: Attributes) -> str:
    code = _code(attributes)
    if code is not None:
        return values.status_class(code)
    grpc = values.integer(attributes.get("rpc.grpc.status_code"))
    if grpc is None:
        return "unknown"
    return "2xx" if grpc == 0 else "5xx" if grpc in _GRPC_SERVER_ERRORS else "4xx"


def _code(attributes: Attributes) -> int | None:
    return values.integer(first(attributes, "http.response.status_code", "http.status_code"))
