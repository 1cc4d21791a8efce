"""Logging in and out with a form, for browsers: they can't send a token, and their own dialog can't be left again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flask import Blueprint, abort, redirect, render_template, request, url_for

from errtally.exporter.web.access import SESSION_COOKIE, SESSION_SECONDS, remote, too_many
from errtally.exporter.web.parts import part

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from errtally.exporter.web.access import Access

routes = Blueprint("login", __name__)

# A path of this exporter. Browsers read a backslash as a slash and skip control characters, so that "/\evil" and
# "/<tab>/evil" would lead to another site.
_LOCAL_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")


def local_path(asked: str | None, base: str = "") -> str:
    """Return where to go after the login: what was asked for, when it is a path of this exporter, else the issues."""
    home = f"{base}/"
    return asked if asked and _LOCAL_PATH.fullmatch(asked) and asked.startswith(home) else home


@routes.get("/login")
def form() -> Response | str:
    """Ask for name and password, or the token."""
    target = local_path(request.args.get("next"), request.script_root)
    if not part("config").has_web_auth or _access().session() is not None:
        return redirect(target, 303)
    return _form(target, "")


@routes.post("/login")
def begin() -> Response | tuple[str, int]:
    """Log a browser in."""
    target = local_path(request.form.get("next"), request.script_root)
    config, access = part("config"), _access()
    if not config.has_web_auth:
        return redirect(target, 303)
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        abort(403, "this form was sent by another site")
    if wait_seconds := access.attempts.wait_seconds(remote()):
        return too_many(wait_seconds)
    if access.is_password(request.form.get("username", "").strip(), request.form.get("password")):
        kind = "password"
    elif (token := request.form.get("token", "").strip()) and (begun := access.session_kind(token)) is not None:
        kind = begun
    else:
        access.attempts.failed(remote())
        return _form(target, "That is not right. Check it and try again."), 401
    access.attempts.succeeded(remote())
    response = redirect(target, 303)
    response.set_cookie(
        SESSION_COOKIE,
        access.new_session(kind),
        max_age=SESSION_SECONDS,
        path=_cookie_path(),
        secure=str(config.external_url).startswith("https://"),
        httponly=True,
        samesite="Lax",  # not Strict: a link in a notification has to find the login
    )
    return response


@routes.post("/logout")
def end() -> Response:
    """Log a browser out."""
    if _access().is_forged():
        abort(403, "the form is too old, or was made by another site: load the page again")
    response = redirect(url_for("login.form"), 303)
    response.delete_cookie(SESSION_COOKIE, path=_cookie_path())
    return response


def _cookie_path() -> str:
    """Where the cookie is sent: behind a proxy, other programs of the same host do not get it."""
    return request.script_root or "/"


def _form(target: str, problem: str) -> str:
    config = part("config")
    return render_template(
        "login.html",
        target=target,
        problem=problem,
        with_password=config.web_password is not None,
        with_token=_access().has_tokens(),
    )


def _access() -> Access:
    access: Access = part("access")
    return access
