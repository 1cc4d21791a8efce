"""Django: an entry of MIDDLEWARE, the first one; works under WSGI and ASGI."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from asgiref.sync import iscoroutinefunction
from django.core.signals import got_request_exception
from django.utils.decorators import sync_and_async_middleware

from errtally.client import current, scope
from errtally.client.integrations.log_records import leave_to_integration
from errtally.client.integrations.requests_seen import UNMATCHED, finish, shown_request, trace_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from errtally.client.tracker import Tracker


class _Noted:
    """What the signal tells of a request's exception; hangs on the request."""

    attribute = "noted_exception"


def _note_exception(request: Any = None, **_: Any) -> None:  # noqa: ANN401 (a signal's receiver)
    error = sys.exception()
    tracker = current.tracker()
    if error is not None and tracker is not None:
        if request is not None:
            setattr(request, _Noted.attribute, error)
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
            began = time.perf_counter()
            with scope.request_scope(**_known(request, tracker)):
                response = await get_response(request)
                _finish(tracker, request, response, time.perf_counter() - began)
            return response

        return serve_async

    def serve(request: Any) -> Any:  # noqa: ANN401
        tracker = current.tracker()
        if tracker is None:
            return get_response(request)
        began = time.perf_counter()
        with scope.request_scope(**_known(request, tracker)):
            response = get_response(request)
            _finish(tracker, request, response, time.perf_counter() - began)
        return response

    return serve


def _finish(tracker: Tracker, request: Any, response: Any, duration_seconds: float) -> None:  # noqa: ANN401
    transaction = _route(request)
    if scope.current().transaction is None:
        scope.set_transaction(transaction)
    finish(
        tracker,
        transaction=transaction,
        method=str(request.method),
        status=response.status_code,
        duration_seconds=duration_seconds,
        error=getattr(request, _Noted.attribute, None),
        mechanism="django",
    )


def _route(request: Any) -> str:  # noqa: ANN401
    match = getattr(request, "resolver_match", None)
    return f"/{match.route}" if match is not None and match.route is not None else UNMATCHED


def _known(request: Any, tracker: Tracker) -> dict[str, Any]:  # noqa: ANN401
    trace_id, span_id = trace_of(request.headers.get("traceparent", ""))
    url = f"{request.scheme}://{request.META.get('HTTP_HOST') or request.META.get('SERVER_NAME', '')}{request.path}"
    known: dict[str, Any] = {
        "request": shown_request(
            str(request.method), url, request.headers.items(), request.META.get("QUERY_STRING", "")
        ),
        "trace_id": trace_id,
        "span_id": span_id,
    }
    if tracker.settings.send_user_address and request.META.get("REMOTE_ADDR"):
        known["user"] = {"ip_address": request.META["REMOTE_ADDR"]}
    return known
