"""A scrape: content negotiation, the store's families, then the process's own; gzip when asked."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from errtally.exporter.metrics import process, protobuf

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from errtally.exporter.metrics.view import StoreView

TEXT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"


def wants_protobuf(accept: str) -> bool:
    """Whether an Accept header prefers Prometheus' protobuf format, as that of who stores start timestamps does."""
    offered = _qualities(accept)
    binary = max((quality for kind, quality in offered if kind == "application/vnd.google.protobuf"), default=0.0)
    texts = max((quality for kind, quality in offered if kind != "application/vnd.google.protobuf"), default=0.0)
    return binary > 0 and binary >= texts and "proto=io.prometheus.client.metricfamily" in accept.lower()


def wants_openmetrics(accept: str) -> bool:
    """Whether a scraper's Accept header prefers OpenMetrics to the text format."""
    offered = _qualities(accept)
    openmetrics = max((quality for kind, quality in offered if kind == "application/openmetrics-text"), default=0.0)
    text = max((quality for kind, quality in offered if kind in {"text/plain", "*/*"}), default=0.0)
    return openmetrics > 0 and openmetrics >= text


def wants_gzip(accept_encoding: str) -> bool:
    """Whether an Accept-Encoding header takes gzip; ``gzip;q=0`` refuses it."""
    return any(coding == "gzip" and quality > 0 for coding, quality in _qualities(accept_encoding))


def _qualities(header: str) -> list[tuple[str, float]]:
    """Read a header of things with qualities (RFC 9110, section 12.4.2), 1 where none is told."""
    found = []
    for part in header.lower().split(","):
        kind, *parameters = [item.strip() for item in part.split(";")]
        quality = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    quality = float(parameter[2:])
                except ValueError:
                    quality = 0.0
        found.append((kind, quality))
    return found


def render(view: StoreView, own: CollectorRegistry, *, now: float, accept: str) -> tuple[bytes, str]:
    """Render a scrape.

    Args:
        view: the worker's view of the store.
        own: the process's own metrics.
        now: seconds since the epoch.
        accept: the Accept header.

    Returns:
        The body and its content type.

    Raises:
        StoreError: the store can't be read.
    """
    if wants_protobuf(accept):
        return view.render_protobuf(now) + process.render_protobuf(own), protobuf.CONTENT_TYPE
    openmetrics = wants_openmetrics(accept)
    body = view.render(now, openmetrics=openmetrics) + process.render(own, openmetrics=openmetrics)
    return body, OPENMETRICS_TYPE if openmetrics else TEXT_TYPE


def compress(body: bytes) -> bytes:
    """Compress a scrape; level 1 is 8 times smaller for less time than the rendering of higher levels takes."""
    return gzip.compress(body, 1, mtime=0)
