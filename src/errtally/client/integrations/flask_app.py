"""Flask: routes as transactions, and exceptions that Flask makes answers of."""

from __future__ import annotations

from flask import Flask, got_request_exception, request

from errtally.client import current
from errtally.client.integrations import wsgi
from errtally.client.integrations.outermost import around


def install(app: Flask) -> None:
    """Report errors and timings of an application; a second call changes nothing."""
    if isinstance(app.wsgi_app, wsgi.WsgiMiddleware):
        return
    app.wsgi_app = wsgi.WsgiMiddleware(app.wsgi_app)  # type: ignore[method-assign]
    app.before_request(_name_transaction)
    got_request_exception.connect(_note_exception, app)


def _name_transaction() -> None:
    rule = request.url_rule
    outermost = around(request.environ)
    if rule is not None and outermost is not None:
        outermost.name(rule.rule)


def _note_exception(_sender: Flask, exception: BaseException, **_: object) -> None:
    outermost = around(request.environ)
    if outermost is not None:
        outermost.error = exception
    tracker = current.tracker()
    if tracker is not None:
        # Now, while the values that the view has set are in scope.
        tracker.capture_exception(exception, unhandled="flask")
