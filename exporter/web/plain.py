"""What programs ask every few seconds, answered without the web framework: scrapes and health.

A worker that nobody looks at never loads Flask, which would be a third of its memory and half of its start.
"""

from __future__ import annotations

import threading
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from errtally.errors import StoreError
from errtally.exporter.metrics import exposition
from errtally.exporter.web import policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse

    from prometheus_client import CollectorRegistry

    from errtally.exporter.metrics.view import StoreView
    from errtally.exporter.web.hosts import Hosts

    Application = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

HEADERS = {
    "Content-Security-Policy": policy.WITHOUT_SCRIPT,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
"""Of every answer to a person or a program that looks."""

_TEXT = "text/plain; charset=utf-8"


class Plain:
    """A WSGI application in front of another one, which it makes when it is needed.

    Args:
        view: of the store.
        own: the process's own metrics.
        problem: says why the exporter is not ready, None when it is.
        make_rest: makes the application that answers everything else, and whoever asks by another's name.
        ready: says that it is ready.
        hosts: the names that this exporter is asked by.
        is_scrape_open: whether /metrics asks nobody who is there.
    """

    def __init__(
        self,
        view: StoreView,
        own: CollectorRegistry,
        problem: Callable[[], str | None],
        make_rest: Callable[[], Application],
        *,
        ready: Callable[[], str],
        hosts: Hosts,
        is_scrape_open: bool,
    ) -> None:
        self._ready = ready
        self._hosts = hosts
        self._is_scrape_open = is_scrape_open
        self._view = view
        self._own = own
        self._problem = problem
        self._make_rest = make_rest
        self._rest: Application | None = None
        self._making = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        found = self._scraped(environ)
        if found is None:
            return self._whole()(environ, start_response)
        headers, body = found
        start_response("200 OK", [*HEADERS.items(), *headers, ("Content-Length", str(len(body)))])
        return [body]

    def _scraped(self, environ: dict[str, Any]) -> tuple[list[tuple[str, str]], bytes] | None:
        if environ["PATH_INFO"] != "/metrics" or environ["REQUEST_METHOD"] != "GET" or not self._is_scrape_open:
            return None
        if not self._hosts.is_meant(environ):
            return None
        accept, accept_encoding = environ.get("HTTP_ACCEPT", ""), environ.get("HTTP_ACCEPT_ENCODING", "")
        try:
            return scrape(self._view, self._own, accept, accept_encoding)
        except StoreError:  # said in a form that fits who asks
            return None

    def health(self, environ: dict[str, Any]) -> tuple[int, list[tuple[str, str]], bytes] | None:
        """Answer what programs ask that watch this one, without waiting for anything; None for any other question."""
        path = environ["PATH_INFO"]
        if not path.startswith("/-/") or environ["REQUEST_METHOD"] != "GET" or not self._hosts.is_meant(environ):
            return None
        if path == "/-/healthy":
            return _text("errtally is healthy")
        if path == "/-/ready":
            problem = self._problem()
            return _text(self._ready()) if problem is None else _text(problem, HTTPStatus.SERVICE_UNAVAILABLE)
        return None

    def _whole(self) -> Application:
        if self._rest is None:
            with self._making:
                if self._rest is None:
                    self._rest = self._make_rest()
        return self._rest


def scrape(
    view: StoreView, own: CollectorRegistry, accept: str, accept_encoding: str
) -> tuple[list[tuple[str, str]], bytes]:
    """Render a scrape and its headers.

    Args:
        view: of the store.
        own: the process's own metrics.
        accept: the Accept header.
        accept_encoding: the Accept-Encoding header.

    Raises:
        StoreError: the store can't be read.
    """
    body, content_type = exposition.render(view, own, now=time.time(), accept=accept)
    headers = [("Content-Type", content_type), ("Vary", "Accept, Accept-Encoding")]
    if exposition.wants_gzip(accept_encoding):
        return [*headers, ("Content-Encoding", "gzip")], exposition.compress(body)
    return headers, body


def _text(line: str, status: int = HTTPStatus.OK) -> tuple[int, list[tuple[str, str]], bytes]:
    return status, [*HEADERS.items(), ("Content-Type", _TEXT)], f"{line}\n".encode()
