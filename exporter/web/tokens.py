"""The page of tokens for programs: what there is, a new one that is shown once, and revoking."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for

from errtally.exporter.store.tokens import TokenError
from errtally.exporter.token import SCOPES
from errtally.exporter.web.parts import part

if TYPE_CHECKING:
    from flask import Response
    from werkzeug.wrappers import Response as AnyResponse

routes = Blueprint("tokens", __name__)


@routes.get("/tokens")
def page() -> Response:
    """Show the tokens, without the tokens themselves."""
    return _page()


@routes.post("/tokens")
def create() -> Response:
    """Make a token, and show it this once."""
    _guard()
    name, scopes = request.form.get("name", "").strip(), tuple(request.form.getlist("scope"))
    config, access = part("config"), part("access")
    if name in {config.web_username, "token", "anonymous", *(token.name for token in config.web_tokens)}:
        return _page(problem=f"{name} is taken: the history tells who did what by it.", status=409)
    try:
        secret = access.tokens.create(name, scopes, access.who(), time.time())
    except TokenError as exc:
        return _page(problem=f"{exc}.", status=422)
    return _page(name=name, secret=secret)


@routes.post("/tokens/<name>/revoke")
def revoke(name: str) -> AnyResponse:
    """Forget a token: whoever sends it is refused from now on."""
    _guard()
    if not part("access").tokens.revoke(name):
        abort(404)
    return redirect(url_for("tokens.page"), 303)


def _guard() -> None:
    if part("access").is_forged():
        abort(403, "the form is too old, or was made by another site: load the page again")
    if not part("config").has_web_auth:
        abort(409, "no login is configured, so anybody could make a token: configure web.password_file first")


def _page(*, name: str = "", secret: str = "", problem: str = "", status: int = 200) -> Response:
    config, access = part("config"), part("access")
    html = render_template(
        "tokens.html",
        configured=config.web_tokens,
        made=access.tokens.all(),
        scopes=SCOPES,
        name=name,
        secret=secret,
        problem=problem,
        has_login=config.has_web_auth,
        form_token=access.form_token(),
        now=time.time(),
    )
    response = make_response(html, status)
    response.headers["Cache-Control"] = "no-store"
    return response
