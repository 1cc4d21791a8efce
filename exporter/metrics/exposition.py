"""A scrape: content negotiation, the store's families, then the process's own; gzip when asked."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from errtally.exporter.metrics import process

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from errtally.exporter.metrics.view import StoreView

TEXT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"


def wants_openmetrics(accept: str) -> bool:
    """Whether a scraper's Accept header prefers OpenMetrics to the text format."""
    openmetrics, text = 0.0, 0.0
    for part in accept.lower().split(","):
        kind, *parameters = [item.strip() for item in part.split(";")]
        quality = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    quality = float(parameter[2:])
                except ValueError:
                    quality = 0.0
        if kind == "application/openmetrics-text":
            openmetrics = max(openmetrics, quality)
        elif kind in {"text/plain", "*/*"}:
            text = max(text, quality)
    return openmetrics > 0 and openmetrics >= text


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
    openmetrics = wants_openmetrics(accept)
    body = view.render(now, openmetrics=openmetrics) + process.render(own, openmetrics=openmetrics)
    return body, OPENMETRICS_TYPE if openmetrics else TEXT_TYPE


def compress(body: bytes) -> bytes:
    """Compress a scrape; level 1 is 8 times smaller for less time than the rendering of higher levels takes."""
    return gzip.compress(body, 1, mtime=0)
