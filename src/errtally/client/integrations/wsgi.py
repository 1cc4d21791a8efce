"""WSGI middleware: reports exceptions, answers from 400, and timings; the application's answers pass unchanged."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from errtally.client import current, scope
from errtally.client.integrations.outermost import KEY, Outermost, around
from errtally.client.integrations.requests_seen import UNMATCHED, as_utf8, failure_of, finish, shown_request, trace_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from errtally.client.tracker import Tracker


class WsgiMiddleware:
    """Wraps a WSGI application.

    Args:
        app: the application.
        transaction: makes the transaction of the environment; without one it is what the framework's integration says,
            else ``unmatched``, because a path holds ids.
    """

    def __init__(self, app: Callable[..., Iterable[bytes]], transaction: Callable[[Any], str] | None = None) -> None:
        self.app = app
        self._transaction = transaction

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Serve one request."""
        tracker = current.tracker()
        if tracker is None:
            return self.app(environ, start_response)
        outermost = around(environ)
        if outermost is None:
            return _Served(self.app, tracker, environ, self._transaction).begin(start_response)
        try:
            return self.app(environ, start_response)
        finally:
            if self._transaction is not None:
                outermost.name(self._transaction(environ))


class _Served:
    """One request from its call to the end of its body, which a server iterates after the call has returned."""

    def __init__(
        self,
        app: Callable[..., Iterable[bytes]],
        tracker: Tracker,
        environ: dict[str, Any],
        transaction: Callable[[Any], str] | None,
    ) -> None:
        self._app = app
        self._tracker = tracker
        self._environ = environ
        self._transaction = transaction
        self._seen = environ[KEY] = Outermost()
        self._began = time.perf_counter()
        self._status: int | None = None
        self._finished = False
        self._holder = scope.begun(**_request_context(environ, tracker))

    def begin(self, start_response: Callable[..., Any]) -> Iterable[bytes]:
        def noting(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Any:  # noqa: ANN401 (PEP 3333)
            self._status = int(status[:3]) if status[:3].isdigit() else None
            return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)

        with scope.entered(self._holder):
            try:
                body = self._app(self._environ, noting)
            except BaseException as exc:
                self._finish(exc)
                raise
        return _Body(body, self)

    def next_chunk(self, chunks: Iterator[bytes]) -> bytes:
        """Take the next part of the body, within the request's scope."""
        with scope.entered(self._holder):
            try:
                return next(chunks)
            except StopIteration:
                self._finish(self._seen.error)
                raise
            except BaseException as exc:
                self._finish(exc)
                raise

    def end(self) -> None:
        """Report at the end of the body."""
        with scope.entered(self._holder):
            self._finish(self._seen.error)

    def _finish(self, error: BaseException | None) -> None:
        if self._finished:
            return
        self._finished = True
        transaction = self._seen.transaction or scope.current().transaction or UNMATCHED
        if self._transaction is not None:
            transaction = self._transaction(self._environ)
        if scope.current().transaction is None:
            scope.set_transaction(transaction)
        finish(
            self._tracker,
            transaction=transaction,
            method=str(self._environ.get("REQUEST_METHOD", "")),
            status=self._status,
            duration_seconds=time.perf_counter() - self._began,
            error=failure_of(error),
            mechanism="wsgi",
        )


class _Body:
    """The application's body; ends the request when it is closed, as PEP 3333 has servers do."""

    def __init__(self, body: Iterable[bytes], served: _Served) -> None:
        self._body = body
        self._chunks = iter(body)
        self._served = served

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return self._served.next_chunk(self._chunks)

    def close(self) -> None:
        """Close the application's body and end the request."""
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        finally:
            self._served.end()


def _request_context(environ: Mapping[str, Any], tracker: Tracker) -> dict[str, Any]:
    headers = [
        (name[5:].replace("_", "-"), as_utf8(str(value))) for name, value in environ.items() if name.startswith("HTTP_")
    ]
    url = (
        f"{environ.get('wsgi.url_scheme', 'http')}://{environ.get('HTTP_HOST') or environ.get('SERVER_NAME', '')}"
        f"{as_utf8(environ.get('SCRIPT_NAME', ''))}{as_utf8(environ.get('PATH_INFO', ''))}"
    )
    query = as_utf8(environ.get("QUERY_STRING", ""))
    trace_id, span_id = trace_of(str(environ.get("HTTP_TRACEPARENT", "")))
    known: dict[str, Any] = {
        "request": shown_request(str(environ.get("REQUEST_METHOD", "")), url, headers, query),
        "trace_id": trace_id,
        "span_id": span_id,
    }
    if tracker.settings.send_user_address and environ.get("REMOTE_ADDR"):
        known["user"] = {"ip_address": str(environ["REMOTE_ADDR"])}
    return known
