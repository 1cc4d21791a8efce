"""The stream's routes: `/api/errors/stream` for programs, `/live` for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, current_app, jsonify, make_response, render_template, request
from flask import Response as FlaskResponse

from errtally import names
from errtally.exporter.web import policy
from errtally.exporter.web.stream.filters import QueryError, parse

if TYPE_CHECKING:
    from errtally.exporter.web.stream.hub import Hub

RETRY_AFTER_SECONDS = 10
_HEADERS = {
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",  # nginx keeps back what it passes on, unless told not to
}
_PAGE_POLICY = f"connect-src 'self'; script-src 'self'; {policy.WITHOUT_SCRIPT}"

routes = Blueprint("stream", __name__)


@routes.get("/api/errors/stream")
def stream() -> FlaskResponse | tuple[FlaskResponse, int] | tuple[FlaskResponse, int, dict[str, str]]:
    """Stream events as they are counted."""
    try:
        query = parse(request.args, request.headers.get("Last-Event-ID"))
    except QueryError as exc:
        return _error("malformed_query", str(exc)), 400
    if request.method == "HEAD":
        return FlaskResponse(content_type="text/event-stream", headers=_HEADERS)
    hub: Hub = current_app.extensions["errtally"]["hub"]
    opened = hub.open(query)
    if opened is None:
        error = _error("too_many_streams", "this worker has as many streams open as it may")
        return error, 503, {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return FlaskResponse(opened, content_type="text/event-stream", headers=_HEADERS, direct_passthrough=True)


@routes.get("/live")
def live() -> FlaskResponse:
    """Show the stream."""
    page = make_response(
        render_template(
            "live.html",
            levels=names.LEVELS,
            chosen_levels=[level for value in request.args.getlist("level") for level in value.split(",")],
            chosen={name: request.args.get(name, "") for name in ("project", "environment", "issue")},
        )
    )
    page.headers["Content-Security-Policy"] = _PAGE_POLICY
    return page


def _error(code: str, message: str) -> Any:  # noqa: ANN401 (as jsonify)
    return jsonify({"error": {"code": code, "message": message}})
