"""Starlette and FastAPI: the ASGI middleware, put around the whole application."""

from __future__ import annotations

from typing import Any

from errtally.client.integrations.asgi import AsgiMiddleware


def install(app: Any) -> None:  # noqa: ANN401 (Starlette or FastAPI)
    """Report errors and timings of an application; call it before the first request.

    Starlette's own outermost middleware answers 500 and raises again, so ours goes around it.
    """
    build = app.build_middleware_stack
    if getattr(build, "reports_errors", False):
        return

    def build_reported() -> Any:  # noqa: ANN401
        return AsgiMiddleware(build())

    build_reported.reports_errors = True  # type: ignore[attr-defined]
    app.build_middleware_stack = build_reported
