"""aiohttp's server: routes as transactions, exceptions, answers from 400, timings."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from aiohttp import web

from errtally.client import current, scope
from errtally.client.integrations.requests_seen import UNMATCHED, finish, shown_request, trace_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from errtally.client.tracker import Tracker


_COUNTED: Any = "errtally.counted"
if hasattr(web, "RequestKey"):  # since 3.14, which warns of texts
    _COUNTED = web.RequestKey(_COUNTED, bool)


def install(app: web.Application) -> None:
    """Report errors and timings of an application, of those mounted in it as well; a second call changes nothing."""
    if _serve not in app.middlewares:
        app.middlewares.insert(0, _serve)


@web.middleware
async def _serve(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> Any:  # noqa: ANN401 (the handler's)
    tracker = current.tracker()
    if tracker is None or _COUNTED in request:  # the latter: an application within another one, both set up
        return await handler(request)
    request[_COUNTED] = True
    began = time.perf_counter()
    status: int | None = None
    error: Exception | None = None
    with scope.request_scope(**_request_context(request, tracker)):
        try:
            response = await handler(request)
            status = response.status
        except web.HTTPException as exc:  # an answer that is raised
            status = exc.status
            raise
        except Exception as exc:
            error = exc
            raise
        else:
            return response
        finally:
            if status is not None or error is not None:  # else the client has gone
                finish(
                    tracker,
                    transaction=_route(request),
                    method=request.method,
                    status=status,
                    duration_seconds=time.perf_counter() - began,
                    error=error,
                    mechanism="aiohttp",
                )


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else UNMATCHED


def _request_context(request: web.Request, tracker: Tracker) -> dict[str, Any]:
    trace_id, span_id = trace_of(request.headers.get("traceparent", ""))
    url = f"{request.scheme}://{request.host}{request.path}"
    known: dict[str, Any] = {
        "request": shown_request(request.method, url, request.headers.items(), request.rel_url.raw_query_string),
        "transaction": _route(request),  # it is known before middlewares are called
        "trace_id": trace_id,
        "span_id": span_id,
    }
    if tracker.settings.send_user_address and request.remote:
        known["user"] = {"ip_address": request.remote}
    return known
