"""The Flask app: pages, API, /metrics and health."""

from __future__ import annotations

import os
import signal
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import (
    Blueprint,
    Flask,
    abort,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask import Response as FlaskResponse
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from errtally.errors import ConfigError, NotServedError, StoreError
from errtally.event import schema
from errtally.exporter.config import from_environ
from errtally.exporter.protocols import native, registry, unserved
from errtally.exporter.search import quoting
from errtally.exporter.web import (
    addresses,
    alerts,
    audit,
    bulk,
    completions,
    decisions,
    deploys,
    error_page,
    event_list,
    event_parts,
    issue_page,
    jobs,
    listing,
    login,
    markdown_pages,
    merges,
    navigation,
    overview,
    plain,
    policy,
    releases,
    runbooks,
    sayings,
    tag_page,
    ticket_webhooks,
    times,
    tokens,
)
from errtally.exporter.web.framing import allow_frames
from errtally.exporter.web.hosts import Hosts
from errtally.exporter.web.mcp import routes as mcp
from errtally.exporter.web.openapi import routes as openapi
from errtally.exporter.web.openid import OpenId
from errtally.exporter.web.parts import part
from errtally.exporter.web.sentry_api import answers as sentry_answers
from errtally.exporter.web.sentry_api.blueprints import BLUEPRINTS as SENTRY_BLUEPRINTS
from errtally.exporter.web.shown_text import visible
from errtally.exporter.web.stream import routes as stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from prometheus_client import CollectorRegistry
    from werkzeug.wrappers import Response

    from errtally.exporter.artifacts.uploads import Uploads
    from errtally.exporter.config import ExporterConfig
    from errtally.exporter.journal.appending import Appending
    from errtally.exporter.metrics.view import StoreView
    from errtally.exporter.store.reading import StoreReader
    from errtally.exporter.web.access import Access
    from errtally.exporter.web.stream.hub import Hub

routes = Blueprint("web", __name__)


def create_app(
    config: ExporterConfig,
    *,
    view: StoreView,
    reader: StoreReader,
    own: CollectorRegistry,
    appender: Appending,
    access: Access,
    problem: Callable[[], str | None],
    hub: Hub,
    uploads: Uploads,
    ready: Callable[[], str] = lambda: "errtally is ready",
) -> Flask:
    """Build the app around its parts; every part is passed in, so that tests can give their own."""
    app = Flask(__name__)
    app.extensions["errtally"] = {
        "config": config, "view": view, "reader": reader, "own": own, "appender": appender, "access": access,
        "problem": problem, "ready": ready, "hub": hub, "openid": OpenId.of(config, access.signer), "uploads": uploads,
    }  # fmt: skip
    app.register_blueprint(routes)
    app.register_blueprint(merges.routes)
    app.register_blueprint(sayings.routes)
    app.register_blueprint(deploys.routes)
    app.register_blueprint(releases.routes)
    app.register_blueprint(ticket_webhooks.routes)
    app.register_blueprint(jobs.routes)
    app.register_blueprint(alerts.routes)
    app.register_blueprint(tokens.routes)
    app.register_blueprint(markdown_pages.routes)
    app.register_blueprint(mcp.routes)
    app.register_blueprint(bulk.routes)
    app.register_blueprint(audit.routes)
    app.register_blueprint(completions.routes)
    app.register_blueprint(stream.routes)
    app.register_blueprint(openapi.routes)
    app.register_blueprint(event_parts.routes)
    app.register_blueprint(event_list.routes)
    app.register_blueprint(tag_page.routes)
    app.register_blueprint(overview.routes)
    app.register_blueprint(login.routes)
    # Clients write addresses with and without the slash, and some follow no redirect.
    app.url_map.strict_slashes = False
    for blueprint in SENTRY_BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.jinja_env.filters["utc"] = times.utc
    app.jinja_env.filters["iso8601"] = times.iso8601
    app.jinja_env.filters["ago"] = times.ago
    app.jinja_env.filters["when"] = times.element
    app.jinja_env.filters["ahead"] = times.ahead
    app.jinja_env.filters["span"] = times.span
    app.jinja_env.filters["visible"] = visible
    app.jinja_env.filters["tag_query"] = quoting.of_tag
    app.jinja_env.filters["quoted"] = quoting.quoted
    app.jinja_env.filters["as_list"] = lambda value: value if isinstance(value, list) else []
    app.jinja_env.globals["url_for"] = addresses.kept(app)
    app.jinja_env.globals["navigation"] = navigation.entries
    app.jinja_env.globals["session_name"] = access.session
    app.jinja_env.globals["who"] = access.who
    app.jinja_env.globals["may"] = access.may
    app.jinja_env.globals["form_token_now"] = access.form_token
    hosts = Hosts(config.external_url, config.allowed_hosts)
    app.before_request(lambda: None if hosts.is_meant(request.environ) else _misdirected())
    app.before_request(access.refuse)
    app.after_request(_protect)
    app.register_error_handler(StoreError, _store_failed)
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(merges.Refusal, merges.refused)
    return app


@routes.get("/metrics")
def metrics() -> FlaskResponse:
    """Render a scrape."""
    headers, body = plain.scrape(
        part("view"), part("own"), request.headers.get("Accept", ""), request.headers.get("Accept-Encoding", "")
    )
    return FlaskResponse(body, headers=headers)


@routes.get("/-/healthy")
def healthy() -> FlaskResponse:
    """Say that this process answers."""
    return _text("errtally is healthy")


@routes.get("/-/ready")
def ready() -> FlaskResponse:
    """Say whether events are taken and counted."""
    if (problem := part("problem")()) is not None:
        return _text(problem, 503)
    return _text(part("ready")())


@routes.post("/-/reload")
def reload() -> FlaskResponse:
    """Have the supervisor read the configuration file again; says what is wrong with it instead when it is."""
    if part("access").is_forged():
        abort(403, "send JSON or a bearer token")
    try:
        from_environ(os.environ)
    except ConfigError as exc:
        return _text("\n".join(exc.problems), 400)
    os.kill(os.getppid(), signal.SIGHUP)
    return _text("the configuration is being read")


@routes.get("/")
def index() -> FlaskResponse:
    """Show the issues."""
    return listing.page()


@routes.get("/issues/<fingerprint>")
def issue(fingerprint: str) -> Response:
    """Show one issue with one of its events: the newest, or the one that `event` names."""
    reader: StoreReader = part("reader")
    found = reader.issue(fingerprint, request.args.get("project"))
    if found is None:
        abort(404)
    if found["fingerprint"] != fingerprint:  # it was merged, and links to it go on
        return redirect(url_for("web.issue", fingerprint=found["fingerprint"], project=found["project"]))
    now = time.time()
    html = render_template(
        "issue.html",
        issue=found,
        form_token=part("access").form_token(),
        now=now,
        **issue_page.context(found, reader=reader, config=part("config"), now=now),
    )
    return policy.with_own_script(make_response(html))


@routes.post("/issues/<fingerprint>/<action>")
def decide_on_page(fingerprint: str, action: str) -> Response:
    """Change an issue's status from its page."""
    project = request.form.get("project")
    decisions.decide(fingerprint, action, project)
    return redirect(url_for("web.issue", fingerprint=fingerprint, project=project), 303)


@routes.get("/runbooks/<name>")
def runbook(name: str) -> str:
    """Show the runbook of an alert."""
    page = runbooks.page(name)
    if page is None:
        abort(404)
    return render_template("runbook.html", name=name, page=page)


@routes.get("/api/schema/<name>.json")
def api_schema(name: str) -> FlaskResponse | tuple[FlaskResponse, int]:
    """Return the JSON Schema of what the native API takes."""
    if name not in schema.NAMES:
        return _error(404, "unknown_schema", f"schemas are {', '.join(schema.NAMES)}")
    return FlaskResponse(schema.text(name), content_type="application/schema+json")


@routes.get("/api/issues")
def api_issues() -> FlaskResponse | tuple[FlaskResponse, int]:
    """List the issues that a query finds."""
    try:
        found, next_ = listing.api()
    except listing.ListingError as exc:
        place = {} if exc.position is None else {"detail": {"position": exc.position}}
        return jsonify({"error": {"code": "malformed_query", "message": str(exc), **place}}), 400
    return jsonify({"issues": [_public(item) for item in found], "next": next_})


@routes.get("/api/issues/<fingerprint>")
def api_issue(fingerprint: str) -> tuple[FlaskResponse, int]:
    """Return one issue."""
    found = part("reader").issue(fingerprint, request.args.get("project"))
    if found is None:
        return _error(404, "unknown_issue", f"no issue {fingerprint!r}")
    return jsonify(_public(found)), 200


@routes.post("/api/issues/<fingerprint>/<action>")
def api_decide(fingerprint: str, action: str) -> tuple[FlaskResponse, int]:
    """Change an issue's status; the body may say what ends that by itself."""
    decided = decisions.decide(fingerprint, action, request.args.get("project"))
    return jsonify({"issue": fingerprint, "status": decided["status"]}), 200


def _public(found: dict[str, Any]) -> dict[str, Any]:
    """What the API tells of an issue: the fingerprint is its id."""
    shown = {name: value for name, value in found.items() if name not in {"id", "ids", "fingerprint"}}
    return {"issue": found["fingerprint"], **shown}


def _text(line: str, status: int = 200) -> FlaskResponse:
    return FlaskResponse(f"{line}\n", status, content_type="text/plain; charset=utf-8")


def _error(status: int, code: str, message: str) -> tuple[FlaskResponse, int]:
    return jsonify({"error": {"code": code, "message": message}}), status


def _refused(error: HTTPException) -> Response | tuple[FlaskResponse | str, int]:
    """Answer programs in the form that they speak, people with a page."""
    if error.code == HTTPStatus.NOT_FOUND and registry.find(request.path) is not None:
        error = MethodNotAllowed(valid_methods=["POST", "OPTIONS"])  # an ingest route, which only takes
    status = error.code or 500
    if sentry_answers.is_below(request.path):
        return sentry_answers.refused(error)
    if request.path.startswith("/-/"):
        response = error.get_response()
        response.data, response.content_type = f"{error.description}\n", "text/plain; charset=utf-8"
        return response
    form = unserved.form_of(request.path, request.headers.get)
    if not error_page.is_for_people() and (form is not None or request.method not in {"GET", "HEAD"}):
        text = f"nothing is served at {request.path}" if status == HTTPStatus.NOT_FOUND else str(error.description)
        told = NotServedError(HTTPStatus(status).name.lower(), text, status=status)
        answer = (form or native.refuse)(told)
        response = error.get_response()  # keeps headers such as Allow
        response.data, response.content_type = answer.body, answer.content_type
        response.headers.extend(answer.headers)
        return response
    if status == HTTPStatus.NOT_FOUND:
        is_told = error.description != NotFound.description
        return render_template("not_found.html", path=request.path, reason=error.description if is_told else ""), 404
    if not error_page.is_for_people():
        return error.get_response()
    response = error.get_response()
    response.data, response.content_type = error_page.render(status, str(error.description)), "text/html; charset=utf-8"
    return response


def _misdirected() -> FlaskResponse:
    """Refuse a request for somebody else's name."""
    text = (
        f"this exporter is not called {request.environ['HTTP_HOST'][:100]!r}: set external_url to the address that "
        "people use, or add the name to web.allowed_hosts"
    )
    return _text(text, 421)


def _store_failed(error: StoreError) -> FlaskResponse | tuple[FlaskResponse | str, int]:
    if sentry_answers.is_below(request.path):
        return sentry_answers.failure(503, str(error))
    if error_page.is_for_people():
        return error_page.render(503, str(error)), 503
    return _error(503, "store", str(error))


def _protect(response: FlaskResponse) -> FlaskResponse:
    for name, value in plain.HEADERS.items():
        response.headers.setdefault(name, value)
    allow_frames(response, request.path, part("config").live_frame_origins)
    if request.method == "OPTIONS" and sentry_answers.is_below(request.path):
        response.content_type = "application/json"  # Flask's own answer, which is empty
    return response
