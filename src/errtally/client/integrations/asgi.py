"""ASGI middleware: reports exceptions, answers from 400, and timings; messages pass unchanged."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from errtally.client import current
from errtally.client import scope as scopes
from errtally.client.integrations.outermost import KEY, Outermost, bridging
from errtally.client.integrations.requests_seen import UNMATCHED, as_utf8, finish, shown_request, trace_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, MutableMapping

    from errtally.client.tracker import Tracker

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    App = Callable[[Any, Any, Any], Awaitable[None]]

_BEGAN_AS = "errtally.began_as"
"""Key of a connection's scope where the outermost middleware notes what it was before routers changed it."""


class AsgiMiddleware:
    """Wraps an ASGI application.

    Args:
        app: the application.
        transaction: makes the transaction of the connection's scope after it was served; by default the route that
            Starlette or FastAPI found, else ``unmatched``, because a path holds ids.
    """

    def __init__(self, app: App, transaction: Callable[[Mapping[str, Any]], str] | None = None) -> None:
        self.app = app
        self._transaction = transaction

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:  # noqa: ANN401 (ASGI's dict)
        """Serve one connection; those that are not HTTP only have their exceptions reported.

        The names of the arguments are ASGI's: Daphne gives them by name.
        """
        tracker = current.tracker()
        if tracker is not None and scope["type"] == "lifespan":
            await self.app(scope, receive, _flushing(tracker, send))
            return
        if tracker is None or scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        if KEY in scope:  # an application within one that is reported: its request is the other's
            try:
                await self.app(scope, receive, send)
            finally:
                if (transaction := (self._transaction or route_of)(scope)) != UNMATCHED:
                    _name(transaction)
            return
        scope[_BEGAN_AS] = {"app": self.app, **scope}
        scope[KEY] = seen = Outermost(lambda: _mount_of(scope) or "")
        began = time.perf_counter()
        status: int | None = None

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        known = _request_context(scope, tracker)
        if self._transaction is None:

            def find_route() -> str | None:
                route = seen.transaction or route_of(scope)
                return None if route == UNMATCHED else route

            known["find_route"] = find_route
        with scopes.request_scope(**known), bridging(seen):
            error: BaseException | None = None
            try:
                await self.app(scope, receive, noting)
            except Exception as exc:
                error = exc
                raise
            finally:
                transaction = self._transaction(scope) if self._transaction else seen.transaction or route_of(scope)
                if transaction == UNMATCHED:  # one within this one may have been served with a copy of the scope
                    transaction = scopes.current().transaction or UNMATCHED
                _name(transaction)
                if scope["type"] == "http":
                    finish(
                        tracker,
                        transaction=transaction,
                        method=scope["method"],
                        status=status,
                        duration_seconds=time.perf_counter() - began,
                        error=error or seen.error,
                        mechanism="asgi",
                    )
                elif error is not None:
                    tracker.capture_exception(error, unhandled="asgi")


def _flushing(tracker: Tracker, send: Send) -> Send:
    """Send what waits before the server learns that the application has ended: uvicorn ends by a signal then."""

    async def flushing(message: Message) -> None:
        if message["type"].startswith("lifespan.shutdown."):
            tracker.flush()  # nobody is served any more whom it could keep waiting
        await send(message)

    return flushing


def _name(transaction: str) -> None:
    if scopes.current().transaction is None:
        scopes.set_transaction(transaction)


def route_of(connection: Mapping[str, Any]) -> str:
    """Name the route that Starlette or FastAPI found for a connection, with those of the mounts around it."""
    if path := _mount_of(connection) or _included(connection):
        return path
    route = connection.get("route")
    if path := getattr(route, "path", None):
        return UNMATCHED if getattr(route, "routes", None) else str(path)  # mounted, and then found nothing
    endpoint = connection.get("endpoint")
    if endpoint is not None:
        for known in getattr(connection.get("router"), "routes", ()):
            if getattr(known, "endpoint", None) is endpoint and getattr(known, "path", None):
                return str(known.path)
    return UNMATCHED


def _mount_of(connection: Mapping[str, Any]) -> str | None:
    """Name the mounts of Starlette that led to an application within, and its route if it is Starlette's too."""
    began_as = connection.get(_BEGAN_AS, connection)
    if connection.get("root_path", "") == began_as.get("root_path", ""):
        return None
    return _mounted(getattr(began_as.get("app"), "routes", ()), began_as)


def _included(connection: Mapping[str, Any]) -> str | None:
    """Name a route of a router that FastAPI has included; the route's own path lacks the prefix of the inclusion."""
    context = connection.get("fastapi", {}).get("effective_route_context")
    found = getattr(context, "starlette_route", None) or context
    # One that led to a mounted application is still there when that one has found a route of its own.
    is_here = found is not None and getattr(found, "endpoint", None) is connection.get("endpoint")
    return getattr(found, "path", None) if is_here else None


def _flat(routes: Iterable[Any]) -> Iterator[Any]:
    """Yield routes with those of included routers in the place of these, with their whole paths."""
    for route in routes:
        within = getattr(route, "effective_route_contexts", None)
        if within is None:
            yield route
        else:
            for context in within():
                yield getattr(context, "starlette_route", None) or context


def _mounted(routes: Iterable[Any], connection: Mapping[str, Any]) -> str | None:
    """Look through Starlette's routes once more: a connection tells of the last one, not of those that led there."""
    matches = [(route, *route.matches(connection)) for route in _flat(routes)]
    # One that takes the path by another method matches in part.
    route, match, inner = max(matches, key=lambda found: found[1].value, default=(None, None, {}))
    if match is None or not match.value:
        return None
    below = getattr(route, "routes", None)
    found = _mounted(below, {**connection, **inner}) if below else ""
    return None if found is None else getattr(route, "path", "") + found


def _request_context(connection: Mapping[str, Any], tracker: Tracker) -> dict[str, Any]:
    headers = [
        (name.decode("latin-1").lower(), as_utf8(value.decode("latin-1"))) for name, value in connection["headers"]
    ]
    by_name = dict(headers)
    server = connection.get("server") or ("", None)
    host = by_name.get("host") or f"{server[0]}:{server[1]}"
    trace_id, span_id = trace_of(by_name.get("traceparent", ""))
    known: dict[str, Any] = {
        "request": shown_request(
            connection.get("method", ""),
            f"{connection.get('scheme', 'http')}://{host}{connection['path']}",
            headers,
            connection.get("query_string", b"").decode("latin-1"),
        ),
        "trace_id": trace_id,
        "span_id": span_id,
    }
    if tracker.settings.send_user_address and connection.get("client"):
        known["user"] = {"ip_address": connection["client"][0]}
    return known
