"""Middleware that logs each request: method, url, ip, user agent; then status, duration, content length."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from errtally.client.integrations.requests_seen import as_utf8

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator

log = logging.getLogger("requests")

_SERVER_ERROR = 500


def _begin(seen: dict[str, Any]) -> None:
    log.info("%s %s", seen["method"], seen["url"], extra=seen)


def _end(seen: dict[str, Any], status: int | None, began: float, length: int, *, failed: bool = False) -> None:
    seconds = time.perf_counter() - began
    level = logging.WARNING if failed or (status or 0) >= _SERVER_ERROR else logging.INFO
    extra = {**seen, "status": status, "duration_seconds": round(seconds, 6), "content_length": length}
    log.log(level, "%s %s %s %.1f ms", seen["method"], seen["url"], status or "failed", seconds * 1000, extra=extra)


class WsgiRequestLog:
    """Wraps a WSGI application."""

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Serve one request."""
        query = as_utf8(environ.get("QUERY_STRING", ""))
        seen = {
            "method": environ.get("REQUEST_METHOD", ""),
            "url": as_utf8(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""))
            + (f"?{query}" if query else ""),
            "ip": environ.get("REMOTE_ADDR", ""),
            "user_agent": as_utf8(environ.get("HTTP_USER_AGENT", "")),
        }
        body = _LoggedBody(seen)
        _begin(seen)

        def noting(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Any:  # noqa: ANN401 (PEP 3333)
            body.status = int(status[:3]) if status[:3].isdigit() else None
            return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)

        try:
            body.take(self.app(environ, noting))
        except BaseException:
            body.end(failed=True)
            raise
        return body


class _LoggedBody:
    """The application's body; counts its bytes, and logs when it ends."""

    def __init__(self, seen: dict[str, Any]) -> None:
        self.status: int | None = None
        self._seen = seen
        self._began = time.perf_counter()
        self._length = 0
        self._ended = False

    def take(self, body: Iterable[bytes]) -> None:
        self._body = body
        self._chunks = iter(body)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            chunk = next(self._chunks)
        except StopIteration:
            self.end()
            raise
        except BaseException:
            self.end(failed=True)
            raise
        self._length += len(chunk)
        return chunk

    def close(self) -> None:
        """Close the application's body and log."""
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        finally:
            self.end()

    def end(self, *, failed: bool = False) -> None:
        """Log, once."""
        if not self._ended:
            self._ended = True
            _end(self._seen, self.status, self._began, self._length, failed=failed)


class AsgiRequestLog:
    """Wraps an ASGI application."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, connection: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:  # noqa: ANN401 (ASGI's)
        """Serve one connection."""
        if connection["type"] != "http":
            await self.app(connection, receive, send)
            return
        agents = [
            as_utf8(value.decode("latin-1")) for name, value in connection["headers"] if name.lower() == b"user-agent"
        ]
        query = connection.get("query_string", b"").decode("latin-1")
        seen = {
            "method": connection["method"],
            "url": connection["path"] + (f"?{query}" if query else ""),
            "ip": (connection.get("client") or ("",))[0],
            "user_agent": agents[0] if agents else "",
        }
        began, status, length, failed = time.perf_counter(), None, 0, True
        _begin(seen)

        async def noting(message: Any) -> None:  # noqa: ANN401
            nonlocal status, length
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == "http.response.body":
                length += len(message.get("body", b""))
            await send(message)

        try:
            await self.app(connection, receive, noting)
            failed = False
        finally:
            _end(seen, status, began, length, failed=failed)
