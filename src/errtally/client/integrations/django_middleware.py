"""Django: an entry of MIDDLEWARE, the first one; works under WSGI and ASGI."""

from __future__ import annotations

import functools
import sys
import time
from typing import TYPE_CHECKING, Any

from asgiref.sync import iscoroutinefunction
from django.core.signals import got_request_exception
from django.utils.decorators import sync_and_async_middleware

from errtally.client import current, scope
from errtally.client.integrations.log_records import leave_to_integration
from errtally.client.integrations.outermost import KEY, Outermost, around
from errtally.client.integrations.requests_seen import UNMATCHED, failure_of, finish, shown_request, trace_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from errtally.client.tracker import Tracker


_BAD_REQUEST = 400


class _Noted:
    """What the signal tells of a request's exception; hangs on the request."""

    attribute = "noted_exception"


def _note_exception(request: Any = None, **_: Any) -> None:  # noqa: ANN401 (a signal's receiver)
    error = sys.exception()
    tracker = current.tracker()
    if error is not None and tracker is not None:
        if request is not None:
            setattr(request, _Noted.attribute, error)
            outermost = _outermost(request)
            if outermost is not None:
                outermost.error = error
                _tell_route(outermost, request)
            if scope.current().transaction is None:
                scope.set_transaction(_route(request))
        tracker.capture_exception(error, unhandled="django")


got_request_exception.connect(_note_exception, dispatch_uid="errtally")
# Django logs exceptions and answers of 5xx as well, which the middleware reports.
leave_to_integration("django.request", "django.server")


@sync_and_async_middleware  # type: ignore[untyped-decorator]
def middleware(get_response: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Report exceptions, answers from 400, and timings."""
    if iscoroutinefunction(get_response):

        async def serve_async(request: Any) -> Any:  # noqa: ANN401 (Django's types have no stubs here)
            tracker = current.tracker()
            if tracker is None:
                return await get_response(request)
            outermost = _outermost(request)
            if outermost is not None:
                outermost.find_by(functools.partial(_found_route, request))
                try:
                    return await get_response(request)
                finally:
                    _tell_route(outermost, request)
            began = time.perf_counter()
            holder = scope.begun(**_request_context(request, tracker))
            with scope.entered(holder):
                response = await get_response(request)
                _watch(tracker, request, response, holder, began)
            return response

        return serve_async

    def serve(request: Any) -> Any:  # noqa: ANN401
        tracker = current.tracker()
        if tracker is None:
            return get_response(request)
        outermost = _outermost(request)
        if outermost is not None:
            outermost.find_by(functools.partial(_found_route, request))
            try:
                return get_response(request)
            finally:
                _tell_route(outermost, request)
        began = time.perf_counter()
        holder = scope.begun(**_request_context(request, tracker))
        with scope.entered(holder):
            try:
                response = get_response(request)
            except SystemExit as exc:  # all else is an answer by now
                setattr(request, _Noted.attribute, failure_of(exc))
                _finish(tracker, request, None, began)
                raise
            _watch(tracker, request, response, holder, began)
        return response

    return serve


def _outermost(request: Any) -> Outermost | None:  # noqa: ANN401
    """Return the request of the middleware around Django that counts it, None where this one does."""
    connection = getattr(request, "scope", None)
    if connection is None:
        return around(request.environ)
    found: Outermost | None = connection.get(KEY)
    return found


def _tell_route(outermost: Outermost, request: Any) -> None:  # noqa: ANN401
    if (route := _found_route(request)) is not None:
        outermost.name(route)


def _watch(tracker: Tracker, request: Any, response: Any, holder: scope.Holder, began: float) -> None:  # noqa: ANN401
    """Finish a request now, or when its answer has been made: one that streams is made after the middleware."""
    finishing = functools.partial(_finish, tracker, request, response, began)
    # A file that the server itself sends is not touched; Django would read it instead.
    if not response.streaming or getattr(response, "file_to_stream", None) is not None:
        finishing()
        return
    kind = _AsyncStream if response.is_async else _Stream
    response.streaming_content = kind(response.streaming_content, request, holder, finishing)


class _Stream:
    """The parts of an answer that streams, each made within the request's scope, wherever the server is."""

    def __init__(self, chunks: Any, request: Any, holder: scope.Holder, finishing: Callable[[], None]) -> None:  # noqa: ANN401
        self._chunks = chunks
        self._request = request
        self._holder = holder
        self._finishing: Callable[[], None] | None = finishing

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        with scope.entered(self._holder):
            try:
                return next(self._chunks)  # type: ignore[no-any-return]
            except Exception as exc:
                self._end(exc)
                raise

    def close(self) -> None:
        """End the request; Django calls it with the answer's own at the latest."""
        if self._finishing is not None:
            finishing, self._finishing = self._finishing, None
            with scope.entered(self._holder):
                finishing()

    def _end(self, error: Exception) -> None:
        if not isinstance(error, StopIteration | StopAsyncIteration):
            setattr(self._request, _Noted.attribute, error)
        self.close()


class _AsyncStream(_Stream):
    """The same under ASGI."""

    __iter__ = None  # type: ignore[assignment]

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        with scope.entered(self._holder):
            try:
                return await anext(self._chunks)
            except Exception as exc:
                self._end(exc)
                raise


def _finish(tracker: Tracker, request: Any, response: Any, began: float) -> None:  # noqa: ANN401
    transaction = _route(request)
    if scope.current().transaction is None:
        scope.set_transaction(transaction)
    finish(
        tracker,
        transaction=transaction,
        method=str(request.method),
        status=getattr(response, "status_code", None),
        duration_seconds=time.perf_counter() - began,
        error=getattr(request, _Noted.attribute, None),
        mechanism="django",
        # What is suspicious is logged with its exception, and answered by this.
        is_told=getattr(response, "status_code", None) == _BAD_REQUEST and scope.current_round().has_reported,
    )


def _found_route(request: Any) -> str | None:  # noqa: ANN401
    match = getattr(request, "resolver_match", None)
    return f"/{match.route}" if match is not None and match.route is not None else None


def _route(request: Any) -> str:  # noqa: ANN401
    return _found_route(request) or UNMATCHED


def _request_context(request: Any, tracker: Tracker) -> dict[str, Any]:  # noqa: ANN401
    trace_id, span_id = trace_of(request.headers.get("traceparent", ""))
    url = f"{request.scheme}://{request.META.get('HTTP_HOST') or request.META.get('SERVER_NAME', '')}{request.path}"
    known: dict[str, Any] = {
        "request": shown_request(
            str(request.method), url, request.headers.items(), request.META.get("QUERY_STRING", "")
        ),
        "trace_id": trace_id,
        "span_id": span_id,
        "find_route": functools.partial(_found_route, request),
    }
    if tracker.settings.send_user_address and request.META.get("REMOTE_ADDR"):
        known["user"] = {"ip_address": request.META["REMOTE_ADDR"]}
    return known
