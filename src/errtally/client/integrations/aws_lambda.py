"""AWS Lambda: a decorator of the handler; what was noted is sent before an invocation ends: then all stands still."""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from errtally.client import current, scope
from errtally.client.integrations.requests_seen import finish, shown_request, trace_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


P = ParamSpec("P")
T = TypeVar("T")

FLUSH_SECONDS = 2.0
"""How long an invocation waits at most for what it noted to be sent."""
_SPARE_SECONDS = 0.2
"""What is left of an invocation's time for the answer itself."""


def reported(handler: Callable[P, T]) -> Callable[P, T]:
    """Report exceptions, answers from 400 of API Gateway and function URLs, and timings of a handler."""

    @functools.wraps(handler)
    def invoked(*args: P.args, **kwargs: P.kwargs) -> T:
        tracker = current.tracker()
        if tracker is None:
            return handler(*args, **kwargs)
        event, context = (*args, None, None)[:2]
        began = time.perf_counter()
        status: int | None = None
        error: Exception | None = None
        transaction, method = _transaction(event, context)
        with scope.request_scope(transaction=transaction, **_request_context(event, context)):
            try:
                answer = handler(*args, **kwargs)
                status = _status(answer)
            except Exception as exc:
                error = exc
                raise
            else:
                return answer
            finally:
                finish(
                    tracker,
                    transaction=transaction,
                    method=method,
                    status=status,
                    duration_seconds=time.perf_counter() - began,
                    error=error,
                    mechanism="aws_lambda",
                )
                tracker.flush(_flush_seconds(context))

    return invoked


def _flush_seconds(context: object) -> float:
    left = getattr(context, "get_remaining_time_in_millis", None)
    return FLUSH_SECONDS if left is None else max(0.0, min(FLUSH_SECONDS, left() / 1000 - _SPARE_SECONDS))


def _transaction(event: object, context: object) -> tuple[str, str]:
    """Name the route of API Gateway (payload format 1.0 or 2.0), else the function; and the HTTP method."""
    name = str(getattr(context, "function_name", "") or "unnamed")
    if not isinstance(event, dict):
        return name, ""
    if event.get("resource") and event.get("httpMethod"):
        return str(event["resource"]), str(event["httpMethod"])
    method, _, route = str(event.get("routeKey") or "").partition(" ")
    return (route, method) if route else (name, str(_http(event).get("method", "")))


def _http(event: Mapping[str, Any]) -> dict[str, Any]:
    context = event.get("requestContext")
    found = context.get("http") if isinstance(context, dict) else None
    return found if isinstance(found, dict) else {}


def _status(answer: object) -> int | None:
    status = answer.get("statusCode") if isinstance(answer, dict) else None
    return status if isinstance(status, int) else None


def _request_context(event: Any, context: Any) -> dict[str, Any]:  # noqa: ANN401
    known: dict[str, Any] = {}
    tags = {
        name: str(value)
        for name, value in (
            ("aws_request_id", getattr(context, "aws_request_id", None)),
            ("function_version", getattr(context, "function_version", None)),
        )
        if value
    }
    if tags:
        known["tags"] = {**scope.PROCESS.scope.tags, **tags}
    headers = event.get("headers") if isinstance(event, dict) else None
    if isinstance(headers, dict):
        texts = {str(name): str(value) for name, value in headers.items()}
        by_name = {name.lower(): value for name, value in texts.items()}
        method = str(event.get("httpMethod") or _http(event).get("method", ""))
        path = str(event.get("path") or event.get("rawPath") or "")
        query = event.get("rawQueryString") or "&".join(
            f"{name}={value}" for name, value in (event.get("queryStringParameters") or {}).items()
        )
        known["request"] = shown_request(method, f"https://{by_name.get('host', '')}{path}", texts.items(), query)
        known["trace_id"], known["span_id"] = trace_of(by_name.get("traceparent", ""))
    return known
